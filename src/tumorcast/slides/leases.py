"""Who works on what in a shared folder: lease files that outlive neither their process nor their machine.

A lease is a file `NAME.GENERATION.lease` that only one process can create (a link), holds its owner and is
touched while the owner lives. It is void when its owner's process is gone (same machine) or when it was not
touched for `lease_seconds` (any machine; both times are the file system's, so clocks may differ). Taking over
creates the next generation, again exclusively, so two cannot take over the same; an owner that wakes up later
finds a higher generation and drops its work.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from tumorcast.slides.owner import Owner, remove

LEASE_SECONDS = 120.0
"""Longer than what network file systems keep of a file's times (60 s by default on NFS)."""

_BEATS = 8
_PAUSE_SECONDS = 0.05


class Leases:
    """Leases in one folder; use as a context. Safe to call from several threads. Names hold no dots.

    Args:
        folder: shared by all processes; made here, and removed by the last that leaves if nothing else is in it.
        lease_seconds: how long a silent owner on another machine keeps its leases.

    Attributes:
        began: the file system's time when this process came.
    """

    def __init__(self, folder: Path, lease_seconds: float = LEASE_SECONDS) -> None:
        self.folder, self.lease_seconds = folder, lease_seconds
        self._owner, self._lock, self._over = Owner.me(), Lock(), Event()
        self._held: dict[str, Path] = {}
        self._presence = self._announce()
        self.began = self._presence.stat().st_mtime
        self._heart = Thread(target=self._beat, name="leases", daemon=True)

    def __enter__(self) -> Leases:
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._heart.join()
        for name in list(self._held):
            self.release(name)
        if self.is_alone:
            self._tidy()
        remove(self._presence)
        left = list(self.folder.glob("*.lease"))  # looked for first: whoever comes now keeps theirs
        if not any(self.folder.glob("*.worker")):  # another left at the same moment: neither was alone
            for lease in left:
                remove(lease)
        with suppress(OSError):  # others are here
            self.folder.rmdir()

    def claim(self, name: str) -> bool:
        """True where this process now holds `name`; False where another does."""
        latest = self._latest(name)
        if latest is not None and self._is_valid(latest):
            return False
        path = self._path(name, 1 if latest is None else _generation(latest) + 1)
        if not self._create(path):
            return False
        with self._lock:
            self._held[name] = path
        return True

    def is_held(self, name: str) -> bool:
        """Whether a living process holds `name`, this one or another."""
        latest = self._latest(name)
        return latest is not None and self._is_valid(latest)

    def holds(self, name: str) -> bool:
        """False where another has taken over what this process had claimed."""
        latest = self._latest(name)
        return latest is not None and latest == self._held.get(name)

    def release(self, name: str) -> None:
        """Give up a lease, with the void ones before it; a successor tidies up both."""
        with self._lock:
            mine = self._held.pop(name, None)
        if mine is not None and self._latest(name) == mine:
            for generation in range(1, _generation(mine) + 1):  # mine last: until then the name is taken
                remove(self._path(name, generation))

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Wait until nobody else holds `name`, and hold it for a block."""
        while not self.claim(name):
            time.sleep(_PAUSE_SECONDS)
        try:
            yield
        finally:
            self.release(name)

    def _create(self, path: Path) -> bool:
        """A second name of the presence file: complete from its first moment, and touched along with it."""
        try:
            os.link(self._presence, path)
        except FileExistsError:
            return path.exists() and path.samefile(self._presence)  # a network that repeated the request
        except OSError:  # a file system without links
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(str(self._owner))
            except FileExistsError:
                return False
            except PermissionError:  # on Windows also while the last lease of this name is being removed
                if sys.platform == "win32":
                    return False
                raise
        return True

    def _latest(self, name: str) -> Path | None:
        found = None
        for generation in count(1):
            path = self._path(name, generation)
            if not path.exists():
                return found
            found = path
        return None

    def _path(self, name: str, generation: int) -> Path:
        return self.folder / f"{name}.{generation}.lease"

    def _is_valid(self, path: Path) -> bool:
        """An owner here must run; of one elsewhere, or not yet written, a recent touch is asked."""
        try:
            owner = Owner.from_text(path.read_text(encoding="utf-8"))
            is_running = owner.is_running() if owner else None
            if is_running is not None:
                return is_running
            touched = path.stat().st_mtime
        except FileNotFoundError:
            return False
        os.utime(self._presence)
        return self._presence.stat().st_mtime - touched < self.lease_seconds

    def _beat(self) -> None:
        while not self._over.wait(self.lease_seconds / _BEATS):
            with self._lock:
                alive = [self._presence, *self._held.values()]
            for path in alive:
                with suppress(OSError):  # taken over and tidied away: `holds` tells
                    os.utime(path)

    def _announce(self) -> Path:
        """A file that says that this process is here; made again where the last one to leave was tidying up."""
        path = self.folder / f"{uuid.uuid4().hex}.worker"
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                path.write_text(str(self._owner), encoding="utf-8")
            except FileNotFoundError:
                continue
            return path

    @property
    def is_alone(self) -> bool:
        """True where no other living process has come to the folder."""
        others = [path for path in self.folder.glob("*.worker") if path != self._presence]
        return not any(self._is_valid(path) for path in others)

    def _tidy(self) -> None:
        """What dead processes left."""
        for presence in self.folder.glob("*.worker"):
            if not self._is_valid(presence):
                remove(presence)
        for name in {lease.name.split(".")[0] for lease in self.folder.glob("*.lease")}:
            if self.claim(name):
                self.release(name)


def _generation(path: Path) -> int:
    return int(path.name.split(".")[-2])
