"""Writes a picture as a pyramidal tiled JPEG TIFF with Aperio's description, as scanners of that make do.

Classic TIFF 6.0 with compression 7 (TIFF Technical Note 2), written here because tifffile wants a further
package for JPEG; tiles are encoded by Pillow.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_TILE_PX = 256
_QUALITY = 82
_DOWNSAMPLES = (1, 4, 16)
_SMALLEST_LEVEL_PX = 64
_ASCII, _SHORT, _LONG = 2, 3, 4

Tag = tuple[int, int, Sequence[int] | bytes]
"""Number, type, values."""


def write_svs(path: Path, rgb: NDArray[np.uint8], mpp: float, magnification: int) -> None:
    """Write `rgb` [height, width, 3] to `path` with its levels (1, 1/4 and 1/16 of the sides).

    Tiles are JPEG (4:2:0); OpenSlide opens the file as an Aperio slide with `mpp` micrometres a pixel.
    """
    height, width, _ = rgb.shape
    size = f"{width}x{height}"
    description = (
        f"Aperio Image Library v12.0.0\n{size} [0,0 {size}] ({_TILE_PX}x{_TILE_PX}) JPEG/RGB Q={_QUALITY}"
        f"|AppMag = {magnification}|MPP = {mpp:g}"
    )
    picture = Image.fromarray(rgb)
    with path.open("wb") as out:
        out.write(struct.pack("<2sHI", b"II", 42, 0))
        link = 4
        for downsample in _DOWNSAMPLES:
            level = picture if downsample == 1 else picture.reduce(downsample)
            if downsample > 1 and min(level.size) < _SMALLEST_LEVEL_PX:
                break
            link = _write_level(out, level, description, is_reduced=downsample > 1, link=link)


def _write_level(out: BinaryIO, level: Image.Image, description: str, *, is_reduced: bool, link: int) -> int:
    """Append tiles and directory; `link` is where the directory's offset belongs. Returns the next link."""
    offsets, counts = [], []
    for tile in _jpeg_tiles(level):
        offsets.append(out.tell())
        counts.append(len(tile))
        out.write(tile + b"\0" * (len(tile) % 2))
    tags: list[Tag] = [
        (254, _LONG, [int(is_reduced)]),  # NewSubfileType
        (256, _LONG, [level.width]),
        (257, _LONG, [level.height]),
        (258, _SHORT, [8, 8, 8]),  # BitsPerSample
        (259, _SHORT, [7]),  # Compression: JPEG
        (262, _SHORT, [6]),  # PhotometricInterpretation: YCbCr
        (270, _ASCII, description.encode("ascii") + b"\0"),
        (277, _SHORT, [3]),  # SamplesPerPixel
        (284, _SHORT, [1]),  # PlanarConfiguration: contiguous
        (322, _LONG, [_TILE_PX]),
        (323, _LONG, [_TILE_PX]),
        (324, _LONG, offsets),
        (325, _LONG, counts),
        (530, _SHORT, [2, 2]),  # YCbCrSubSampling
    ]
    return _write_directory(out, tags, link)


def _write_directory(out: BinaryIO, tags: list[Tag], link: int) -> int:
    entries = b""
    for number, kind, values in tags:
        data = (
            values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{' HI'[kind - 2]}", *values)
        )
        if len(data) > 4:
            where = out.tell()
            out.write(data + b"\0" * (len(data) % 2))
            data = struct.pack("<I", where)
        entries += struct.pack("<HHI", number, kind, len(values)) + data.ljust(4, b"\0")
    start = out.tell()
    out.write(struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0))
    end = out.tell()
    out.seek(link)
    out.write(struct.pack("<I", start))
    out.seek(end)
    return end - 4


def _jpeg_tiles(level: Image.Image) -> Iterator[bytes]:
    """Encoded tiles, row by row; those at the edge are filled up with white."""
    for top in range(0, level.height, _TILE_PX):
        for left in range(0, level.width, _TILE_PX):
            right, bottom = min(left + _TILE_PX, level.width), min(top + _TILE_PX, level.height)
            tile = level.crop((left, top, right, bottom))
            if tile.size != (_TILE_PX, _TILE_PX):
                filled = Image.new("RGB", (_TILE_PX, _TILE_PX), (255, 255, 255))
                filled.paste(tile)
                tile = filled
            buffer = io.BytesIO()
            tile.save(buffer, "JPEG", quality=_QUALITY, subsampling="4:2:0")
            yield buffer.getvalue()
