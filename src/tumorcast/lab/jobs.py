"""Jobs: a queue in the database. One worker has a job at a time, for as long as it keeps its lease."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import Detail, record
from tumorcast.lab.errors import ConflictError, no_such
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, require

State = Literal["queued", "running", "done", "failed", "cancelled"]
JobKind = Literal["predict", "control"]
_OPEN = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """A prediction of one case with one bundle; times in seconds since 1970.

    Attributes:
        kind: "predict" makes a report, "control" a prediction that is kept for the site's verification alone.
        options: plain values for the worker.
        stage, done, total: how far the worker is; `total` 0: not known.
        attempts: how often a worker has taken it.
        error_code, error: why it failed; `error` may name the patient's files and is for the lab alone.
    """

    id: str
    case_id: str
    bundle_id: str
    kind: JobKind
    options: dict[str, object]
    state: State
    stage: str
    done: int
    total: int
    attempts: int
    worker: str | None
    lease_until: float | None
    error_code: str
    error: str
    submitted: float
    submitted_by: str
    started: float | None
    ended: float | None


JOB_COLUMNS = ", ".join(Job.__dataclass_fields__)


def submit(
    store: LabStore,
    user: User,
    case_id: str,
    bundle_id: str | None = None,
    kind: JobKind = "predict",
    options: Mapping[str, object] | None = None,
) -> Job:
    """Put a job into the queue.

    Args:
        bundle_id: None: the active one.

    Raises:
        NotFoundError: no such case or bundle.
        ConflictError: the bundle is retired or revoked, or not verified here where the lab asks for that, none is
            active, or the same job waits or runs.
    """
    require(user, "job.submit")
    if kind not in get_args(JobKind):
        raise InputError("there is no such kind of job", got=kind[:80], expected=", ".join(get_args(JobKind)))
    job_id, now = "j" + secrets.token_hex(8), store.clock()
    with store.transaction() as connection:
        if connection.execute("SELECT 1 FROM cases WHERE id = ?", (case_id,)).fetchone() is None:
            raise no_such("case", case_id)
        bundle = _usable_bundle(connection, bundle_id)
        if kind == "predict":
            _need_live(store, bundle)
        _need_no_twin(connection, case_id, bundle["id"], kind)
        connection.execute(
            "INSERT INTO jobs (id, case_id, bundle_id, kind, options, state, submitted, submitted_by)"
            " VALUES (?, ?, ?, ?, ?, 'queued', ?, ?)",
            (job_id, case_id, bundle["id"], kind, json.dumps(dict(options or {})), now, user.id),
        )
        objects = {"case": case_id, "job": job_id, "bundle": bundle["id"]}
        record(
            connection, now, user.id, "job.submitted", objects, {"kind": kind},
            (bundle["model_id"], bundle["seal"]),
        )  # fmt: skip
        return read_job(connection, job_id)


def get_job(store: LabStore, job_id: str) -> Job:
    """One job.

    Raises:
        NotFoundError: no such job.
    """
    with store.reading() as connection:
        return read_job(connection, job_id)


def list_jobs(
    store: LabStore, case_id: str | None = None, state: State | None = None, limit: int = 200
) -> list[Job]:
    """The newest first, of one case or all, in one state or any."""
    with store.reading() as connection:
        found = connection.execute(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE (? IS NULL OR case_id = ?) AND (? IS NULL OR state = ?)"
            " ORDER BY submitted DESC, id LIMIT ?",
            (case_id, case_id, state, state, limit),
        )
        return [job_of(row) for row in found]


def count_jobs(store: LabStore) -> dict[str, int]:
    """State -> how many jobs; every state is named."""
    with store.reading() as connection:
        found = dict(connection.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())
    return {state: int(found.get(state, 0)) for state in get_args(State)}


def cancel(store: LabStore, user: User, job_id: str) -> Job:
    """Stop a job that waits or runs; its worker notices at its next heartbeat.

    Raises:
        NotFoundError: no such job.
        ConflictError: it has ended already.
    """
    require(user, "job.cancel")
    with store.transaction() as connection:
        job = read_job(connection, job_id)
        if job.state not in _OPEN:
            raise ConflictError("the job has ended already", got=job.state)
        end_job(connection, store, job, "cancelled", user.id)
        return read_job(connection, job_id)


def open_jobs_of(connection: sqlite3.Connection, bundle_id: str) -> list[Job]:
    """Jobs of a bundle that wait or run, in the caller's transaction."""
    found = connection.execute(
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE bundle_id = ? AND state IN ('queued', 'running')", (bundle_id,)
    )
    return [job_of(row) for row in found]


def end_job(
    connection: sqlite3.Connection,
    store: LabStore,
    job: Job,
    state: State,
    user_id: str,
    code: str = "",
    why: str = "",
) -> None:
    """Close a job in the caller's transaction, with its line in the audit log."""
    now = store.clock()
    connection.execute(
        "UPDATE jobs SET state = ?, ended = ?, worker = NULL, lease_until = NULL, error_code = ?, error = ?"
        " WHERE id = ?",
        (state, now, code, why, job.id),
    )
    detail: Detail = {"attempts": job.attempts, "code": code}
    objects = {"case": job.case_id, "job": job.id, "bundle": job.bundle_id, "for": job.submitted_by}
    bundle = connection.execute(
        "SELECT model_id, seal FROM bundles WHERE id = ?", (job.bundle_id,)
    ).fetchone()
    record(connection, now, user_id, f"job.{state}", objects, detail, (bundle["model_id"], bundle["seal"]))


def _usable_bundle(connection: sqlite3.Connection, bundle_id: str | None) -> sqlite3.Row:
    if bundle_id is None:
        row = connection.execute("SELECT * FROM bundles WHERE state = 'active'").fetchone()
        if row is None:
            raise ConflictError("no bundle is active", fix="`tumorcast lab bundle activate FOLDER ID`")
        return row
    row = connection.execute("SELECT * FROM bundles WHERE id = ?", (bundle_id,)).fetchone()
    if row is None:
        raise no_such("bundle", bundle_id)
    if row["state"] in ("retired", "revoked"):
        raise ConflictError("the bundle may not be used any more", got=row["state"])
    return row


def _need_live(store: LabStore, bundle: sqlite3.Row) -> None:
    """Where the lab asks for it: the bundle is verified and signed for at this site."""
    if store.config.require_verification:
        from tumorcast.lab.site.marks import need_live

        need_live(store, bundle["model_id"], bundle["seal"])


def _need_no_twin(connection: sqlite3.Connection, case_id: str, bundle_id: str, kind: str) -> None:
    twin = connection.execute(
        "SELECT id FROM jobs WHERE case_id = ? AND bundle_id = ? AND kind = ? AND state IN ('queued', 'running')",
        (case_id, bundle_id, kind),
    ).fetchone()
    if twin:
        raise ConflictError("this case already waits or runs with this bundle", got=twin["id"])


def read_job(connection: sqlite3.Connection, job_id: str) -> Job:
    row = connection.execute(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise no_such("job", job_id)
    return job_of(row)


def job_of(row: sqlite3.Row) -> Job:
    return Job(**{**dict(row), "options": json.loads(row["options"])})
