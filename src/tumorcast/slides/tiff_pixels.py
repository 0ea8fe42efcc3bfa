"""TIFFs that OpenSlide refuses or sees only in part: OME pyramids, single-level tiles, strips, rarer compressions.

Only the tiles or strips that a region touches are read and decoded (by tifffile and imagecodecs).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import tifffile

from tumorcast.domain.errors import SlideError
from tumorcast.slides.ome import ome_properties
from tumorcast.slides.pixels import BACKGROUND, Rgb
from tumorcast.slides.shared_file import SharedFile

_CACHE_BYTES = 128 << 20
_MOST_SEGMENT_PIXELS = 2**28
_UNITS = {2: "inch", 3: "centimeter", 4: "millimeter", 5: "micrometer"}


class TiffPixels:
    """The largest colour image of a TIFF with its reduced levels; safe to read from several threads.

    Args:
        path: the file.
        level_sizes: (width, height) of the pages that are its levels; None finds the largest image and its levels.

    Attributes:
        is_ome: the file carries OME-XML.
        lacking: the compression that only imagecodecs decodes, where that is not installed; else "".

    Raises:
        SlideError: `unsupported_format`, `not_rgb`, or `too_large` where one tile or strip is larger than
            memory allows.
    """

    def __init__(self, path: Path, level_sizes: Sequence[tuple[int, int]] | None = None) -> None:
        self._tiff = _opened(path)
        self.is_ome = bool(self._tiff.is_ome)
        self.associated_images: tuple[str, ...] = ()
        try:
            pages = _of_sizes(self._tiff, level_sizes) if level_sizes else _largest(self._tiff)
            self._levels = [_Level(_colours(page)) for page in pages]
            width, height = self._levels[0].size
            self.level_dimensions = tuple(level.size for level in self._levels)
            self.level_downsamples = tuple(
                (width / level.size[0] + height / level.size[1]) / 2 for level in self._levels
            )
            self.properties = _properties(self._tiff, self._levels[0].page)
        except SlideError:
            self._tiff.close()
            raise
        except Exception as error:  # tifffile lets struct, index and type errors of damaged tags through
            self._tiff.close()
            raise _unsupported(path, error) from error
        self.lacking = next((level.lacking for level in self._levels if level.lacking), "")
        self._file = SharedFile(path)
        self._cache: OrderedDict[tuple[int, int], Rgb] = OrderedDict()
        self._cached_bytes, self._lock = 0, Lock()

    def read(self, level: int, x0: int, y0: int, width: int, height: int) -> Rgb:
        """See `PixelSource`."""
        down = self.level_downsamples[level]
        left, top = round(x0 / down), round(y0 / down)
        region = np.full((height, width, 3), BACKGROUND, np.uint8)
        for index, x, y in self._levels[level].touched(left, top, width, height):
            segment = self._segment(level, index)
            rows = slice(max(y - top, 0), min(y - top + len(segment), height))
            columns = slice(max(x - left, 0), min(x - left + segment.shape[1], width))
            region[rows, columns] = segment[
                rows.start + top - y : rows.stop + top - y, columns.start + left - x : columns.stop + left - x
            ]
        return region

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        self._tiff.close()

    def _segment(self, level: int, index: int) -> Rgb:
        with self._lock:
            if (level, index) in self._cache:
                self._cache.move_to_end((level, index))
                return self._cache[level, index]
        segment = self._levels[level].decoded(self._file, index)
        with self._lock:
            if (level, index) not in self._cache:
                self._cache[level, index] = segment
                self._cached_bytes += segment.nbytes
            while self._cached_bytes > _CACHE_BYTES and len(self._cache) > 1:
                self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes
        return segment


class _Level:
    """One level: where its tiles or strips lie, and how they are decoded."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.size = (int(page.imagewidth), int(page.imagelength))
        self._planes = page.samplesperpixel if page.planarconfig == 2 else 1
        self._side = (
            (int(page.tilewidth), int(page.tilelength))
            if page.is_tiled
            else (self.size[0], int(min(page.rowsperstrip, self.size[1])))
        )
        if min(*self.size, *self._side) < 1:
            raise SlideError(
                "unreadable",
                "the directory of this TIFF is damaged",
                got=f"an image of {self.size} in pieces of {self._side} pixels",
                fix="copy or export the slide again",
            )
        if self._side[0] * self._side[1] > _MOST_SEGMENT_PIXELS:
            raise SlideError(
                "too_large",
                "a piece of this TIFF is too large to be decoded",
                got=f"tiles or strips of {self._side[0]} x {self._side[1]} pixels",
                expected=f"at most {_MOST_SEGMENT_PIXELS} pixels",
                fix="convert it to a tiled pyramid, for example with vips tiffsave --tile --pyramid",
            )
        self._columns = -(-self.size[0] // self._side[0])
        self._rows = -(-self.size[1] // self._side[1])

    @property
    def lacking(self) -> str:
        """Name of the compression or predictor that cannot be undone here; "" for none."""
        for known, code in (
            (tifffile.TIFF.DECOMPRESSORS, self.page.compression),
            (tifffile.TIFF.UNPREDICTORS, self.page.predictor),
        ):
            try:
                known[code]
            except KeyError:
                return str(getattr(code, "name", code))
        return ""

    def touched(self, left: int, top: int, width: int, height: int) -> Iterator[tuple[int, int, int]]:
        """Index and corner (pixels of the level) of the segments that a region touches."""
        across, down = self._side
        first, last = max(left, 0) // across, min((left + width - 1) // across, self._columns - 1)
        for row in range(max(top, 0) // down, min((top + height - 1) // down, self._rows - 1) + 1):
            for column in range(first, last + 1):
                yield row * self._columns + column, column * across, row * down

    def decoded(self, file: SharedFile, index: int) -> Rgb:
        """uint8 [h, w, 3], cut at the image's edge; a segment that was never written is white."""
        n_segments = self._columns * self._rows
        planes = [self._plane(file, index + plane * n_segments) for plane in range(self._planes)]
        column, row = index % self._columns, index // self._columns
        width = min(self._side[0], self.size[0] - column * self._side[0])
        height = min(self._side[1], self.size[1] - row * self._side[1])
        whole = np.concatenate(planes, axis=-1) if len(planes) > 1 else planes[0]
        whole = whole[:height, :width]
        if whole.shape[-1] > 3:
            opacity = whole[..., 3:4].astype(np.float32) / 255
            whole = np.rint(whole[..., :3] * opacity + BACKGROUND * (1 - opacity)).astype(np.uint8)
        return np.ascontiguousarray(whole)

    def _plane(self, file: SharedFile, index: int) -> np.ndarray:
        page = self.page
        count = int(page.databytecounts[index]) if index < len(page.databytecounts) else 0
        depth = page.samplesperpixel if self._planes == 1 else 1
        if not count:
            return np.full((self._side[1], self._side[0], depth), BACKGROUND, np.uint8)
        try:
            data = file.read_at(int(page.dataoffsets[index]), count)
            if len(data) < count:
                raise ValueError("the file ends within it")
            piece = page.decode(data, index, jpegtables=page.jpegtables, jpegheader=page.jpegheader)[0]
            if piece is None:
                raise ValueError("no data")
            return np.asarray(piece, np.uint8).reshape(piece.shape[-3:])
        except Exception as error:  # decoders raise classes of their own
            raise SlideError("tile_unreadable", f"damaged data in piece {index}", got=error) from error


def refuse_lacking(path: Path, pixels: TiffPixels) -> None:
    """Raise SlideError `codec_missing` where the slide's compression cannot be decoded here."""
    if pixels.lacking:
        pixels.close()
        raise SlideError(
            "codec_missing",
            "this slide's compression cannot be decoded here",
            got=f"{path.name}: {pixels.lacking}, which OpenSlide does not read from this kind of file",
            fix="install imagecodecs: pip install 'tumorcast[codecs]'; or export the slide as SVS",
        )


def has_rgb_samples(path: Path) -> bool:
    """False for images of a palette or of four inks, which have to be read whole by another reader."""
    with _opened(path) as tiff:
        return tiff.pages.first.photometric not in (3, 5)


def _opened(path: Path) -> tifffile.TiffFile:
    try:
        return tifffile.TiffFile(path)
    except Exception as error:  # tifffile lets struct, index and type errors of damaged tags through
        raise _unsupported(path, error) from error


def _largest(tiff: tifffile.TiffFile) -> list[Any]:
    """The levels of the image with the most pixels; labels and macros are smaller."""
    series = max(tiff.series, key=lambda each: each.keyframe.imagewidth * each.keyframe.imagelength)
    return [level.keyframe for level in series.levels]


def _of_sizes(tiff: tifffile.TiffFile, sizes: Sequence[tuple[int, int]]) -> list[Any]:
    """The first tiled page of each size."""
    found: dict[tuple[int, int], Any] = {}
    for page in (each.aspage() for each in tiff.pages):
        if page.is_tiled:
            found.setdefault((page.imagewidth, page.imagelength), page)
    missing = [size for size in sizes if size not in found]
    if missing:
        raise SlideError("unsupported_format", "tifffile does not see these levels", got=missing)
    return [found[size] for size in sizes]


def _colours(page: Any) -> Any:
    """The page, if it is a colour image of 8 bits."""
    is_colour = page.photometric in (2, 6) and page.samplesperpixel in (3, 4) and page.dtype == np.uint8
    if not is_colour or page.imagedepth != 1:
        raise SlideError(
            "not_rgb",
            "the image is not a colour image of 8 bits a channel",
            got=f"{page.samplesperpixel} channels of {page.dtype}, {getattr(page.photometric, 'name', '?')}",
            expected="a brightfield scan, 8-bit RGB",
            fix="export the brightfield image as 8-bit RGB",
        )
    return page


def _properties(tiff: tifffile.TiffFile, page: Any) -> dict[str, str]:
    """Metadata under OpenSlide's names: from OME-XML, and the resolution of the page."""
    found = {"openslide.vendor": "tiff", "tiff.ResolutionUnit": _UNITS.get(page.resolutionunit or 0, "")}
    for name, code in (("X", 282), ("Y", 283)):
        numerator, denominator = page.tags.valueof(code, default=(0, 1))
        if numerator and denominator:
            found[f"tiff.{name}Resolution"] = str(numerator / denominator)
    if tiff.is_ome and tiff.ome_metadata:
        found |= ome_properties(tiff.ome_metadata, page.imagewidth, page.imagelength)
    return found


def _unsupported(path: Path, error: Exception) -> SlideError:
    return SlideError(
        "unsupported_format",
        "this TIFF cannot be parsed",
        got=f"{path.name}: {error}",
        expected="a TIFF whose directories are whole",
        fix="copy or export the slide again",
    )
