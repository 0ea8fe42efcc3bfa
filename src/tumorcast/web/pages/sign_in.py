"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from tumorcast.lab.errors import SignInError
from tumorcast.lab.sessions import end_session
from tumorcast.web.api.sessions import sign_in_with
from tumorcast.web.context import context_of
from tumorcast.web.errors import RefusedError, status_of
from tumorcast.web.identity import COOKIE, FormSession
from tumorcast.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def home() -> RedirectResponse:
    """The worklist is where one starts."""
    return RedirectResponse("/worklist", 303)


@router.get("/sign-in")
def ask(request: Request) -> Response:
    """The form."""
    return sign_in_form(request)


@router.post("/sign-in")
def sign_in(request: Request, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """With a token: on to the worklist, or the form again with what is wrong."""
    answer = RedirectResponse("/worklist", 303)
    try:
        sign_in_with(request, answer, token)
    except (SignInError, RefusedError) as error:
        return sign_in_form(
            request, status_of(error), f"{error.what}: {error.fix}" if error.fix else error.what
        )
    return answer


@router.post("/sign-out")
def sign_out(request: Request, session: FormSession) -> RedirectResponse:
    """End the session."""
    secret = request.cookies.get(COOKIE)
    if secret is not None:
        end_session(context_of(request).store, secret)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def sign_in_form(request: Request, status: int = 200, problem: str = "") -> Response:
    """The form, with what is wrong."""
    has_oidc = getattr(request.app.state, "oidc", None) is not None
    return page(request, "sign_in.html", None, status, problem=problem, has_oidc=has_oidc)
