"""Lines of a bgzipped, tabix-indexed file at given places, without reading the rest.

Format: the tabix and SAM specifications (samtools.github.io/hts-specs); only the linear index of a `.tbi` is used.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tumorcast.domain.errors import InputError

_WINDOW = 14
"""The linear index has one offset for each 2 ** 14 bases."""
_MAGIC = b"TBI\x01"

Region = tuple[int, int]
"""First and last position, 1-based."""


@dataclass(frozen=True)
class Tabix:
    """An index: sequence name -> virtual file offset of the first record of each window."""

    offsets: Mapping[str, Sequence[int]]

    def offset(self, name: str, position: int) -> int | None:
        """Where to begin to read for a position; None: no record there or behind it on this sequence."""
        windows = self.offsets.get(name, ())
        first = max(position - 1, 0) >> _WINDOW
        if first >= len(windows):
            return None
        return windows[first] or next((one for one in windows[first:] if one), None)


def read_tabix(path: Path) -> Tabix | None:
    """The index beside a file (`FILE.tbi`); None: there is none, it is older than the file, or not whole."""
    index = path.with_name(f"{path.name}.tbi")
    if not index.is_file() or index.stat().st_mtime < path.stat().st_mtime:
        return None
    try:
        with gzip.open(index) as file:
            return _parsed(file.read())
    except (OSError, EOFError, zlib.error, struct.error, UnicodeDecodeError):
        return None


def _parsed(content: bytes) -> Tabix | None:
    if content[:4] != _MAGIC:
        return None
    n_names, n_bytes = struct.unpack_from("<i", content, 4)[0], struct.unpack_from("<i", content, 32)[0]
    names = content[36 : 36 + n_bytes].decode("ascii").split("\0")[:n_names]
    at = 36 + n_bytes
    offsets: dict[str, tuple[int, ...]] = {}
    for name in names:
        at = _behind_bins(content, at)
        (n_windows,) = struct.unpack_from("<i", content, at)
        offsets[name] = struct.unpack_from(f"<{n_windows}Q", content, at + 4)
        at += 4 + 8 * n_windows
    return Tabix(offsets)


def _behind_bins(content: bytes, at: int) -> int:
    """Where a sequence's bins end."""
    (n_bins,) = struct.unpack_from("<i", content, at)
    at += 4
    for _ in range(n_bins):
        (n_chunks,) = struct.unpack_from("<i", content, at + 4)
        at += 8 + 16 * n_chunks
    return at


def indexed_lines(path: Path, index: Tabix, regions: Mapping[str, Sequence[Region]]) -> Iterator[str]:
    """Lines of VCF records that begin in the regions or reach into them from their index window.

    Args:
        regions: sequence name as in the index -> regions; records between regions may be among the lines.

    Raises:
        InputError: the index is that of another file, or the file is damaged.
    """
    try:
        for name, places in regions.items():
            for first, last in _merged(places):
                offset = index.offset(name, first)
                if offset is not None:
                    yield from _lines_from(path, offset, name, last)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(
            f"{path.name} and its index do not fit together", got=error, fix=f"tabix -f -p vcf {path.name}"
        ) from None


def _merged(regions: Sequence[Region]) -> list[Region]:
    """Sorted, those within one window of each other joined."""
    merged: list[Region] = []
    for first, last in sorted(regions):
        if merged and first <= merged[-1][1] + (1 << _WINDOW):
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _lines_from(path: Path, offset: int, name: str, last: int) -> Iterator[str]:
    """Lines from a virtual offset on, up to a position or the end of the sequence."""
    with path.open("rb") as raw:
        raw.seek(offset >> 16)
        with gzip.GzipFile(fileobj=raw) as blocks:
            blocks.read(offset & 0xFFFF)
            n = 0
            for n, line in enumerate(blocks, 1):
                fields = line.split(b"\t", 2)
                is_here = len(fields) == 3 and fields[0].decode("utf-8", "replace") == name
                if n == 1 and not is_here:
                    raise ValueError(f"no record of {name} where the index has one")
                if not is_here or int(fields[1]) > last:
                    return
                yield line.decode("utf-8", "replace")
            if not n:
                raise ValueError(f"the file ends before the records of {name} in the index")
