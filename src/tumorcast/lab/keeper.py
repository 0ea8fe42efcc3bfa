"""Keeps a job's lease while it is worked on, from a thread of its own, and notices when work must stop."""

from __future__ import annotations

import sqlite3
import threading
from types import TracebackType

from tumorcast.lab.jobs import Job
from tumorcast.lab.leases import LeaseLostError, heartbeat
from tumorcast.lab.store import LabStore

_BEATS_A_LEASE = 4
_MOST_BETWEEN_S = 1.0


class StopWork(BaseException):
    """The job was taken away or cancelled, or the worker is to end."""


class Keeper:
    """Heartbeats of one job; what is told goes out with the next one.

    Attributes:
        is_lost: the job is not this worker's any more.
    """

    def __init__(self, store: LabStore, job: Job, is_ending: threading.Event) -> None:
        self._store, self._job, self._is_ending = store, job, is_ending
        self._over = threading.Event()
        self._told: tuple[str, int, int] = ("", 0, 0)
        self.is_lost = False
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """How far the job is.

        Raises:
            StopWork: it need not go on.
        """
        self._told = (name, done, total)
        if self.is_lost or self._is_ending.is_set():
            raise StopWork

    def _beat(self) -> None:
        wait = 0.0
        while not self._over.wait(wait):
            wait = min(self._store.config.lease_s / _BEATS_A_LEASE, _MOST_BETWEEN_S)
            try:
                heartbeat(self._store, self._job, *self._told)
            except LeaseLostError:
                self.is_lost = True
                return
            except sqlite3.OperationalError:  # busy for half a minute: the lease is longer than that
                continue
