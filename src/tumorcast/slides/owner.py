"""Which process owns a file in a shared folder, and whether it still runs."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PARTIAL = ".partial"


@dataclass(frozen=True)
class Owner:
    """A process on a machine.

    Attributes:
        machine: host, boot and process namespace: containers of one host number their processes anew.
        process: its number there.
        born: start of the process in clock ticks since boot, against reused numbers; empty where unknown.
    """

    machine: str
    process: int
    born: str

    @classmethod
    def me(cls) -> Owner:
        """This process."""
        return cls(_machine(), os.getpid(), _born(os.getpid()))

    @classmethod
    def from_text(cls, text: str) -> Owner | None:
        """Read back from `str(owner)`; None for anything else."""
        machine, _, rest = text.strip().partition(" ")
        process, _, born = rest.partition(" ")
        return cls(machine, int(process), born) if process.isdigit() else None

    def __str__(self) -> str:
        return f"{self.machine} {self.process} {self.born}".rstrip()

    def is_running(self) -> bool | None:
        """Whether the process runs; None for one of another machine, of which nothing is known here."""
        if self.machine != _machine():
            return None
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return _born(self.process) == self.born


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
    return process != os.getpid() and Owner(_machine(), process, _born(process)).is_running() is True


@cache
def _machine() -> str:
    parts = [socket.gethostname()]
    for place in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(os.readlink(place) if "/ns/" in place else Path(place).read_text())
        except OSError:
            continue
    return "/".join("".join(part.split()) for part in parts)


def _tag() -> str:
    """The machine in a few characters of a file name."""
    from hashlib import sha256

    return sha256(_machine().encode()).hexdigest()[:8]


def _born(process: int) -> str:
    """Field 22 of /proc/PID/stat; the name of the process, in brackets before it, may hold spaces."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
