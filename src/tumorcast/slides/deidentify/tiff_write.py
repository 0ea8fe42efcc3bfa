"""Writes a TIFF anew: pixel data byte for byte, and nothing that is not asked for."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tumorcast.domain.errors import SlideError
from tumorcast.slides.deidentify.tiff_tree import SUB_IFDS, Entry, Layout

_CHUNK = 1 << 22
_LONG, _LONG8 = 4, 16

Blank = Callable[[bytes], bytes]
"""First bytes of a piece -> the same number of bytes, with comments and the like blanked."""

Piece = tuple[int, int]
"""(offset, bytes) of a tile or strip in the source; (0, 0) where it is missing."""


@dataclass(frozen=True)
class Image:
    """One image to write.

    Attributes:
        entries: tags, in the file's byte order; those that say where pixels and children lie are added.
        pieces: tiles or strips of the source.
        is_tiled: pieces are tiles, not strips.
        children: written as SubIFDs.
        blank: applied to the head of each piece.
    """

    entries: dict[int, Entry]
    pieces: tuple[Piece, ...]
    is_tiled: bool
    children: tuple[Image, ...] = ()
    blank: Blank = bytes


def write_tiff(source: Path, target: Path, layout: Layout, images: list[Image]) -> None:
    """Write `images` into `target`, a new file, in the layout of the source, whose pixel data are copied.

    Raises:
        SlideError: `truncated` where pixel data are missing, `too_large` where classic TIFF cannot hold it.
    """
    with source.open("rb") as origin, target.open("xb") as out:
        writer = _Writer(out, layout)
        placed = _copy_pieces(origin, out, [each for image in images for each in (image, *image.children)])
        for image in images:
            children = [writer.write(child, placed) for child in image.children]
            writer.follow(writer.write(image, placed, children))


def _copy_pieces(origin: BinaryIO, out: BinaryIO, images: list[Image]) -> dict[Piece, int]:
    """Where each piece went. In the order of the source; pieces that several tiles share stay shared."""
    wanted = sorted({(*piece, index) for index, image in enumerate(images) for piece in image.pieces})
    placed: dict[Piece, int] = {}
    for offset, count, index in wanted:
        if count == 0:
            placed[offset, count] = 0
        elif (offset, count) not in placed:
            placed[offset, count] = _aligned(out)
            _copy(origin, out, offset, count, images[index].blank)
    return placed


def _copy(origin: BinaryIO, out: BinaryIO, offset: int, count: int, blank: Blank) -> None:
    origin.seek(offset)
    left = count
    while left:
        data = origin.read(min(left, _CHUNK))
        if not data:
            raise SlideError("truncated", "pixel data lie beyond the end of the file", got=f"byte {offset}")
        out.write(blank(data) if left == count else data)
        left -= len(data)


def _aligned(out: BinaryIO) -> int:
    if out.tell() % 2:
        out.write(b"\0")
    return out.tell()


class _Writer:
    """Writes directories one after the other and links each to the one before."""

    def __init__(self, out: BinaryIO, layout: Layout) -> None:
        self._out, self._layout = out, layout
        out.write(b"II" if layout.order == "<" else b"MM")
        out.write(struct.pack(f"{layout.order}H", 43 if layout.is_big else 42))
        if layout.is_big:
            out.write(struct.pack(f"{layout.order}HH", 8, 0))
        self._link_at = out.tell()
        out.write(struct.pack(layout.link, 0))

    def write(self, image: Image, placed: dict[Piece, int], children: list[int] | None = None) -> int:
        """Write one directory with its values; returns where it stands."""
        entries = dict(image.entries) | self._positions(image, placed)
        if children:
            entries[SUB_IFDS] = self._offsets(children)
        values = {tag: self._value(entries[tag]) for tag in sorted(entries)}
        at = _aligned(self._out)
        self._out.write(struct.pack(self._layout.entries, len(values)))
        for tag, (kind, value) in values.items():
            inline = value[: self._layout.inline_bytes]
            self._out.write(struct.pack(self._layout.entry, tag, kind, entries[tag].length, inline))
        self._own_link = self._out.tell()
        self._out.write(struct.pack(self._layout.link, 0))
        return at

    def follow(self, at: int) -> None:
        """Link the directory that was written last, at `at`, to the one before it."""
        self._out.seek(self._link_at)
        self._out.write(struct.pack(self._layout.link, self._checked(at)))
        self._out.seek(0, 2)
        self._link_at = self._own_link

    def _positions(self, image: Image, placed: dict[Piece, int]) -> dict[int, Entry]:
        sizes, offsets = [count for _, count in image.pieces], [placed[piece] for piece in image.pieces]
        tags = (324, 325) if image.is_tiled else (273, 279)
        return {tags[0]: self._offsets(offsets), tags[1]: self._offsets(sizes)}

    def _offsets(self, values: list[int]) -> Entry:
        largest = self._checked(max(values, default=0))
        is_wide = self._layout.is_big or largest >= 2**32
        form, kind = ("Q", _LONG8) if is_wide else ("I", _LONG)
        return Entry(kind, len(values), struct.pack(f"{self._layout.order}{len(values)}{form}", *values))

    def _value(self, entry: Entry) -> tuple[int, bytes]:
        """Field type and what stands in the entry: the value itself, or where it was written."""
        if len(entry.value) <= self._layout.inline_bytes:
            return entry.kind, entry.value.ljust(self._layout.inline_bytes, b"\0")
        at = self._checked(_aligned(self._out))
        self._out.write(entry.value)
        return entry.kind, struct.pack(self._layout.link, at)

    def _checked(self, at: int) -> int:
        if at >= 2**32 and not self._layout.is_big:
            raise SlideError("too_large", "the copy does not fit a classic TIFF", got=f"{at} bytes")
        return at
