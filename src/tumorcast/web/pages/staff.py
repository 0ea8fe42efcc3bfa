"""Users and their tokens, models, the audit log: for administrators."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from tumorcast.lab import audit, tokens, users
from tumorcast.lab.roles import ROLES
from tumorcast.lab.users import require
from tumorcast.web.api.staff import UserId
from tumorcast.web.context import context_of
from tumorcast.web.identity import FormSession, PageSession
from tumorcast.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/staff")
def staff(request: Request, session: PageSession) -> Response:
    """Users and their tokens."""
    return _staff(request, session)


@router.post("/staff")
def add_user(
    request: Request,
    session: FormSession,
    user_id: Annotated[str, Form(max_length=64)] = "",
    display_name: Annotated[str, Form(max_length=120)] = "",
    role: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """A new user with a first token, which is shown once."""
    store = context_of(request).store
    user = users.add_user(store, session.user, user_id, display_name, role)
    secret, _ = tokens.create_token(store, session.user, user.id, "first")
    return _staff(request, session, secret=secret, secret_of=user.id)


@router.post("/staff/{user_id}/token")
def make_token(request: Request, session: FormSession, user_id: UserId) -> Response:
    """A token, shown once."""
    secret, _ = tokens.create_token(context_of(request).store, session.user, user_id, "made in the browser")
    return _staff(request, session, secret=secret, secret_of=user_id)


@router.post("/staff/{user_id}/disable")
def disable(request: Request, session: FormSession, user_id: UserId) -> RedirectResponse:
    """Take away all access."""
    users.disable_user(context_of(request).store, session.user, user_id)
    return RedirectResponse("/staff", 303)


@router.get("/audit")
def audit_page(
    request: Request, session: PageSession, newest: Annotated[int, Query(ge=1, le=5000)] = 200
) -> Response:
    """The newest rows of the audit log, and whether it is as it was written."""
    require(session.user, "audit.read")
    store = context_of(request).store
    rows, broken = audit.rows(store, newest), audit.verify_chain(store)
    return page(request, "audit.html", session, rows=rows[::-1], broken=broken)


def _staff(request: Request, session: PageSession, **told: Any) -> Response:
    require(session.user, "user.manage")
    store = context_of(request).store
    kept: dict[str, list[tokens.Token]] = {}
    for token in tokens.list_tokens(store):
        if token.revoked is None and token.expires > store.clock():
            kept.setdefault(token.user_id, []).append(token)
    values = {
        "secret": "",
        "secret_of": "",
        "people": users.list_users(store),
        "tokens": kept,
        "roles": ROLES,
    }
    return page(request, "staff.html", session, **(values | told))
