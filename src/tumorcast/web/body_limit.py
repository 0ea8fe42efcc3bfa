"""Bodies that are too long: refused by what they claim, and cut off where the claim was wrong."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorcast.web.errors import error_answer

WHAT = "the request is too long"


class TooLongError(HTTPException):
    """More came than was allowed; of the kind that the framework does not take for a mistake in the body."""

    def __init__(self) -> None:
        super().__init__(413, WHAT)


class BodyLimit:
    """ASGI middleware for every request but uploads, which count for themselves.

    Args:
        most: bytes of a body.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_upload(scope):
            await self._app(scope, receive, send)
            return
        claimed = Headers(scope=scope).get("content-length", "0")
        if not claimed.isdigit() or int(claimed) > self._most:
            await self._refusal()(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise TooLongError
            return message

        await self._app(scope, counted, send)

    def _refusal(self) -> ASGIApp:
        return error_answer(413, WHAT, expected=f"at most {self._most} bytes")


def is_upload(scope: Scope) -> bool:
    """Whether a request brings a file of a case."""
    return scope["method"] == "PUT" and "/files/" in scope["path"]
