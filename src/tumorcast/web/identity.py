"""Who asks: a bearer token (programs) or a session's cookie (browsers), which needs its secret to change anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer

from tumorcast.lab.errors import SignInError
from tumorcast.lab.sessions import Session, check_csrf, resume_session
from tumorcast.lab.tokens import authenticate
from tumorcast.lab.users import User
from tumorcast.web.context import context_of
from tumorcast.web.errors import SignInNeededError

COOKIE, CSRF_HEADER = "tumorcast_session", "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = HTTPBearer(auto_error=False, description="A token of the lab (`tumorcast lab token`).")
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="A browser's session.")


@dataclass(frozen=True)
class Caller:
    """Who asks; `session` is None for programs."""

    user: User
    session: Session | None


def api_caller(
    request: Request, bearer: Annotated[object, Depends(_BEARER)], cookie: Annotated[object, Depends(_COOKIE)]
) -> Caller:
    """The caller of the API.

    Raises:
        SignInError: nobody's token or session, or one that has ended.
        NotAllowedError: a browser's request to change something without its session's secret.
    """
    store = context_of(request).store
    token = _bearer_token(request)
    if token is not None:
        return Caller(authenticate(store, token), None)
    secret = request.cookies.get(COOKIE)
    if secret is None:
        raise SignInError("you are not signed in", fix="send a token: Authorization: Bearer tc_...")
    session = resume_session(store, secret)
    if request.method not in _SAFE:
        check_csrf(session, request.headers.get(CSRF_HEADER))
    return Caller(session.user, session)


def page_session(request: Request) -> Session:
    """The session of a page; without one the browser is sent to sign in."""
    secret = request.cookies.get(COOKIE)
    if secret is None:
        raise SignInNeededError
    try:
        return resume_session(context_of(request).store, secret)
    except SignInError:
        raise SignInNeededError from None


async def form_session(request: Request) -> Session:
    """The session of a form that was sent, whose secret is right."""
    session = page_session(request)
    given = (await request.form(max_files=0, max_fields=60)).get("csrf")
    check_csrf(session, given if isinstance(given, str) else None)
    return session


ApiCaller = Annotated[Caller, Depends(api_caller)]
PageSession = Annotated[Session, Depends(page_session)]
FormSession = Annotated[Session, Depends(form_session)]


def set_cookie(response: Response, secret: str, is_secure: bool, seconds: float) -> None:
    """The browser keeps the session's secret out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE, secret, max_age=int(seconds), httponly=True, samesite="strict", secure=is_secure, path="/"
    )


def address_of(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else "-"


def _bearer_token(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None
