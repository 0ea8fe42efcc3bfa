"""`/api/v1/sessions`, `/api/v1/me`: signing in and out, and who one is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tumorcast.lab.errors import SignInError
from tumorcast.lab.sessions import Session, end_session, start_session
from tumorcast.lab.tokens import authenticate
from tumorcast.web.api import PREFIX
from tumorcast.web.api.answers import fails, only
from tumorcast.web.api.models import Out, UserOut, utc
from tumorcast.web.context import context_of
from tumorcast.web.errors import RefusedError
from tumorcast.web.identity import COOKIE, ApiCaller, address_of, set_cookie

router = APIRouter(prefix=PREFIX, tags=["sign-in"])


class SignIn(BaseModel):
    """A token of the lab."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(min_length=1, max_length=200)]


class SessionOut(Out):
    """A browser's session: its secret is in a cookie, `csrf` goes into the header X-CSRF-Token."""

    user: UserOut
    csrf: str
    expires: datetime


@router.post("/sessions", status_code=201, responses=only(400, 401, 413, 422, 429))
def sign_in(request: Request, response: Response, body: SignIn) -> SessionOut:
    """Start a browser's session with a token."""
    session = sign_in_with(request, response, body.token)
    return SessionOut(user=UserOut.of(session.user), csrf=session.csrf, expires=utc(session.expires))


@router.delete("/sessions", status_code=204, responses=fails(403))
def sign_out(request: Request, response: Response, caller: ApiCaller) -> None:
    """End the browser's session; a program's token stays as it is."""
    secret = request.cookies.get(COOKIE)
    if caller.session is not None and secret is not None:
        end_session(context_of(request).store, secret)
    response.delete_cookie(COOKIE, path="/")


@router.get("/me", responses=fails())
def me(caller: ApiCaller) -> UserOut:
    """Who is asking."""
    return UserOut.of(caller.user)


def sign_in_with(request: Request, response: Response, token: str) -> Session:
    """A session for a token; failures of an address are counted, and it waits after too many.

    Raises:
        RefusedError: 429, with the seconds to wait.
        SignInError: not a token, or one that has ended.
    """
    context, address = context_of(request), address_of(request)
    wait = context.sign_ins.wait_seconds(address)
    if wait:
        raise RefusedError(
            429,
            "too many failed sign-ins",
            fix=f"wait {wait:.0f} seconds",
            headers={"Retry-After": f"{wait:.0f}"},
        )
    try:
        user = authenticate(context.store, token.strip())
    except SignInError:
        context.sign_ins.note_failure(address)
        context.metrics.count_failed_sign_in()
        raise
    context.sign_ins.note_success(address)
    secret, session = start_session(context.store, user)
    set_cookie(response, secret, context.settings.is_secure, session.expires - context.store.clock())
    return session
