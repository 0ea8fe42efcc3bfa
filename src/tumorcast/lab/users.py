"""Users of the lab: who they are and what role they have."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from tumorcast.domain.errors import InputError
from tumorcast.lab import roles
from tumorcast.lab.audit import record
from tumorcast.lab.errors import ConflictError, no_such
from tumorcast.lab.roles import ROLES, Role
from tumorcast.lab.store import LabStore

_ID = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_MOST_NAME = 120


@dataclass(frozen=True)
class User:
    """Someone who works in the lab.

    Attributes:
        id: what they sign in as; stands in the audit log.
        display_name: stands below a signed report.
        subject: issuer and subject of the hospital's sign-in, None where they have none.
    """

    id: str
    display_name: str
    role: Role
    is_active: bool = True
    subject: str | None = None


SYSTEM = User("system", "tumorcast", "admin")
"""The lab's own work and its command line, which whoever may read the folder can use."""


def allowed(user: User, action: str) -> bool:
    """Whether the user is active and their role may do this."""
    return user.is_active and roles.allowed(user.role, action)


def require(user: User, action: str) -> None:
    """Raise `NotAllowedError` where `allowed` says no."""
    roles.require(user.role if user.is_active else "disabled", action)


def add_user(
    store: LabStore, actor: User, user_id: str, display_name: str, role: str, subject: str | None = None
) -> User:
    """A new user.

    Raises:
        InputError: a name or role that cannot be.
        ConflictError: the id or subject is taken.
    """
    require(actor, "user.manage")
    _check(user_id, display_name, role)
    values = (user_id, display_name.strip(), role, subject, store.clock())
    try:
        with store.transaction() as connection:
            connection.execute(
                "INSERT INTO users (id, display_name, role, subject, created) VALUES (?, ?, ?, ?, ?)", values
            )
            record(connection, store.clock(), actor.id, "user.added", {"user": user_id}, {"role": role})
            return _user(connection, user_id)
    except sqlite3.IntegrityError:
        raise ConflictError("there is such a user already", got=user_id) from None


def get_user(store: LabStore, user_id: str) -> User:
    """One user.

    Raises:
        NotFoundError: no such user.
    """
    with store.reading() as connection:
        return _user(connection, user_id)


def user_of_subject(store: LabStore, subject: str) -> User | None:
    """The user whom the hospital's sign-in names, None where nobody is."""
    with store.reading() as connection:
        row = connection.execute("SELECT id FROM users WHERE subject = ?", (subject,)).fetchone()
        return _user(connection, row["id"]) if row else None


def list_users(store: LabStore) -> list[User]:
    """All, by id."""
    with store.reading() as connection:
        return [_of(row) for row in connection.execute("SELECT * FROM users ORDER BY id")]


def change_role(store: LabStore, actor: User, user_id: str, role: str) -> User:
    """Another role for a user; browsers must sign in anew."""
    require(actor, "user.manage")
    _check(user_id, "x", role)
    with store.transaction() as connection:
        _user(connection, user_id)
        connection.execute("UPDATE users SET role = ? WHERE id = ?", (role, user_id))
        _end_sessions(connection, user_id, store.clock())
        record(connection, store.clock(), actor.id, "user.role", {"user": user_id}, {"role": role})
        return _user(connection, user_id)


def disable_user(store: LabStore, actor: User, user_id: str) -> User:
    """Take away all access; what the user did stays theirs."""
    require(actor, "user.manage")
    with store.transaction() as connection:
        _user(connection, user_id)
        connection.execute("UPDATE users SET is_active = 0 WHERE id = ?", (user_id,))
        now = store.clock()
        connection.execute(
            "UPDATE tokens SET revoked = ? WHERE user_id = ? AND revoked IS NULL", (now, user_id)
        )
        _end_sessions(connection, user_id, now)
        record(connection, now, actor.id, "user.disabled", {"user": user_id})
        return _user(connection, user_id)


def _end_sessions(connection: sqlite3.Connection, user_id: str, now: float) -> None:
    connection.execute(
        "UPDATE sessions SET revoked = ? WHERE user_id = ? AND revoked IS NULL", (now, user_id)
    )


def _check(user_id: str, display_name: str, role: str) -> None:
    if not _ID.fullmatch(user_id) or user_id == SYSTEM.id:
        raise InputError(
            "this cannot be a user's id",
            got=user_id[:80],
            expected="a-z, 0-9, . _ @ -, at most 64 characters",
        )
    if not 0 < len(display_name.strip()) <= _MOST_NAME or not display_name.isprintable():
        raise InputError("a user needs a name", expected=f"1 to {_MOST_NAME} printable characters")
    if role not in ROLES:
        raise InputError("there is no such role", got=role[:80], expected=", ".join(ROLES))


def _user(connection: sqlite3.Connection, user_id: str) -> User:
    row = connection.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    if row is None:
        raise no_such("user", user_id)
    return _of(row)


def _of(row: sqlite3.Row) -> User:
    return User(row["id"], row["display_name"], row["role"], bool(row["is_active"]), row["subject"])
