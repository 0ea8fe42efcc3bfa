"""What readers of damaged feature files raise, and its first words."""

from __future__ import annotations

import zipfile
import zlib

from tumorcast.domain.errors import TumorcastError

DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What NumPy archives raise besides OSError, ValueError and KeyError."""
UNREADABLE = (
    TumorcastError, OSError, ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError,
    *DAMAGED_ARCHIVE,
)  # fmt: skip
"""Of feature files of any form; MemoryError where a damaged header tells an impossible size."""


def first_line(error: BaseException) -> str:
    """The error in one line; its kind where it has no text."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
