"""Failures as answers: the same four fields as everywhere; nothing of the inside of the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from tumorcast.domain.errors import TumorcastError
from tumorcast.lab.errors import (
    ConflictError,
    LabError,
    NotAllowedError,
    NotFoundError,
    SignInError,
    TooLargeError,
    WrongFileError,
)

_STATUS: dict[type[TumorcastError], int] = {
    SignInError: 401,
    NotAllowedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    WrongFileError: 422,
    LabError: 409,
}


class ErrorBody(BaseModel):
    """What is wrong, what was got, what was expected, and what to do."""

    what: str
    got: str | None = None
    expected: str | None = None
    fix: str | None = None


class RefusedError(TumorcastError):
    """A request that is answered with a status of its own.

    Args:
        status: of the answer.
        headers: added to it.
    """

    def __init__(
        self,
        status: int,
        what: str,
        *,
        got: object = None,
        expected: object = None,
        fix: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(what, got=got, expected=expected, fix=fix)
        self.status, self.headers = status, headers


class SignInNeededError(Exception):
    """A page was asked for by nobody that is signed in."""


def error_answer(
    status: int,
    what: str,
    *,
    got: object = None,
    expected: object = None,
    fix: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The answer of the API to a failure."""
    body = ErrorBody(what=what, got=_text(got), expected=_text(expected), fix=fix)
    return JSONResponse(body.model_dump(), status, headers=headers)


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:500]


def add_error_handlers(app: FastAPI) -> None:
    """Every failure of the application becomes one of these answers."""
    app.add_exception_handler(TumorcastError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SignInNeededError, _to_sign_in)


def _told(request: Request, error: Exception) -> Response:
    told = cast(TumorcastError, error)
    status, headers = status_of(told), told.headers if isinstance(told, RefusedError) else None
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    body = ErrorBody(what=told.what, got=_text(told.got), expected=_text(told.expected), fix=told.fix)
    return shown_failure(request, status, body, headers)


def status_of(error: TumorcastError) -> int:
    """The status that a failure is answered with."""
    if isinstance(error, RefusedError):
        return error.status
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)


def _invalid(request: Request, error: Exception) -> Response:
    first = cast(RequestValidationError, error).errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    body = ErrorBody(
        what=f"{place}: {first['msg']}", got=_text(first.get("input")), expected="see /openapi.json"
    )
    return shown_failure(request, 422, body, None)


def _http(request: Request, error: Exception) -> Response:
    told = cast(HTTPException, error)
    what = {
        404: "there is nothing at this address",
        405: "this address does not take that method",
    }.get(told.status_code, str(told.detail))
    return shown_failure(request, told.status_code, ErrorBody(what=what), dict(told.headers or {}))


def _to_sign_in(request: Request, error: Exception) -> Response:
    return RedirectResponse("/sign-in", status_code=303)


def shown_failure(
    request: Request, status: int, body: ErrorBody, headers: Mapping[str, str] | None = None
) -> Response:
    """JSON for programs, a page for people."""
    if is_for_program(request.url.path):
        return JSONResponse(body.model_dump(), status, headers=headers)
    from tumorcast.web.templating import error_page

    return error_page(request, status, body, headers)


def is_for_program(path: str) -> bool:
    """Whether an address is the API's, which answers in JSON, rather than a page's."""
    return path.startswith("/api/") or path in ("/healthz", "/readyz", "/metrics", "/openapi.json")
