"""Requests under a foreign host name are refused: a page elsewhere must not reach a loopback server by its own name."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tumorcast.web.errors import error_answer


class KnownHosts:
    """ASGI middleware: 400 for any other `Host`; "*" among the names takes all."""

    def __init__(self, app: ASGIApp, names: tuple[str, ...]) -> None:
        self._app, self._names = app, frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_known(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        answer = error_answer(
            400, "this server is not known under that name", fix="add the name with --host-name"
        )
        await answer(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        return "*" in self._names or name_of(host) in self._names


def name_of(host: str) -> str:
    """Host name without port and brackets, in small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
