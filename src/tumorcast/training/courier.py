"""A process of its own that sends a run's journal while the run goes on: training never waits for a server.

`python -m tumorcast.training.courier FOLDER` sends what is new every few seconds; when its standard input ends (the run
is over, or its process is gone) it sends the rest and ends. The address comes by the environment, never by the command
line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

_ADDRESS = "TUMORCAST_COURIER_URI"
_PAUSE, _LONGEST_PAUSE = 2.0, 60.0
_WAIT = "TUMORCAST_COURIER_WAIT"
_LONGER = 30.0


class Courier:
    """The process seen from the run.

    Args:
        wait: seconds after the end of the run for which it goes on at most, should nobody end it.
    """

    def __init__(self, folder: Path, uri: str, wait: float) -> None:
        package = Path(__file__).resolve().parents[2]
        path = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
        words = [sys.executable, "-m", "tumorcast.training.courier", str(folder)]
        self._log = folder / "tracking" / "courier.log"
        own = {"PYTHONPATH": path, _ADDRESS: uri, _WAIT: str(wait), "CUDA_VISIBLE_DEVICES": ""}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **own},
            )

    def finish(self, seconds: float) -> str:
        """Let it send the rest; empty where all was sent in time, else why not. It is ended where it was not."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            return "" if self._process.wait(seconds) == 0 else self._last_words()
        except subprocess.TimeoutExpired:
            return f"not done within {seconds:g} s"
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), f"see {self._log}")


def main(folder: Path, uri: str, wait: float) -> int:
    """Send until standard input ends, then once more.

    Returns:
        0 all was sent, 1 not.
    """
    over = threading.Event()
    threading.Thread(target=_wait_for_end, args=(over, wait), daemon=True).start()
    pause = _PAUSE
    while not over.is_set():
        pause = _PAUSE if _try(folder, uri) else min(2 * pause, _LONGEST_PAUSE)
        over.wait(pause)
    return 0 if _try(folder, uri) else 1


def _try(folder: Path, uri: str) -> bool:
    from tumorcast.domain.errors import TumorcastError
    from tumorcast.training.delivery import deliver
    from tumorcast.training.journal import journal_of, read_events
    from tumorcast.training.sent import Sent, problem_of

    try:
        known = Sent.of(folder, uri)
        if not known.problem and not read_events(journal_of(folder), known.lines):
            return True
        deliver(folder, uri)
    except TumorcastError as error:
        print(time.strftime("%Y-%m-%d %H:%M:%S"), problem_of(error), flush=True)
        return False
    return True


def _wait_for_end(over: threading.Event, wait: float) -> None:
    with suppress(OSError, ValueError):
        while os.read(0, 4096):
            pass
    over.set()
    time.sleep(min(wait + _LONGER, threading.TIMEOUT_MAX))
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), os.environ[_ADDRESS], float(os.environ[_WAIT])))
