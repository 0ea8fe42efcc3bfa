"""Slides shared out among processes: claimed one by one, what became of each told to the others."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from tumorcast.slides.leases import LEASE_SECONDS, Leases
from tumorcast.slides.owner import partial_path
from tumorcast.slides.report import ReportRow

FOLDER = ".encoding"
"""Below the output folder, while anybody encodes."""

_READABLE = 80


class WorkQueue:
    """Leases on slides and the rows of those that are done; use as a context, from several threads.

    Args:
        out: output folder that the processes share.
        lease_seconds: see `Leases`.
    """

    def __init__(self, out: Path, lease_seconds: float = LEASE_SECONDS) -> None:
        self._folder = out / FOLDER
        self._leases = Leases(self._folder, lease_seconds)

    def __enter__(self) -> WorkQueue:
        self._leases.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leases.is_alone:
            for row in self._folder.glob("*.json*"):
                row.unlink(missing_ok=True)
        self._leases.__exit__(kind, error, trace)

    def claim(self, name: str) -> bool:
        """True where this process may work on the slide; it must then call `finish` or `give_back`."""
        return self._leases.claim(_key(name))

    def holds(self, name: str) -> bool:
        """False where the slide was taken over because this process seemed dead: its work is to be dropped."""
        return self._leases.holds(_key(name))

    def give_back(self, name: str) -> None:
        """The slide is not worked on after all."""
        self._leases.release(_key(name))

    def finish(self, name: str, row: ReportRow) -> None:
        """Tell the others what became of the slide."""
        path = self._row_path(name)
        temporary = partial_path(path)
        temporary.write_text(json.dumps(asdict(row)), encoding="utf-8")
        os.replace(temporary, path)
        self._leases.release(_key(name))

    def told(self, name: str) -> ReportRow | None:
        """What another process made of the slide since this one came; None where nothing is known."""
        path = self._row_path(name)
        try:
            if path.stat().st_mtime < self._leases.began:
                return None
            return ReportRow(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def _row_path(self, name: str) -> Path:
        return self._folder / f"{_key(name)}.json"


def _key(name: str) -> str:
    """A file name for any name: its readable end and a digest of it all."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[-_READABLE:]
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
