"""Is a TIFF there to its last byte? A copy that was cut short often opens, and then lacks tissue silently."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import tifffile

from tumorcast.domain.errors import SlideError

_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MAX_DIRECTORIES = 10_000
_SIZE_TAGS = (256, 257, 322, 323)  # width and height of the image, of a tile
_TILE_OFFSETS = 324
_MOST_TILE_PIXELS = 2**26
_VALUE_BYTES = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}


def is_tiff(path: Path) -> bool:
    """True for classic and Big TIFF, whatever the suffix."""
    with path.open("rb") as file:
        return file.read(4) in _HEADS


def check_tiff_whole(path: Path) -> None:
    """Raise SlideError `truncated` where a directory, a tag's value or pixel data lie beyond the end of the file.

    What tifffile cannot parse for another reason is left to the reader to judge.
    """
    size = path.stat().st_size
    # Hamamatsu's 64-bit links between directories look like broken 32-bit ones
    if path.suffix.lower() != ".ndpi":
        with path.open("rb") as file:
            _check_directories(file, size)
    try:
        with tifffile.TiffFile(path) as tiff:
            needed = max((_end_of(page) for page in tiff.pages), default=0)
            has_pixels = any(tiff.pages.first.databytecounts)
    except Exception:  # tifffile lets struct, index and type errors of unusual tags through
        return
    if not has_pixels:
        raise _truncated(size, "pixels: the directory was written before them")
    if needed > size:
        raise _truncated(size, f"at least {needed} bytes")


def _end_of(page: tifffile.TiffPage | tifffile.TiffFrame) -> int:
    pieces = zip(page.dataoffsets, page.databytecounts, strict=False)
    return max((offset + count for offset, count in pieces if count), default=0)


class _Layout(NamedTuple):
    """struct forms of a TIFF's flavour."""

    link: str
    entries: str
    entry: str
    start: int

    @classmethod
    def of(cls, head: bytes) -> _Layout:
        order = "<" if head[:1] == b"I" else ">"
        if head in (b"II+\0", b"MM\0+"):
            return cls(f"{order}Q", f"{order}Q", f"{order}HHQQ", 8)
        return cls(f"{order}I", f"{order}H", f"{order}HHII", 4)

    def inline(self, kind: int, field: int) -> int:
        """The number at the beginning of an entry's value field, which was read as a whole."""
        form = {1: "B", 2: "H", 4: "I", 8: "Q"}.get(_VALUE_BYTES.get(kind, 0))
        packed = struct.pack(self.link, field)
        if form is None or struct.calcsize(form) > len(packed):
            return field
        return int(struct.unpack_from(f"{self.link[0]}{form}", packed)[0])


def _check_directories(file: BinaryIO, size: int) -> None:
    """Follow the links from directory to directory up to the closing zero, with what their entries point at."""
    layout = _Layout.of(file.read(4))
    inline_bytes = struct.calcsize(layout.link)
    file.seek(layout.start)
    for _ in range(_MAX_DIRECTORIES):
        (offset,) = _unpacked(file, layout.link, size)
        if offset == 0:
            return
        if offset >= size:
            raise _truncated(size, f"a directory at byte {offset}")
        file.seek(offset)
        sizes: dict[int, int] = {}
        for _ in range(_unpacked(file, layout.entries, size)[0]):
            tag, kind, count, where = _unpacked(file, layout.entry, size)
            value_bytes = count * _VALUE_BYTES.get(kind, 0)
            if value_bytes > inline_bytes and where + value_bytes > size:
                raise _truncated(size, f"at least {where + value_bytes} bytes")
            if tag in _SIZE_TAGS and count == 1:
                sizes[tag] = layout.inline(kind, where)
            if tag == _TILE_OFFSETS:
                sizes[tag] = count
        _check_sizes(sizes)


def _check_sizes(sizes: dict[int, int]) -> None:
    """The tiles that are listed must cover the image: readers trust a damaged size and ask for memory without end."""
    width, height, across, down = (sizes.get(tag, 0) for tag in _SIZE_TAGS)
    if _TILE_OFFSETS not in sizes:
        return
    if min(width, height, across, down) < 1 or across * down > _MOST_TILE_PIXELS:
        raise _damaged(f"an image of {width} x {height} in tiles of {across} x {down} pixels")
    needed = -(-width // across) * -(-height // down)
    if sizes[_TILE_OFFSETS] < needed:
        raise _damaged(f"{sizes[_TILE_OFFSETS]} tiles where {width} x {height} pixels have {needed}")


def _unpacked(file: BinaryIO, form: str, size: int) -> tuple[int, ...]:
    data = file.read(struct.calcsize(form))
    if len(data) < struct.calcsize(form):
        raise _truncated(size, "further directories")
    return struct.unpack(form, data)


def _damaged(got: str) -> SlideError:
    return SlideError(
        "unreadable", "a directory of this TIFF is damaged", got=got, fix="copy or export the slide again"
    )


def _truncated(size: int, expected: str) -> SlideError:
    return SlideError(
        "truncated",
        "the file ends before the slide does",
        got=f"{size} bytes",
        expected=expected,
        fix="copy or export the slide again",
    )
