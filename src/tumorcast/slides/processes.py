"""Whether a process of this machine runs, and when it began: on Linux by /proc, on Windows by its handle."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

_QUERY_LIMITED, _STILL_ACTIVE, _ACCESS_DENIED = 0x1000, 259, 5


def is_alive(process: int) -> bool:
    """Whether a process of this number runs; the same number may by now be another's: see `born`."""
    if sys.platform == "win32":  # os.kill(process, 0) would end it there
        return windows_state(_kernel(), process)[0]
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def born(process: int) -> str:
    """When it began, in the system's own unit: a process that uses a number again differs; "" where unknown."""
    if sys.platform == "win32":
        return windows_state(_kernel(), process)[1]
    try:  # field 22; the name of the process, in brackets before it, may hold spaces
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return told.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def windows_state(kernel: Any, process: int) -> tuple[bool, str]:
    """(runs, began in steps of 100 ns since 1601, "" unknown).

    Args:
        kernel: kernel32 with `GetLastError`.
    """
    import ctypes

    handle = kernel.OpenProcess(_QUERY_LIMITED, False, process)
    if not handle:
        return kernel.GetLastError() == _ACCESS_DENIED, ""
    try:
        code, times = ctypes.c_uint32(), [ctypes.c_uint64() for _ in range(4)]
        if kernel.GetExitCodeProcess(handle, ctypes.byref(code)) and code.value != _STILL_ACTIVE:
            return False, ""
        told = kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
        return True, str(times[0].value) if told else ""
    finally:
        kernel.CloseHandle(handle)


@cache
def _kernel() -> Any:
    """kernel32; handles are pointers, which ctypes would cut to 32 bits."""
    import ctypes

    library: Any = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009  (unknown to type checkers elsewhere)
    library.OpenProcess.restype = ctypes.c_void_p
    library.OpenProcess.argtypes = (ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32)
    for name, count in (("GetExitCodeProcess", 1), ("GetProcessTimes", 4), ("CloseHandle", 0)):
        getattr(library, name).argtypes = (ctypes.c_void_p,) * (1 + count)
    return library
