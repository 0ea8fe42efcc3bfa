"""`/api/v1/users`, `/tokens`, `/bundles`, `/audit`: what administrators look after."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tumorcast.lab import audit, bundles, tokens, users
from tumorcast.lab.roles import Role
from tumorcast.lab.users import require
from tumorcast.web.api import PREFIX
from tumorcast.web.api.answers import fails
from tumorcast.web.api.models import AuditOut, BundleOut, Out, TokenOut, UserOut
from tumorcast.web.context import context_of
from tumorcast.web.identity import ApiCaller

router = APIRouter(prefix=PREFIX, tags=["administration"])
UserId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$", description="Id of a user.")]
BundleId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$", description="Id of a bundle.")]
_LETTER = "A-Za-z0-9\u00c0-\u024f"
_NAME = rf"^[{_LETTER} .,'()-]*[{_LETTER}][{_LETTER} .,'()-]*$"


class NewUser(BaseModel):
    """Someone who is to work in the lab."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
    display_name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=120,
            pattern=r"^[A-Za-z0-9À-ɏ .,'()-]*[A-Za-z0-9À-ɏ][A-Za-z0-9À-ɏ .,'()-]*$",
        ),
    ]
    role: Role


class UserChange(BaseModel):
    """Another role, or no access any more."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    is_active: Literal[False] | None = None


class NewToken(BaseModel):
    """A token; `days` none: as the lab has set."""

    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, Field(max_length=60)] = ""
    days: Annotated[float, Field(gt=0, le=3660)] | None = None


class ChainOut(Out):
    """Whether the log is as it was written."""

    is_whole: bool
    broken_at: int | None
    reason: str


@router.get("/users", responses=fails(403))
def list_users(request: Request, caller: ApiCaller) -> list[UserOut]:
    """Everyone who works in the lab."""
    require(caller.user, "user.manage")
    return [UserOut.of(user) for user in users.list_users(context_of(request).store)]


@router.post("/users", status_code=201, responses=fails(403, 409))
def add_user(request: Request, caller: ApiCaller, wish: NewUser) -> UserOut:
    """A new user, without a token yet."""
    store = context_of(request).store
    return UserOut.of(users.add_user(store, caller.user, wish.id, wish.display_name, wish.role))


@router.patch("/users/{user_id}", responses=fails(403, 404))
def change_user(request: Request, caller: ApiCaller, user_id: UserId, wish: UserChange) -> UserOut:
    """Another role, or no access any more."""
    require(caller.user, "user.manage")
    store = context_of(request).store
    user = users.get_user(store, user_id)
    if wish.role is not None:
        user = users.change_role(store, caller.user, user_id, wish.role)
    if wish.is_active is False:
        user = users.disable_user(store, caller.user, user_id)
    return UserOut.of(user)


@router.get("/users/{user_id}/tokens", responses=fails(403, 404))
def list_tokens(request: Request, caller: ApiCaller, user_id: UserId) -> list[TokenOut]:
    """What is kept of a user's tokens."""
    store = context_of(request).store
    if caller.user.id != user_id:
        require(caller.user, "token.manage")
    users.get_user(store, user_id)
    return [TokenOut.of(token) for token in tokens.list_tokens(store, user_id)]


@router.post("/users/{user_id}/tokens", status_code=201, responses=fails(403, 404))
def create_token(request: Request, caller: ApiCaller, user_id: UserId, wish: NewToken) -> TokenOut:
    """A new token; it is shown this once."""
    store = context_of(request).store
    secret, token = tokens.create_token(store, caller.user, user_id, wish.label, wish.days)
    return TokenOut.of(token, secret)


@router.delete("/tokens/{token_id}", status_code=204, responses=fails(403, 404))
def revoke_token(
    request: Request, caller: ApiCaller, token_id: Annotated[str, Path(pattern="^t[0-9a-f]{12}$")]
) -> None:
    """Take a token back."""
    tokens.revoke_token(context_of(request).store, caller.user, token_id)


@router.get("/bundles", responses=fails())
def list_bundles(request: Request, caller: ApiCaller) -> list[BundleOut]:
    """The lab's models, newest first."""
    require(caller.user, "case.read")
    return [BundleOut.of(bundle) for bundle in bundles.list_bundles(context_of(request).store)]


@router.post("/bundles/{bundle_id}/activate", responses=fails(403, 404, 409))
def activate(request: Request, caller: ApiCaller, bundle_id: BundleId) -> BundleOut:
    """New jobs use this bundle from now on."""
    return BundleOut.of(bundles.activate(context_of(request).store, caller.user, bundle_id))


@router.get("/audit", responses=fails(403))
def read_audit(
    request: Request, caller: ApiCaller, newest: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[AuditOut]:
    """The newest rows of the audit log."""
    require(caller.user, "audit.read")
    return [AuditOut.of(row) for row in audit.rows(context_of(request).store, newest)]


@router.get("/audit/chain", responses=fails(403))
def check_audit(request: Request, caller: ApiCaller) -> ChainOut:
    """Whether the audit log is as it was written."""
    require(caller.user, "audit.read")
    broken = audit.verify_chain(context_of(request).store)
    if broken is None:
        return ChainOut(is_whole=True, broken_at=None, reason="")
    return ChainOut(is_whole=False, broken_at=broken.n, reason=broken.reason)
