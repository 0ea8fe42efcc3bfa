"""Browser sessions: a random id kept as its sha256, an idle and an absolute end, a secret against forged requests."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from tumorcast.lab.audit import record
from tumorcast.lab.errors import ExpiredError, NotAllowedError, RevokedError, SignInError
from tumorcast.lab.store import LabStore
from tumorcast.lab.tokens import hashed
from tumorcast.lab.users import User, get_user

_HOUR_S = 3600.0
_SEEN_EVERY_S = 30.0
_KEPT_S = 30 * 86400.0


@dataclass(frozen=True)
class Session:
    """One browser of one user.

    Attributes:
        csrf: must come with every request that changes something.
        expires: absolute end, seconds since 1970.
    """

    user: User
    csrf: str
    expires: float


def start_session(store: LabStore, user: User) -> tuple[str, Session]:
    """(the session's id, for the cookie, and the session)."""
    secret, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), store.clock()
    expires = now + store.config.session_h * _HOUR_S
    with store.transaction() as connection:
        connection.execute("DELETE FROM sessions WHERE expires < ?", (now - _KEPT_S,))
        connection.execute(
            "INSERT INTO sessions (digest, user_id, csrf, created, seen, expires) VALUES (?, ?, ?, ?, ?, ?)",
            (hashed(secret), user.id, csrf, now, now, expires),
        )
        record(connection, now, user.id, "session.started", {"user": user.id})
    return secret, Session(user, csrf, expires)


def resume_session(store: LabStore, secret: str) -> Session:
    """The session of a cookie; it counts as used now.

    Raises:
        SignInError: there is none.
        ExpiredError: unused for too long, or its time is over.
        RevokedError: ended, or the user is disabled.
    """
    digest, now, idle = hashed(secret), store.clock(), store.config.session_idle_h * _HOUR_S
    with store.reading() as connection:
        row = connection.execute("SELECT * FROM sessions WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        raise SignInError("you are not signed in")
    user = get_user(store, row["user_id"])
    if row["revoked"] is not None or not user.is_active:
        raise RevokedError("the session was ended", fix="sign in again")
    if now >= row["expires"] or now >= row["seen"] + idle:
        raise ExpiredError("the session has expired", fix="sign in again")
    if now > row["seen"] + _SEEN_EVERY_S:
        with store.transaction() as connection:
            connection.execute("UPDATE sessions SET seen = ? WHERE digest = ?", (now, digest))
    return Session(user, row["csrf"], row["expires"])


def end_session(store: LabStore, secret: str) -> None:
    """Sign out; a session that is not there is no error."""
    digest, now = hashed(secret), store.clock()
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT user_id FROM sessions WHERE digest = ? AND revoked IS NULL", (digest,)
        ).fetchone()
        if row is not None:
            connection.execute("UPDATE sessions SET revoked = ? WHERE digest = ?", (now, digest))
            record(connection, now, row["user_id"], "session.ended", {"user": row["user_id"]})


def check_csrf(session: Session, given: str | None) -> None:
    """Raise `NotAllowedError` where the request does not come from this session's own page."""
    if not hmac.compare_digest(session.csrf.encode(), (given or "").encode("utf-8", "surrogatepass")):
        raise NotAllowedError("the request did not come from a page of this session", fix="reload the page")
