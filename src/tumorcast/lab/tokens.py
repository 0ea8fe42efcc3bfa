"""Access tokens: 256 random bits, shown once, kept as their sha256, with an end and a way to take them back."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import record
from tumorcast.lab.errors import ExpiredError, RevokedError, SignInError, no_such
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, get_user, require

_PREFIX = "tc_"
_DAY_S = 86400.0
_MOST_LABEL = 60


@dataclass(frozen=True)
class Token:
    """What is known of a token; never the token itself. Times in seconds since 1970."""

    id: str
    user_id: str
    label: str
    created: float
    expires: float
    revoked: float | None


def create_token(
    store: LabStore, actor: User, user_id: str, label: str = "", days: float | None = None
) -> tuple[str, Token]:
    """(the token, to be shown this once, and what is kept of it). Users may make their own.

    Raises:
        InputError: a life that is not positive.
        NotFoundError: no such user.
        RevokedError: the user is disabled.
    """
    if actor.id != user_id:
        require(actor, "token.manage")
    if not get_user(store, user_id).is_active:
        raise RevokedError("the user is disabled", got=user_id)
    life = store.config.token_days if days is None else days
    if not 0 < life <= 3660:
        raise InputError("a token's life must be positive", got=days, expected="days, at most 3660")
    secret, now = _PREFIX + secrets.token_urlsafe(32), store.clock()
    token = Token(
        "t" + secrets.token_hex(6), user_id, label.strip()[:_MOST_LABEL], now, now + life * _DAY_S, None
    )
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO tokens (id, user_id, digest, label, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
            (token.id, user_id, hashed(secret), token.label, token.created, token.expires),
        )
        record(connection, now, actor.id, "token.created", {"user": user_id, "token": token.id})
    return secret, token


def revoke_token(store: LabStore, actor: User, token_id: str) -> None:
    """Take a token back; users may take back their own.

    Raises:
        NotFoundError: no such token.
    """
    with store.transaction() as connection:
        row = connection.execute("SELECT user_id FROM tokens WHERE id = ?", (token_id,)).fetchone()
        if row is None:
            raise no_such("token", token_id)
        if row["user_id"] != actor.id:
            require(actor, "token.manage")
        now = store.clock()
        connection.execute("UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL", (now, token_id))
        record(connection, now, actor.id, "token.revoked", {"user": row["user_id"], "token": token_id})


def list_tokens(store: LabStore, user_id: str | None = None) -> list[Token]:
    """All, or those of one user, oldest first."""
    with store.reading() as connection:
        found = connection.execute(
            "SELECT id, user_id, label, created, expires, revoked FROM tokens"
            " WHERE ? IS NULL OR user_id = ? ORDER BY created, id",
            (user_id, user_id),
        )
        return [Token(*row) for row in found]


def authenticate(store: LabStore, token: str) -> User:
    """The user whose token this is.

    Raises:
        SignInError: nobody's.
        ExpiredError: its time is over.
        RevokedError: it was taken back, or the user is disabled.
    """
    with store.reading() as connection:
        row = connection.execute(
            "SELECT t.user_id, t.expires, t.revoked, u.is_active FROM tokens t JOIN users u ON u.id = t.user_id"
            " WHERE t.digest = ?",
            (hashed(token),),
        ).fetchone()
    if row is None:
        raise SignInError("the token is not known", fix="ask the lab's administrator for one")
    if row["revoked"] is not None or not row["is_active"]:
        raise RevokedError("the token was revoked", fix="ask the lab's administrator for a new one")
    if row["expires"] <= store.clock():
        raise ExpiredError("the token has expired", fix="ask the lab's administrator for a new one")
    return get_user(store, row["user_id"])


def hashed(secret: str) -> str:
    """sha256 of a secret of 256 random bits: nothing shorter may be kept in this way."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
