"""A file read at many places by several threads at once."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock


class SharedFile:
    """An open file without a place of its own; on systems without `pread` (Windows) one thread reads at a time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._lock = Lock()

    def read_at(self, offset: int, count: int) -> bytes:
        """At most `count` bytes, fewer at the end of the file.

        Raises:
            OSError: the medium fails.
            ValueError: the file was closed.
        """
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), count, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(count)

    def close(self) -> None:
        """Release it."""
        self._file.close()
