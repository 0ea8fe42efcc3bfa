"""The audit log: who did what, when, with which bundle; each row holds the sha256 of the one before.

No row holds a patient's name, a file's name or free text: only ids, counts and codes get in.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text

if TYPE_CHECKING:
    from tumorcast.lab.store import LabStore

GENESIS = "0" * 64
_BEFORE_ALL = -(1 << 62)
_CODE = re.compile(r"[A-Za-z0-9_.:+@-]{0,128}")
Detail = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True)
class AuditRow:
    """One thing that was done.

    Attributes:
        n: 1, 2, ... without a gap.
        at: UTC, ISO 8601.
        objects, detail: JSON objects of ids, and of counts and codes.
        model_id, seal: of the bundle, "" where none took part.
        previous: hash of row n - 1; zeros for the first.
        hash: sha256 of the canonical form of all the others.
    """

    n: int
    at: str
    user_id: str
    action: str
    objects: str
    model_id: str
    seal: str
    detail: str
    previous: str
    hash: str

    def canonical(self) -> bytes:
        """What the hash is of: every other field, as JSON with sorted keys."""
        told = {name: value for name, value in asdict(self).items() if name != "hash"}
        return _json(told).encode("ascii")


@dataclass(frozen=True)
class Broken:
    """The first row that is not as it was written."""

    n: int
    reason: str


_COLUMNS = tuple(field.name for field in fields(AuditRow))


def record(
    connection: sqlite3.Connection,
    at: float,
    user_id: str,
    action: str,
    objects: Detail | None = None,
    detail: Detail | None = None,
    bundle: tuple[str, str] = ("", ""),
) -> AuditRow:
    """Append a row in the caller's transaction, which is that of the change itself.

    Args:
        bundle: (model id, seal).

    Raises:
        ValueError: a value that is neither a number nor a code; it could be a name.
    """
    last = connection.execute("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    n, previous = (last["n"] + 1, last["hash"]) if last else (1, GENESIS)
    row = AuditRow(
        n, utc(at), user_id, action, _json(_checked(objects)), *bundle, _json(_checked(detail)), previous, ""
    )
    row = AuditRow(**{**asdict(row), "hash": hashlib.sha256(row.canonical()).hexdigest()})
    marks = ", ".join("?" * len(_COLUMNS))
    connection.execute(
        f"INSERT INTO audit ({', '.join(_COLUMNS)}) VALUES ({marks})", tuple(asdict(row).values())
    )
    return row


def note(
    store: LabStore, user_id: str, action: str, objects: Detail | None = None, detail: Detail | None = None
) -> AuditRow:
    """Append a row about something that changes nothing here: a report shown, a backup made."""
    with store.transaction() as connection:
        return record(connection, store.clock(), user_id, action, objects, detail)


def rows(store: LabStore, newest: int | None = None) -> list[AuditRow]:
    """The log from its first row on; `newest`: only so many of the last ones."""
    with store.reading() as connection:
        last = connection.execute("SELECT COALESCE(MAX(n), 0) FROM audit").fetchone()[0]
        return list(_rows(connection, 0 if newest is None else last - newest))


def verify_chain(store: LabStore, anchor: tuple[int, str] | None = None) -> Broken | None:
    """The first row that was changed, put in or taken out; None where all is as written.

    Args:
        anchor: (n, hash) kept outside the lab: shows also that no row up to it was cut off or made anew.
    """
    with store.reading() as connection:
        return broken_row(_rows(connection, _BEFORE_ALL), anchor)


def broken_row(chain: Iterator[AuditRow], anchor: tuple[int, str] | None = None) -> Broken | None:
    """As `verify_chain`, of rows that were read."""
    previous, n = GENESIS, 0
    for n, row in enumerate(chain, start=1):
        if row.n != n:
            return Broken(n, f"row {n} is missing: row {row.n} stands in its place")
        if row.previous != previous:
            return Broken(n, "it does not follow from the row before")
        if hashlib.sha256(row.canonical()).hexdigest() != row.hash:
            return Broken(n, "its content is not that of its hash")
        if anchor is not None and anchor[0] == n and anchor[1] != row.hash:
            return Broken(n, "it is not the row of the anchor")
        previous = row.hash
    if anchor is not None and anchor[0] > n:
        return Broken(n + 1, f"the log ends at row {n}, before the anchor at row {anchor[0]}")
    return None


def anchor(store: LabStore) -> tuple[int, str]:
    """(n, hash) of the last row: printed and kept outside, it fixes all that was written so far."""
    with store.reading() as connection:
        last = connection.execute("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    return (int(last["n"]), str(last["hash"])) if last else (0, GENESIS)


def export_jsonl(store: LabStore, path: Path) -> int:
    """Write the log, a JSON object a line; returns the number of rows."""
    found = rows(store)
    write_text(path, "".join(_json(asdict(row)) + "\n" for row in found))
    return len(found)


def read_jsonl(path: Path) -> list[AuditRow]:
    """An exported log.

    Raises:
        InputError: a line is not a row of the log.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(AuditRow(**json.loads(line)))
        except (ValueError, TypeError):
            raise InputError(f"line {number} of {path.name} is not a row of an audit log") from None
    return found


def utc(at: float) -> str:
    """Seconds since 1970 as ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def checked_code(value: object) -> object:
    """The value, where it is a number or a code without white space.

    Raises:
        ValueError: it could be a name or free text.
    """
    if value is None or isinstance(value, bool | int | float) or _CODE.fullmatch(str(value)):
        return value
    raise ValueError("only numbers and codes go into the audit log")


def _checked(told: Detail | None) -> dict[str, object]:
    return {str(checked_code(key)): checked_code(value) for key, value in (told or {}).items()}


def _rows(connection: sqlite3.Connection, after: int = 0) -> Iterator[AuditRow]:
    told = f"SELECT {', '.join(_COLUMNS)} FROM audit WHERE n > ? ORDER BY n"
    for row in connection.execute(told, (after,)):
        yield AuditRow(*row)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
