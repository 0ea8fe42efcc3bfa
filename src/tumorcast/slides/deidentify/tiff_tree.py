"""A TIFF's directories as they stand in the file: classic and Big, both byte orders."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tumorcast.domain.errors import SlideError

VALUE_BYTES = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
"""Bytes of one value by TIFF field type."""

ASCII = 2
_UINTS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_DIRECTORIES = 10_000
_MAX_VALUE_BYTES = 2**30
SUB_IFDS = 330
_PIECE_TAGS = ((324, 325), (273, 279))


class Layout(NamedTuple):
    """How a TIFF is laid out.

    Attributes:
        order: "<" or ">", byte order as in `struct`.
        is_big: BigTIFF.
    """

    order: str
    is_big: bool

    @property
    def link(self) -> str:
        """struct form of a link to a directory."""
        return self.order + ("Q" if self.is_big else "I")

    @property
    def entries(self) -> str:
        """struct form of the number of entries."""
        return self.order + ("Q" if self.is_big else "H")

    @property
    def entry(self) -> str:
        """struct form of an entry: tag, type, count, value or offset."""
        return self.order + ("HHQ8s" if self.is_big else "HHI4s")

    @property
    def inline_bytes(self) -> int:
        """Values up to this size stand in the entry itself."""
        return 8 if self.is_big else 4


class Entry(NamedTuple):
    """One tag: field type, number of values, and their bytes in the file's byte order."""

    kind: int
    length: int
    value: bytes


@dataclass(frozen=True)
class Directory:
    """One image of a TIFF.

    Attributes:
        entries: by tag, ascending.
        pieces: (offset, bytes) of its tiles or strips; (0, 0) where a tile is missing.
        children: directories that its SubIFDs name.
        order: byte order of the values.
    """

    entries: dict[int, Entry]
    pieces: tuple[tuple[int, int], ...]
    children: tuple[Directory, ...]
    order: str

    def uints(self, tag: int) -> tuple[int, ...]:
        """Unsigned values of a tag; empty where it is missing or of another type."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _UINTS:
            return ()
        return struct.unpack(f"{self.order}{entry.length}{_UINTS[entry.kind]}", entry.value)

    def uint(self, tag: int, default: int = 0) -> int:
        """First unsigned value of a tag."""
        return (*self.uints(tag), default)[0]

    def text(self, tag: int) -> str:
        """A tag's bytes as text without the closing zeros; empty where it is missing."""
        entry = self.entries.get(tag)
        return entry.value.rstrip(b"\0").decode("utf-8", "replace") if entry else ""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.uint(256), self.uint(257)

    @property
    def is_tiled(self) -> bool:
        return 322 in self.entries


def read_directories(path: Path) -> tuple[Layout, list[Directory]]:
    """All directories of a TIFF in their order.

    Raises:
        SlideError: `unreadable` where links loop, sizes are impossible, or types are unknown.
    """
    try:
        with path.open("rb") as file:
            layout, offset = _head(file)
            found: list[Directory] = []
            seen: set[int] = set()
            while offset:
                directory, offset = _directory(file, layout, offset, seen)
                found.append(directory)
    except (struct.error, OverflowError, OSError) as error:
        raise _unreadable(f"{type(error).__name__}: {error}") from error
    if not found:
        raise _unreadable("no directory")
    return layout, found


def _head(file: BinaryIO) -> tuple[Layout, int]:
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order else 0
    if order is None or version not in (42, 43):
        raise _unreadable("no TIFF header")
    if version == 43:
        return Layout(order, True), struct.unpack(f"{order}Q", head[8:16])[0]
    return Layout(order, False), struct.unpack(f"{order}I", head[4:8])[0]


def _directory(file: BinaryIO, layout: Layout, offset: int, seen: set[int]) -> tuple[Directory, int]:
    if offset in seen or len(seen) >= _MAX_DIRECTORIES:
        raise _unreadable(f"directories loop at byte {offset}")
    seen.add(offset)
    file.seek(offset)
    (count,) = _unpacked(file, layout.entries)
    if count > 4096:
        raise _unreadable(f"a directory with {count} entries")
    raw = [_unpacked(file, layout.entry) for _ in range(count)]
    (following,) = _unpacked(file, layout.link)
    entries = {tag: _entry(file, layout, kind, number, inline) for tag, kind, number, inline in raw}
    directory = Directory(dict(sorted(entries.items())), (), (), layout.order)
    children = tuple(_directory(file, layout, link, seen)[0] for link in directory.uints(SUB_IFDS) if link)
    return Directory(directory.entries, _pieces(directory), children, layout.order), following


def _entry(file: BinaryIO, layout: Layout, kind: int, count: int, inline: bytes) -> Entry:
    if kind not in VALUE_BYTES or count * VALUE_BYTES[kind] > _MAX_VALUE_BYTES:
        raise _unreadable(f"a tag of type {kind} with {count} values")
    size = count * VALUE_BYTES[kind]
    if size <= layout.inline_bytes:
        return Entry(kind, count, inline[:size])
    at = int.from_bytes(inline, "little" if layout.order == "<" else "big")
    file.seek(at)
    value = file.read(size)
    if len(value) < size:
        raise _unreadable(f"a value at byte {at} lies beyond the end of the file")
    return Entry(kind, count, value)


def _pieces(directory: Directory) -> tuple[tuple[int, int], ...]:
    for offsets, counts in _PIECE_TAGS:
        if offsets in directory.entries:
            starts, sizes = directory.uints(offsets), directory.uints(counts)
            if len(starts) != len(sizes):
                raise _unreadable(f"{len(starts)} offsets and {len(sizes)} sizes of tiles or strips")
            return tuple(zip(starts, sizes, strict=True))
    return ()


def _unpacked(file: BinaryIO, form: str) -> tuple:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _unreadable(got: str) -> SlideError:
    return SlideError(
        "unreadable",
        "the TIFF's directories cannot be followed",
        got=got,
        expected="a sound TIFF",
        fix="copy or export the slide again",
    )
