"""Pages from templates: everything is escaped; a name that is not there is an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from tumorcast import __version__
from tumorcast.clinic.report import words
from tumorcast.lab.bundles import active_bundle
from tumorcast.lab.sessions import Session
from tumorcast.lab.users import allowed
from tumorcast.web.context import context_of
from tumorcast.web.errors import ErrorBody

_NAVIGATION = (
    ("/worklist", "Worklist", "case.read"),
    ("/new-case", "New case", "case.write"),
    ("/staff", "Users", "user.manage"),
    ("/audit", "Audit", "audit.read"),
    ("/about", "About", "case.read"),
)


@cache
def environment() -> Environment:
    """Templates with their filters; those of the report are at hand."""
    own, report = PackageLoader("tumorcast.web", "templates"), PackageLoader("tumorcast.clinic", "report")
    made = Environment(
        loader=ChoiceLoader([own, report]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= _FILTERS
    return made


def page(
    request: Request, name: str, session: Session | None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page with the house's frame around it."""
    context = context_of(request)
    bundle = active_bundle(context.store)
    user = session.user if session else None
    frame: Mapping[str, Any] = {
        "lab_name": context.store.config.name,
        "version": __version__,
        "demonstrate": context.settings.demonstrate,
        "user": user,
        "csrf": session.csrf if session else "",
        "navigation": [(at, told) for at, told, action in _NAVIGATION if user and allowed(user, action)],
        "here": request.url.path,
        "model_id": bundle.model_id if bundle and user else "",
    }
    return HTMLResponse(environment().get_template(name).render(**{**frame, **values}), status)


def error_page(
    request: Request, status: int, body: ErrorBody, headers: Mapping[str, str] | None
) -> HTMLResponse:
    """A failure, for people."""
    answer = page(request, "failure.html", None, status, error=body, code=status)
    answer.headers.update(headers or {})
    return answer


def when(at: float | str | None) -> str:
    """A time in UTC, to the minute, from seconds since 1970 or ISO 8601."""
    if isinstance(at, int | float):
        at = datetime.fromtimestamp(at, UTC).isoformat()
    return words.when(at or "")


def pairs(text: str) -> str:
    """A JSON object as `key value, key value`."""
    return ", ".join(f"{key} {value}" for key, value in json.loads(text).items())


def told_bytes(size: float) -> str:
    """1.2 GB, 34 kB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return ""


_FILTERS: dict[str, Callable[..., str]] = {
    "bytes": told_bytes,
    "pairs": pairs,
    "when": when,
}
