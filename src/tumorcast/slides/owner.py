"""Which process owns a file in a shared folder, and whether it still runs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tumorcast.slides.processes import born, is_alive

_PARTIAL = ".partial"


@dataclass(frozen=True)
class Owner:
    """A process on a machine.

    Attributes:
        machine: host, boot and process namespace: containers of one host number their processes anew.
        process: its number there.
        born: start of the process, against reused numbers (`processes.born`); empty where unknown.
    """

    machine: str
    process: int
    born: str

    @classmethod
    def me(cls) -> Owner:
        """This process."""
        return cls(_machine(), os.getpid(), born(os.getpid()))

    @classmethod
    def from_text(cls, text: str) -> Owner | None:
        """Read back from `str(owner)`; None for anything else."""
        machine, _, rest = text.strip().partition(" ")
        process, _, born = rest.partition(" ")
        return cls(machine, int(process), born) if process.isdigit() else None

    def __str__(self) -> str:
        return f"{self.machine} {self.process} {self.born}".rstrip()

    def is_running(self) -> bool | None:
        """Whether the process runs; None where that cannot be known: of another machine, or another user's."""
        if self.machine != _machine():
            return None
        if not is_alive(self.process):
            return False
        began = born(self.process)
        return None if not began and self.born else began == self.born


def partial_path(path: Path) -> Path:
    """A temporary name beside `path` that tells who writes it."""
    return path.with_name(f".{path.name}.{_tag()}.{os.getpid()}{_PARTIAL}")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A name to write to, in the folder of `path` (made if needed), that becomes `path` when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial_path(path)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Delete a file that may be gone; on Windows one that another process is just reading is tried again."""
    for pause in (0.01, 0.1, 0.5):
        try:
            return path.unlink(missing_ok=True)
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(pause)
    with suppress(PermissionError):  # void without it: its owner's process ends, or it is not touched again
        path.unlink(missing_ok=True)


def remove_partials(folder: Path) -> int:
    """Delete what killed processes of this machine left half-written below `folder`; returns how many."""
    ours = re.compile(rf"\.{re.escape(_tag())}\.(\d+){re.escape(_PARTIAL)}$")
    removed = 0
    for leftover in folder.rglob(f".*{_PARTIAL}"):
        found = ours.search(leftover.name)
        if found and not _is_running(int(found[1])):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
            removed += 1
    return removed


def _is_running(process: int) -> bool:
    return process != os.getpid() and is_alive(process)


@cache
def _machine() -> str:
    """Windows has no boots to tell apart here: its times of birth are of the calendar."""
    parts = [socket.gethostname()]
    if sys.platform == "linux":
        with suppress(OSError):
            parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        with suppress(OSError):
            parts.append(os.readlink("/proc/self/ns/pid"))
    return "/".join("".join(part.split()) for part in parts)


def _tag() -> str:
    """The machine in a few characters of a file name."""
    from hashlib import sha256

    return sha256(_machine().encode()).hexdigest()[:8]
