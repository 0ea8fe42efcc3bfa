"""The worker is a process of its own: started with the server, started again when it ends, stopped with it."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

_LOG = logging.getLogger("tumorcast.web")
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_STEADY_S, _MANY_FAILURES = 60.0, 3
_STOP_S = 20.0


class WorkerSupervisor:
    """Keeps one process running.

    The process's standard input is a pipe that nobody writes to: it ends when the server ends, however it ends,
    and the worker takes that as the sign to stop.

    Args:
        command: of the worker.
        note_restart: called when a worker that ended by a failure is replaced.
    """

    def __init__(self, command: Sequence[str], note_restart: Callable[[], None]) -> None:
        self._command, self._note_restart = list(command), note_restart
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._ended_at = time.monotonic()
        self._failures = 0
        self._thread = threading.Thread(target=self._watch, name="worker-supervisor", daemon=True)

    def start(self) -> None:
        """Start the worker and watch over it."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker: it gives its job back; after some seconds it is ended from outside."""
        self._stopping.set()
        process = self._process
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(_STOP_S)

    def silent_seconds(self) -> float:
        """How long no worker has been running; 0 while one runs."""
        process = self._process
        if process is not None and process.poll() is None:
            return 0.0
        return time.monotonic() - self._ended_at

    @property
    def is_failing(self) -> bool:
        """Whether the last workers ended by failures, one soon after the other."""
        return self._failures >= _MANY_FAILURES

    @property
    def pid(self) -> int | None:
        """Of the worker, None between two of them."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def _watch(self) -> None:
        wait = _FIRST_WAIT_S
        while not self._stopping.is_set():
            began = time.monotonic()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
            code = self._process.wait()
            self._ended_at = time.monotonic()
            if self._stopping.is_set():
                return
            if code == 0:
                self._failures = 0
                continue
            self._note_restart()
            was_steady = self._ended_at - began > _STEADY_S
            self._failures = 1 if was_steady else self._failures + 1
            wait = _FIRST_WAIT_S if was_steady else min(2 * wait, _LONGEST_WAIT_S)
            _LOG.error("the worker ended with %d; the next starts in %.1f s", code, wait)
            self._stopping.wait(wait)
