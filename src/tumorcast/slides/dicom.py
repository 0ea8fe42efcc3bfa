"""Which DICOM series a file belongs to, from its first bytes: a slide is a series of files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_LONG_FORMS = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_SERIES_UID = (0x0020, 0x000E)
_SEQUENCE_END = (0xFFFE, 0xE0DD)
_UNDEFINED = 0xFFFFFFFF
_PREAMBLE = 128
_MAX_ELEMENTS = 10_000


def series_uid(path: Path) -> str | None:
    """SeriesInstanceUID (0020,000E) of an explicit-VR little-endian DICOM file, as all whole-slide scans are.

    None where the file is not such a one; nested sequences (which name other series) are passed over.
    """
    try:
        with path.open("rb") as file:
            file.seek(_PREAMBLE)
            if file.read(4) != b"DICM":
                return None
            return _find_series(file)
    except (OSError, struct.error):
        return None


def _find_series(file: BinaryIO) -> str | None:
    depth = 0
    for _ in range(_MAX_ELEMENTS):
        tag, value_type, length = _element(file)
        if tag == _SEQUENCE_END:
            depth -= 1
        elif length == _UNDEFINED:
            depth += value_type in (b"SQ", b"UN")
        elif depth == 0 and tag == _SERIES_UID:
            return file.read(length).rstrip(b"\0 ").decode("ascii", "replace") or None
        elif depth == 0 and tag > _SERIES_UID:
            return None
        elif tag[0] != 0xFFFE:
            file.seek(length, 1)
    return None


def _element(file: BinaryIO) -> tuple[tuple[int, int], bytes, int]:
    """Tag, value representation and length of the next element; the file then stands at its value."""
    group, element = struct.unpack("<HH", file.read(4))
    if group == 0xFFFE:
        return (group, element), b"", struct.unpack("<I", file.read(4))[0]
    value_type = file.read(2)
    if value_type in _LONG_FORMS:
        return (group, element), value_type, struct.unpack("<2xI", file.read(6))[0]
    return (group, element), value_type, struct.unpack("<H", file.read(2))[0]
