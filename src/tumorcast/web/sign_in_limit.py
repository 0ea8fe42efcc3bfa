"""Guessing is slow: after some failed sign-ins an address waits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

_MOST_ADDRESSES = 10_000


class SignInLimit:
    """Failed sign-ins of the last minutes, by address; kept in memory.

    Args:
        tries: failures in the window after which an address is refused.
        minutes: the window.
        clock: seconds that only go up.
    """

    def __init__(self, tries: int, minutes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tries, self._seconds, self._clock = tries, 60 * minutes, clock
        self._failures: dict[str, deque[float]] = {}
        self._lock = Lock()

    def wait_seconds(self, address: str) -> float:
        """How long an address has to wait; 0 where it may try."""
        with self._lock:
            failures = self._recent(address)
            if len(failures) < self._tries:
                return 0.0
            return max(0.0, failures[-self._tries] + self._seconds - self._clock())

    def note_failure(self, address: str) -> None:
        """An address failed."""
        with self._lock:
            failures = self._recent(address)
            failures.append(self._clock())
            self._failures[address] = failures
            while len(self._failures) > _MOST_ADDRESSES:
                self._failures.pop(next(iter(self._failures)))

    def note_success(self, address: str) -> None:
        """An address got in: its failures are forgotten."""
        with self._lock:
            self._failures.pop(address, None)

    def _recent(self, address: str) -> deque[float]:
        failures = self._failures.get(address, deque())
        while failures and failures[0] <= self._clock() - self._seconds:
            failures.popleft()
        return failures
