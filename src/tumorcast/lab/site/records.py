"""What a site's checks leave in the lab: append-only records, each with a line in the audit log."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import Detail, record
from tumorcast.lab.errors import no_such
from tumorcast.lab.site.write import plain
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, require

Kind = Literal[
    "verification", "sign_off", "amendment", "withdrawal", "control", "control_run", "control_retired", "drift",
    "rescan",
]  # fmt: skip
_ACTIONS: dict[Kind, str] = {"sign_off": "site.sign", "amendment": "site.sign", "withdrawal": "site.sign"}
_LETTERS = {kind: kind[0] for kind in get_args(Kind)}


@dataclass(frozen=True)
class SiteRecord:
    """One record; times in seconds since 1970.

    Attributes:
        model_id, seal: of the bundle.
        about: id of the record that it is about (a sign-off's verification, a run's control); "" for none.
        by, by_name: id and name of who made it.
        sha256: of `content` as it is kept.
        content: plain values without a patient, a file or a path.
    """

    id: str
    kind: Kind
    model_id: str
    seal: str
    about: str
    at: float
    by: str
    by_name: str
    sha256: str
    content: dict[str, Any]


def keep(
    store: LabStore,
    user: User,
    kind: Kind,
    bundle: tuple[str, str],
    content: Mapping[str, Any],
    about: str = "",
    detail: Detail | None = None,
) -> SiteRecord:
    """Keep a record and write it into the audit log, both or neither.

    Args:
        bundle: (model id, seal). detail: counts and codes for the audit log.

    Raises:
        NotAllowedError: the user's role may not.
        InputError: a comment names a patient of the lab.
    """
    require(user, _ACTIONS.get(kind, "site.check"))
    _need_nobody(store, str(content.get("comment", "")))
    text = json.dumps(plain(dict(content)), sort_keys=True, allow_nan=False)
    made = SiteRecord(
        f"{_LETTERS[kind]}{secrets.token_hex(8)}", kind, *bundle, about, store.clock(), user.id, user.display_name,
        hashlib.sha256(text.encode()).hexdigest(), json.loads(text),
    )  # fmt: skip
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO site_records (id, kind, model_id, seal, about, at, by, by_name, sha256, record)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (made.id, kind, *bundle, about, made.at, user.id, user.display_name, made.sha256, text),
        )
        told = {"record": made.id, "sha256": made.sha256} | ({"about": about} if about else {})
        record(connection, made.at, user.id, f"site.{kind}", told, detail, bundle)
    return made


def _need_nobody(store: LabStore, comment: str) -> None:
    """A record can never be erased, so that nothing in it may lead to a patient."""
    with store.reading() as connection:
        rows = connection.execute("SELECT patient_id, id FROM cases UNION SELECT name, id FROM files")
        names = {str(name) for row in rows for name in row}
    if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", comment) for name in names if name in comment):
        raise InputError(
            "the comment names a patient, a case or a file",
            expected="a comment about the model",
            fix="leave the name out: records of a site can never be erased",
        )


def get_record(store: LabStore, record_id: str) -> SiteRecord:
    """One record.

    Raises:
        NotFoundError: no such record.
    """
    with store.reading() as connection:
        row = connection.execute("SELECT * FROM site_records WHERE id = ?", (record_id,)).fetchone()
    if row is None:
        raise no_such("record of this site", record_id)
    return _of(row)


def records(
    store: LabStore,
    kind: Kind,
    model_id: str | None = None,
    about: str | None = None,
    since: float = 0.0,
    until: float | None = None,
) -> list[SiteRecord]:
    """Of one kind, the oldest first."""
    with store.reading() as connection:
        found = connection.execute(
            "SELECT * FROM site_records WHERE kind = ? AND (? IS NULL OR model_id = ?) AND (? IS NULL OR about = ?)"
            " AND at >= ? AND (? IS NULL OR at < ?) ORDER BY at, rowid",
            (kind, model_id, model_id, about, about, since, until, until),
        ).fetchall()
    return [_of(row) for row in found]


def _of(row: sqlite3.Row) -> SiteRecord:
    return SiteRecord(
        row["id"], row["kind"], row["model_id"], row["seal"], row["about"], row["at"], row["by"], row["by_name"],
        row["sha256"], json.loads(row["record"]),
    )  # fmt: skip
