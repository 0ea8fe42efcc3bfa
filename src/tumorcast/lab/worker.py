"""`python -m tumorcast.lab.worker FOLDER`: takes jobs until its supervisor ends it, or enough were done.

It ends when its standard input does: when the supervisor closes it or dies. The job at hand goes back to the queue.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tumorcast.domain.errors import TumorcastError
from tumorcast.lab.cases import has_case
from tumorcast.lab.events import log_event, where
from tumorcast.lab.job_run import OpenBundle, run_job
from tumorcast.lab.jobs import Job
from tumorcast.lab.keeper import Keeper, StopWork
from tumorcast.lab.leases import LeaseLostError, claim, fail, finish, give_back, is_waiting
from tumorcast.lab.retention import sweep_orphans
from tumorcast.lab.store import LabStore
from tumorcast.lab.uploads import sweep_parts

_IDLE_S = 0.5


def work(store: LabStore, worker: str, is_ending: threading.Event, most_jobs: int | None = None) -> int:
    """Take jobs until told to end, or `most_jobs` were taken; returns how many."""
    opened, taken = OpenBundle(store), 0
    while not is_ending.is_set() and (most_jobs is None or taken < most_jobs):
        job = claim(store, worker) if is_waiting(store) else None
        if job is None:
            is_ending.wait(_IDLE_S)
            continue
        taken += 1
        log_event("job.started", worker=worker, job=job.id, case=job.case_id, attempt=job.attempts)
        try:
            told = _do(store, job, opened, is_ending)
        except LeaseLostError:
            told = "lease_lost"
        finally:
            _sweep(store, job)
        log_event("job.ended", worker=worker, job=job.id, outcome=told)
    return taken


def _do(store: LabStore, job: Job, opened: OpenBundle, is_ending: threading.Event) -> str:
    """Work on one job to its end; every failure becomes a reason."""
    keeper = Keeper(store, job, is_ending)
    try:
        with keeper:
            outcome, folder = run_job(store, job, opened, keeper.stage)
        finish(store, job, outcome, folder if job.kind == "predict" else None)
        return outcome.status
    except (StopWork, KeyboardInterrupt):
        is_lost = keeper.is_lost
        if not is_lost:
            is_ending.set()
            give_back(store, job)
        return "taken_away" if is_lost else "given_back"
    except LeaseLostError:
        raise
    except TumorcastError as error:
        code = getattr(error, "code", type(error).__name__)
        fail(store, job, code, str(error))
        return code
    except Exception as error:  # whatever one job does must not sink the others
        log_event("job.error", job=job.id, where=where(error))
        fail(store, job, "internal", f"an error of the software, {where(error)}: tell its makers")
        return "internal"


def _sweep(store: LabStore, job: Job) -> None:
    """Folders of this try and of those before it (killed, perhaps) that were not put in place; an erased case's."""
    for attempt in range(1, job.attempts + 1):
        shutil.rmtree(store.folder / "reports" / f".work-{job.id}-{attempt}", ignore_errors=True)
    if not has_case(store, job.case_id):
        shutil.rmtree(store.case_folder(job.case_id), ignore_errors=True)


def _watch_stdin(is_ending: threading.Event) -> None:
    """Set the event when standard input ends; the raw descriptor is read, so that the process can end meanwhile."""
    with suppress(OSError):
        while os.read(0, 1):
            continue
    is_ending.set()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one worker; 0 when it ended in order."""
    parser = argparse.ArgumentParser(prog="python -m tumorcast.lab.worker")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--id", default="w" + secrets.token_hex(4))
    parser.add_argument("--jobs", type=int, default=None, help="end after so many jobs")
    arguments = parser.parse_args(argv)
    is_ending = threading.Event()
    threading.Thread(target=_watch_stdin, args=(is_ending,), daemon=True).start()
    store = LabStore.open(arguments.folder)
    most = arguments.jobs or store.config.jobs_per_worker
    log_event("worker.started", worker=arguments.id, pid=os.getpid())
    try:
        sweep_orphans(store)
        sweep_parts(store)
        taken = work(store, arguments.id, is_ending, most)
    except KeyboardInterrupt:
        return 0
    finally:
        store.close()
    log_event("worker.ended", worker=arguments.id, jobs=taken)
    return 0


if __name__ == "__main__":
    sys.exit(main())
