"""Zip archives from outside: unpacked only where every entry is a plain file of a bounded size under the folder."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections import Counter
from pathlib import Path

from tumorcast.lab.errors import LabError, TooLargeError, WrongFileError

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_CHUNK = 1 << 20
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What `zipfile` raises of archives: RuntimeError without a password, and (its child) of an unknown compression."""


def unpack_zip(archive: Path, folder: Path, most_bytes: int, most_entries: int) -> None:
    """Unpack into an empty folder.

    Args:
        most_bytes: of all files together; the sizes that the archive states are not believed.

    Raises:
        WrongFileError: damaged, encrypted, compressed in an unknown way, or an entry that is a link, is named twice, or
            is not named by plain parts.
        TooLargeError: too many entries or bytes.
        LabError: it cannot be read or written here.
    """
    most = most_bytes
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _check(entries, most, most_entries)
            for entry in entries:
                path = folder.joinpath(*entry.filename.split("/"))
                path.parent.mkdir(parents=True, exist_ok=True)
                most -= _unpack(opened, entry, path, most)
    except _UNREADABLE as error:
        raise WrongFileError("the zip archive is damaged or encrypted", got=type(error).__name__) from None
    except OSError as error:
        raise LabError(
            "the zip archive cannot be unpacked", got=error.strerror or type(error).__name__
        ) from None


def _check(entries: list[zipfile.ZipInfo], most: int, most_entries: int) -> None:
    if len(entries) > most_entries or sum(entry.file_size for entry in entries) > most:
        raise TooLargeError(
            "the archive holds too much",
            got=f"{len(entries)} files",
            expected=f"at most {most_entries} files, {most:,} bytes",
        )
    names = Counter(entry.filename.lower() for entry in entries)
    for entry in entries:
        parts = entry.filename.split("/")
        is_plain = all(_PART.fullmatch(part) and not _RESERVED.fullmatch(part) for part in parts)
        if not is_plain or stat.S_ISLNK(entry.external_attr >> 16) or names[entry.filename.lower()] > 1:
            raise WrongFileError(
                "the archive holds an entry that may not be unpacked",
                expected="plain files, each named once, by letters, digits, . _ - alone",
            )


def _unpack(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> int:
    """Write one entry; returns its bytes."""
    count = 0
    with opened.open(entry) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            count += len(chunk)
            if count > most:
                raise TooLargeError(
                    "the archive unpacks to too much", expected=f"at most {most:,} bytes more"
                )
            target.write(chunk)
    return count
