"""The access log: who asked for which kind of address, and how it ended; no ids, no query strings, no names."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorcast.web.metrics import WebMetrics

_LOG = logging.getLogger("tumorcast.access")


class AccessLog:
    """ASGI middleware: one line and one measurement a request, by the route's pattern rather than its address."""

    def __init__(self, app: ASGIApp, metrics: WebMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - start
            pattern = pattern_of(scope)
            self._metrics.count_request(scope["method"], pattern, status, seconds)
            _LOG.info("%s %s %d %.0f ms", scope["method"], pattern, status, 1000 * seconds)


def pattern_of(scope: Scope) -> str:
    """`/api/v1/cases/{case_id}`; "-" where no route was met: what people type may be anything."""
    route = scope.get("route")
    return str(getattr(route, "path", "-"))
