"""Text files as pipelines write them, gzipped or not, under any name."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import need_text

_GZIP = b"\x1f\x8b"


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """The file's text without a BOM, line ends as `\\n`; characters that are not UTF-8 replaced.

    Raises:
        InputError: not there, not text, or an archive that is cut off or damaged, also while it is read.
    """
    if not is_gzip(path):
        need_text(path)
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield file
        return
    try:
        with gzip.open(path) as start:
            if b"\0" in start.read(4096):
                raise InputError(f"{path.name} holds no text in UTF-8", got="binary data in a gzip archive")
        with gzip.open(path, "rt", encoding="utf-8-sig", errors="replace") as unpacked:
            yield cast(TextIO, unpacked)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path.name} is a damaged gzip archive", got=error, fix="copy or download it again"
        ) from None


def is_gzip(path: Path) -> bool:
    """Whether the file is there and begins as a gzip archive does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def name_of(path: Path) -> str:
    """The file's name without folder, `.gz` and the last ending."""
    return Path(path.name.removesuffix(".gz")).stem
