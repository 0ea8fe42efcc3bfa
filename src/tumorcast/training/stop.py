"""A training that is asked to stop: the step at hand is finished, the state written, the process left."""

from __future__ import annotations

import signal
import sys
import threading
import time
from enum import IntEnum

EXIT_CODE = 75
"""Of a process that stopped on request and goes on with the same command (EX_TEMPFAIL of sysexits.h)."""

SIGNALS = ("SIGTERM", "SIGUSR1")
"""Those that ask for it; Windows has the first alone."""


class Stopped(SystemExit):
    """Leaves the process with `EXIT_CODE`; what was trained so far is on disk."""

    def __init__(self) -> None:
        super().__init__(EXIT_CODE)


class Wish(IntEnum):
    """What a process wants to happen before the next step; of several processes the greatest counts."""

    NOTHING = 0
    WRITE = 1
    STOP = 2


class Wishes:
    """The wish of this process: to stop once a signal came, to write the state every `minutes`."""

    def __init__(self, minutes: float | None) -> None:
        self.minutes, self.is_asked, self._since = minutes, False, time.monotonic()

    def listen(self) -> None:
        """Take the signals over, in the main thread; whoever had them takes them back."""
        if threading.current_thread() is threading.main_thread():
            for number in filter(None, (getattr(signal, name, None) for name in SIGNALS)):
                signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.is_asked = True

    def now(self) -> Wish:
        """The wish at this moment."""
        if self.is_asked:
            return Wish.STOP
        is_due = self.minutes is not None and time.monotonic() - self._since >= 60 * self.minutes
        return Wish.WRITE if is_due else Wish.NOTHING

    def written(self) -> None:
        """The state has just been written."""
        self._since = time.monotonic()


def leave_on_signal() -> None:
    """Outside of a fit nothing needs to be written: leave at once, with `EXIT_CODE`."""

    def leave(*_: object) -> None:
        print("stopped on request; the same command goes on where it stopped", file=sys.stderr, flush=True)
        raise Stopped

    for number in filter(None, (getattr(signal, name, None) for name in SIGNALS)):
        signal.signal(number, leave)
