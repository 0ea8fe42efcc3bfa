"""Processes by their numbers, here and as Windows tells of them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tumorcast.slides.processes import born, is_alive, windows_state


def test_this_process_runs_and_an_ended_one_does_not():
    assert is_alive(os.getpid())
    assert born(os.getpid()) == born(os.getpid())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not is_alive(ended.pid)
    assert born(ended.pid) == ""


class Kernel:
    """kernel32 with one process."""

    def __init__(self, handle: int, code: int = 259, error: int = 87, has_times: bool = True) -> None:
        self.handle, self.code, self.error, self.has_times, self.closed = handle, code, error, has_times, 0

    def OpenProcess(self, access, inherits, process):  # noqa: N802
        return self.handle

    def GetLastError(self):  # noqa: N802
        return self.error

    def GetExitCodeProcess(self, handle, code):  # noqa: N802
        code._obj.value = self.code
        return 1

    def GetProcessTimes(self, handle, began, *others):  # noqa: N802
        began._obj.value = 134_000_000_000_000_000
        return self.has_times

    def CloseHandle(self, handle):  # noqa: N802
        self.closed += 1


@pytest.mark.parametrize(
    ("kernel", "state"),
    [
        (Kernel(7), (True, "134000000000000000")),
        (Kernel(7, code=0), (False, "")),
        (Kernel(0), (False, "")),
        (Kernel(0, error=5), (True, "")),
        (Kernel(7, has_times=False), (True, "")),
    ],
)
def test_windows_tells_by_its_handles(kernel, state):
    assert windows_state(kernel, 12) == state
    assert kernel.closed == (kernel.handle != 0)
