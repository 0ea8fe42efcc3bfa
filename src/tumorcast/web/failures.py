"""What nobody foresaw becomes an answer and a line in the log; neither says what was in the request."""

from __future__ import annotations

import logging
import secrets
import traceback
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorcast.web.errors import ErrorBody, shown_failure

_LOG = logging.getLogger("tumorcast.web")
_MOST_PLACES = 8


class Failures:
    """ASGI middleware next to the application: 500 with a number that the log knows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def watched(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            number = secrets.token_hex(4)
            _LOG.error("failure %s: %s", number, places_of(error))
            if not has_started:
                body = ErrorBody(
                    what="the server failed at this request",
                    got=f"failure {number}",
                    fix="the administrator finds it in the log",
                )
                await shown_failure(Request(scope), 500, body)(scope, receive, send)


def places_of(error: BaseException) -> str:
    """Kind of an error and the lines it went through; its message may hold a patient's name and is left out."""
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_PLACES:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    return f"{type(error).__name__} at {' < '.join(places)}"
