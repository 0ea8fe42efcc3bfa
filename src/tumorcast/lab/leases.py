"""What a worker does with jobs: claim one, show that it lives, finish or fail; all by the clock of its lease."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tumorcast.lab.audit import Detail, record
from tumorcast.lab.errors import ConflictError
from tumorcast.lab.jobs import JOB_COLUMNS, Job, end_job, job_of, read_job
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import SYSTEM
from tumorcast.readers.files import digest

_WORKER_DIED = "worker_died"
_PLACE_TRIES, _PLACE_WAIT_S = 20, 0.1


class LeaseLostError(ConflictError):
    """The job is not this worker's any more: it was too slow, or someone cancelled the job."""

    code = "lease_lost"


@dataclass(frozen=True)
class Outcome:
    """What a job came to.

    Attributes:
        status: of the report ("predicted", "refused", ...).
        reason: why there is no number; "".
        summary: plain values for worklist and charts; no names.
    """

    status: str
    reason: str
    summary: Mapping[str, object]


def claim(store: LabStore, worker: str) -> Job | None:
    """The oldest job that waits, or whose worker is lost; None where there is none.

    A job whose workers were lost `max_attempts` times is failed instead.
    """
    with store.transaction() as connection:
        while (job := _oldest(connection, store.clock())) is not None:
            if job.attempts < store.config.max_attempts:
                return _take(connection, store, job, worker)
            why = f"{job.attempts} workers ended in the middle of this job"
            end_job(connection, store, job, "failed", SYSTEM.id, _WORKER_DIED, why)
    return None


def is_waiting(store: LabStore) -> bool:
    """Whether there is something to claim; asks without becoming the one writer."""
    with store.reading() as connection:
        return _oldest(connection, store.clock()) is not None


def heartbeat(
    store: LabStore, job: Job, stage: str | None = None, done: int | None = None, total: int | None = None
) -> None:
    """Keep the lease, and tell how far the job is.

    Raises:
        LeaseLostError: the job is not this worker's any more; stop working on it.
    """
    with store.transaction() as connection:
        _need_lease(connection, job)
        connection.execute(
            "UPDATE jobs SET lease_until = ?, stage = COALESCE(?, stage), done = COALESCE(?, done),"
            " total = COALESCE(?, total) WHERE id = ?",
            (store.clock() + store.config.lease_s, stage, done, total, job.id),
        )


def finish(store: LabStore, job: Job, outcome: Outcome, work: Path | None = None) -> str | None:
    """Write the result once, and put the report's folder in place; returns the report's id.

    Args:
        work: finished folder of the report's first version, on the lab's disk; None: the job makes no report.

    Raises:
        LeaseLostError: the job is not this worker's any more; nothing was written.
    """
    report_id = None if work is None else "r" + job.id[1:]
    with store.transaction() as connection:
        _need_lease(connection, job)
        now = store.clock()
        connection.execute(
            "INSERT INTO results (job_id, status, reason, summary, written) VALUES (?, ?, ?, ?, ?)",
            (job.id, outcome.status, outcome.reason, json.dumps(dict(outcome.summary)), now),
        )
        end_job(connection, store, read_job(connection, job.id), "done", SYSTEM.id)
        if work is not None and report_id is not None:
            _issue(connection, report_id, job, now, digest(work / "report.json"))
            put_in_place(work, store.report_folder(report_id) / "v1")
    return report_id


def fail(store: LabStore, job: Job, code: str, why: str) -> None:
    """The job cannot be done; trying again would not help.

    Args:
        code: stable, for the audit log.
        why: for the lab's people; may name files.

    Raises:
        LeaseLostError: the job is not this worker's any more.
    """
    with store.transaction() as connection:
        _need_lease(connection, job)
        end_job(connection, store, read_job(connection, job.id), "failed", SYSTEM.id, code, why)


def give_back(store: LabStore, job: Job) -> None:
    """The worker ends in order: the job waits again, and the attempt does not count."""
    with store.transaction() as connection:
        _need_lease(connection, job)
        connection.execute(
            "UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL, attempts = attempts - 1"
            " WHERE id = ?",
            (job.id,),
        )


def put_in_place(work: Path, place: Path) -> None:
    """Rename a folder; what lies there is of a try that was never recorded, and goes.

    A scanner for viruses may hold a file open on Windows for a moment: it is tried again for two seconds.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    for left in reversed(range(_PLACE_TRIES)):
        try:
            os.replace(work, place)
            return
        except PermissionError:
            if not left:
                raise
            time.sleep(_PLACE_WAIT_S)


def _oldest(connection: sqlite3.Connection, now: float) -> Job | None:
    row = connection.execute(
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE state = 'queued' OR (state = 'running' AND lease_until < ?)"
        " ORDER BY submitted, id LIMIT 1",
        (now,),
    ).fetchone()
    return None if row is None else job_of(row)


def _take(connection: sqlite3.Connection, store: LabStore, job: Job, worker: str) -> Job:
    now = store.clock()
    connection.execute(
        "UPDATE jobs SET state = 'running', worker = ?, lease_until = ?, attempts = attempts + 1, stage = '',"
        " done = 0, total = 0, started = COALESCE(started, ?) WHERE id = ?",
        (worker, now + store.config.lease_s, now, job.id),
    )
    detail: Detail = {"worker": worker, "attempt": job.attempts + 1}
    record(connection, now, SYSTEM.id, "job.started", {"case": job.case_id, "job": job.id}, detail)
    return read_job(connection, job.id)


def _need_lease(connection: sqlite3.Connection, job: Job) -> None:
    """A lease that ran out still holds as long as nobody else has taken the job."""
    row = connection.execute(
        "SELECT 1 FROM jobs WHERE id = ? AND state = 'running' AND worker = ? AND attempts = ?",
        (job.id, job.worker, job.attempts),
    ).fetchone()
    if row is None:
        raise LeaseLostError("the job is not this worker's any more", got=job.id)


def _issue(connection: sqlite3.Connection, report_id: str, job: Job, now: float, sha256: str) -> None:
    connection.execute(
        "INSERT INTO reports (id, job_id, version, status) VALUES (?, ?, 1, 'preliminary')",
        (report_id, job.id),
    )
    connection.execute(
        "INSERT INTO report_versions (report_id, version, status, by, by_name, at, comment, sha256)"
        " VALUES (?, 1, 'preliminary', ?, '', ?, '', ?)",
        (report_id, SYSTEM.id, now, sha256),
    )
    record(
        connection, now, SYSTEM.id, "report.made", {"case": job.case_id, "job": job.id, "report": report_id}
    )
