"""Erasing patients: files, results, reports and names go; the audit log keeps that case N was erased, by whom, why."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path

from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import record
from tumorcast.lab.errors import ConflictError, LabError, no_such
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, require

REASONS = ("patient_request", "consent_withdrawn", "retention_over", "wrong_upload", "other")
"""Codes, because free text could name the patient."""

_DAY_S = 86400.0
_TRIES, _WAIT_S = 60, 0.5
_TEMPORARY_S = 86400.0


def erase_cases(store: LabStore, user: User, case_ids: list[str], reason: str) -> list[str]:
    """Erase cases, all or none; returns their ids.

    Raises:
        NotFoundError: no such case.
        ConflictError: a job of one of them runs.
        LabError: erased, but another process held the database's log open: `scrub` again.
    """
    require(user, "patient.erase")
    if reason not in REASONS:
        raise InputError("there is no such reason", got=reason[:80], expected=", ".join(REASONS))
    folders: list[Path] = []
    with store.transaction() as connection:
        for case_id in case_ids:
            folders += _forget(connection, store, user, case_id, reason)
    for folder in folders:
        _remove(folder)
    scrub(store)
    return case_ids


def due_for_erasure(store: LabStore) -> list[str]:
    """Cases whose retention period is over, by the time they were last changed; empty where no period is set."""
    days = store.config.retention_days
    if days is None:
        return []
    with store.reading() as connection:
        found = connection.execute(
            "SELECT id FROM cases WHERE changed < ? ORDER BY changed", (store.clock() - days * _DAY_S,)
        )
        return [row["id"] for row in found]


def sweep_orphans(store: LabStore) -> int:
    """Remove folders of cases and reports that the database does not know, and old temporary ones; returns how many.

    A process that was killed in the middle of an erasure leaves such folders, and so does a job whose case was erased.
    """
    count = 0
    with store.transaction() as connection:  # nobody adds a case meanwhile
        for name in ("cases", "reports"):
            known = {row["id"] for row in connection.execute(f"SELECT id FROM {name}")}
            for folder in (store.folder / name).iterdir():
                is_temporary = folder.name.startswith(".")
                age = time.time() - folder.stat().st_mtime
                if folder.name not in known and (not is_temporary or age > _TEMPORARY_S):
                    shutil.rmtree(folder, ignore_errors=True)
                    count += 1
    return count


def scrub(store: LabStore) -> None:
    """Rewrite the database and cut its log to nothing, so that no byte of what was deleted stays in a file.

    Raises:
        LabError: another process reads or writes all the time.
    """
    for _ in range(_TRIES):
        try:
            if _scrubbed(store):
                return
        except sqlite3.OperationalError:
            pass
        time.sleep(_WAIT_S)
    raise LabError(
        "the database's log could not be cut: bytes of what was erased may still be in lab.sqlite-wal",
        fix="stop the server, then `tumorcast lab erase FOLDER --scrub`",
    )


def _forget(
    connection: sqlite3.Connection, store: LabStore, user: User, case_id: str, reason: str
) -> list[Path]:
    """Delete a case's rows; returns its folders."""
    if connection.execute("SELECT 1 FROM cases WHERE id = ?", (case_id,)).fetchone() is None:
        raise no_such("case", case_id)
    running = connection.execute(
        "SELECT id FROM jobs WHERE case_id = ? AND state = 'running'", (case_id,)
    ).fetchone()
    if running:
        raise ConflictError("a job of this case runs", got=running["id"], fix="cancel it first")
    reports = connection.execute(
        "SELECT r.id FROM reports r JOIN jobs j ON j.id = r.job_id WHERE j.case_id = ?", (case_id,)
    ).fetchall()
    connection.execute("DELETE FROM cases WHERE id = ?", (case_id,))
    record(connection, store.clock(), user.id, "case.erased", {"case": case_id}, {"reason": reason})
    return [store.case_folder(case_id), *(store.report_folder(row["id"]) for row in reports)]


def _remove(folder: Path) -> None:
    """Take a folder off the disk; on Windows a file that someone reads can go only a moment later."""
    for left in reversed(range(_TRIES)):
        try:
            shutil.rmtree(folder)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if not left:
                raise LabError(
                    "files of an erased case are still open in another program",
                    got=error.strerror,
                    fix="close it, then `tumorcast lab erase FOLDER --scrub`",
                ) from None
            time.sleep(_WAIT_S)


def _scrubbed(store: LabStore) -> bool:
    with store.connection() as connection:
        connection.execute("VACUUM")
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy
