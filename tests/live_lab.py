"""A lab served by a process of its own, as a user starts it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

SOURCE = Path(__file__).resolve().parents[1] / "src"
_PATIENCE_S = 90.0


@dataclass
class LiveSite:
    """A running server; `log` is what it printed and logged.

    Attributes:
        options: further arguments of `tumorcast serve`.
    """

    bundle: Path
    lab: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=lambda: _free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that it has said so far, over all its starts."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def token(self) -> str:
        """Of the first administrator."""
        found = re.search(r"tc_\S+", self.log)
        assert found is not None
        return found.group()

    @property
    def _log_path(self) -> Path:
        return self.lab.with_suffix(".log")

    def start(self) -> None:
        """Start, and wait until it is ready."""
        command = [
            sys.executable,
            "-m",
            "tumorcast.cli.main",
            "serve",
            str(self.bundle),
            "--lab",
            str(self.lab),
        ]
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self.options],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
            )
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.base}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError(self.log)

    def stop(self) -> None:
        """Ask it to end, and wait until it has ended in order."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(60)
        assert code in (0, -15), f"{code}\n{self.log}"


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
