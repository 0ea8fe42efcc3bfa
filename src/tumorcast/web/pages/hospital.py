"""Signing in with the hospital's account."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from tumorcast.lab.errors import RevokedError, SignInError
from tumorcast.lab.sessions import start_session
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import SYSTEM, User, add_user, change_role, user_of_subject
from tumorcast.web.context import context_of
from tumorcast.web.errors import RefusedError
from tumorcast.web.identity import set_cookie
from tumorcast.web.oidc import HospitalSignIn, Person
from tumorcast.web.pages.sign_in import sign_in_form
from tumorcast.web.templating import page

router = APIRouter(include_in_schema=False)
_COOKIE, _COOKIE_S, _BACK = "tumorcast_state", 600, "/sign-in/hospital/back"
Word = Annotated[str, Query(max_length=4000)]


@router.get("/sign-in/hospital")
def begin(request: Request) -> Response:
    """On to the provider; this browser keeps the state, so that nobody else's sign-in ends here."""
    address, state = _provider(request).begin()
    answer = RedirectResponse(address, 303)
    is_secure = context_of(request).settings.is_secure
    answer.set_cookie(
        _COOKIE, state, max_age=_COOKIE_S, httponly=True, samesite="lax", secure=is_secure, path=_BACK
    )
    return answer


@router.get(_BACK)
def finish(request: Request, state: Word = "", code: Word = "") -> Response:
    """Back from the provider, with a page that goes on by itself: the strict cookie is not sent on a redirect."""
    provider, context = _provider(request), context_of(request)
    try:
        if not state or not hmac.compare_digest(state.encode(), request.cookies.get(_COOKIE, "").encode()):
            raise SignInError("this sign-in was not begun in this browser", fix="sign in again")
        user = user_for(context.store, provider.finish(state, code))
    except SignInError as error:
        context.metrics.count_failed_sign_in()
        return sign_in_form(request, 401, f"{error.what}: {error.fix}" if error.fix else error.what)
    secret, session = start_session(context.store, user)
    answer = page(request, "signed_in.html", None)
    set_cookie(answer, secret, context.settings.is_secure, session.expires - context.store.clock())
    answer.delete_cookie(_COOKIE, path=_BACK)
    return answer


def user_for(store: LabStore, person: Person) -> User:
    """The lab's user of a person, made at the first sign-in; the role is brought up to date.

    Raises:
        RevokedError: the lab has disabled the user.
    """
    user = user_of_subject(store, person.subject)
    if user is None:
        name = (
            "".join(letter for letter in person.name if letter.isprintable()).strip()[:120]
            or person.login[:120]
        )
        return add_user(store, SYSTEM, _id_of(person), name, person.role, person.subject)
    if not user.is_active:
        raise RevokedError("the lab has disabled this user", fix="ask the lab's administrator")
    return user if user.role == person.role else change_role(store, SYSTEM, user.id, person.role)


def _id_of(person: Person) -> str:
    """Readable, and nobody else's: two providers may know the same login."""
    readable = re.sub(r"[^a-z0-9._-]", "-", person.login.lower()).strip("._-")[:40] or "user"
    return f"{readable}@{hashlib.sha256(person.subject.encode()).hexdigest()[:8]}"


def _provider(request: Request) -> HospitalSignIn:
    provider: HospitalSignIn | None = request.app.state.oidc
    if provider is None:
        raise RefusedError(404, "this lab has no sign-in by the hospital", fix="use a token")
    return provider
