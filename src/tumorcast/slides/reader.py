"""One reader for every slide: known MPP, level choice, tiles and thumbnails of known physical size."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
import openslide
from PIL import Image

from tumorcast.domain.errors import SlideError
from tumorcast.slides.flat import read_flat
from tumorcast.slides.mpp import check_given_mpp, mpp_from_properties, refuse_unknown_mpp
from tumorcast.slides.pixels import OpenSlidePixels, PixelSource, Rgb
from tumorcast.slides.tiff_pixels import TiffPixels, has_rgb_samples, refuse_lacking
from tumorcast.slides.tiff_whole import check_tiff_whole, is_tiff

MAX_UPSAMPLING = 4.0
"""A target MPP finer than the scan by more than this factor is refused: no detail can be invented."""

_LEVEL_TOLERANCE = 1.01
_BLOCK_PX = 2048
_PROBE_PX = 64
_MOST_DIFFERENCE = 8.0  # intensities; readers place a corner between pixels differently
_LEAST_BLOCK_UM = 256.0


class _Window(NamedTuple):
    """A picture being read: its um/px, its corner in level-0 pixels, the level that it is read from."""

    mpp: float
    corner: tuple[int, int]
    level: int


class Slide:
    """An open slide whose pixel size is known. Safe to read from several threads.

    Attributes:
        path: the file.
        mpp: microns per pixel of level 0.
        dimensions: (width, height) in level-0 pixels.
        is_mpp_given: True where `mpp` is the user's, not the file's.
        properties: metadata as OpenSlide names it.
        n_damaged_blocks: pieces of thumbnails whose pixels could not be read (they are white).
    """

    def __init__(self, path: Path, pixels: PixelSource, mpp: float, is_mpp_given: bool = False) -> None:
        self.path, self.mpp, self.is_mpp_given, self._pixels = path, mpp, is_mpp_given, pixels
        self.n_damaged_blocks = 0
        self.dimensions = pixels.level_dimensions[0]
        self.properties = pixels.properties

    def __enter__(self) -> Slide:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._pixels.close()

    @property
    def magnification(self) -> float:
        """Objective power: the file's own, else by the convention of 10 um/px at 1x."""
        stated = self.properties.get("openslide.objective-power", "")
        try:
            return float(stated)
        except ValueError:
            return 10.0 / self.mpp

    @property
    def n_levels(self) -> int:
        """Levels of the pyramid."""
        return len(self._pixels.level_dimensions)

    @property
    def associated_images(self) -> tuple[str, ...]:
        """Names of pictures beside the scan: label, macro, thumbnail."""
        return self._pixels.associated_images

    def level_for(self, target_mpp: float) -> int:
        """The coarsest level that is still at least as fine as `target_mpp` (1% tolerance); else 0."""
        fine_enough = [
            level
            for level, downsample in enumerate(self._pixels.level_downsamples)
            if self.mpp * downsample <= target_mpp * _LEVEL_TOLERANCE
        ]
        return max(fine_enough, key=self._pixels.level_downsamples.__getitem__, default=0)

    def check_target(self, target_mpp: float) -> None:
        """Raise SlideError `mpp_too_coarse` where the scan is far coarser than `target_mpp`."""
        if self.mpp > target_mpp * MAX_UPSAMPLING:
            raise SlideError(
                "mpp_too_coarse",
                "the slide was scanned too coarsely for the tile encoder",
                got=f"{self.mpp:.4g} um/px",
                expected=f"at most {target_mpp * MAX_UPSAMPLING:.4g} um/px for tiles at {target_mpp:g} um/px",
                fix="check the pixel size, or encode the whole cohort at a coarser --target-mpp",
            )

    def read_tile(self, x0: int, y0: int, tile_px: int, target_mpp: float) -> Rgb:
        """Square tile, uint8 [tile_px, tile_px, 3], `tile_px * target_mpp` micrometres wide.

        Its upper left corner is (x0, y0) in level-0 pixels; one level is read and resampled once.
        Raises SlideError `tile_unreadable`.
        """
        level = self.level_for(target_mpp)
        source_px = tile_px * target_mpp / self._level_mpp(level)
        if abs(source_px - tile_px) < 0.5:
            return self._pixels.read(level, x0, y0, tile_px, tile_px)
        whole_px = ceil(source_px)
        region = Image.fromarray(self._pixels.read(level, x0, y0, whole_px, whole_px))
        box = (0.0, 0.0, source_px, source_px)
        return np.asarray(region.resize((tile_px, tile_px), Image.Resampling.BILINEAR, box=box))

    def thumbnail(self, thumbnail_mpp: float) -> Rgb:
        """The whole slide at `thumbnail_mpp` (never finer than level 0), uint8 [h, w, 3]."""
        return self.region((0, 0), self.dimensions, thumbnail_mpp)

    def region(self, corner: tuple[int, int], size: tuple[int, int], region_mpp: float) -> Rgb:
        """A rectangle at `region_mpp` (never finer than level 0), uint8 [h, w, 3].

        Read in blocks, so that a slide of one huge level needs little memory; damaged ones are left white.

        Args:
            corner: (x, y) in level-0 pixels.
            size: (width, height) in level-0 pixels.
            region_mpp: um per pixel of the picture.
        """
        window = _Window(max(region_mpp, self.mpp), corner, self.level_for(max(region_mpp, self.mpp)))
        block_px = max(1, int(_BLOCK_PX * self._level_mpp(window.level) / window.mpp))
        width, height = (max(1, round(side * self.mpp / window.mpp)) for side in size)
        picture = np.full((height, width, 3), 255, np.uint8)
        for top in range(0, height, block_px):
            for left in range(0, width, block_px):
                box = left, top, min(left + block_px, width), min(top + block_px, height)
                picture[box[1] : box[3], box[0] : box[2]] = self._block(window, *box)
        return picture

    def _level_mpp(self, level: int) -> float:
        return self.mpp * self._pixels.level_downsamples[level]

    def _block(self, window: _Window, left: int, top: int, right: int, bottom: int) -> Rgb:
        """One block; its edges are in pixels of the window. A damaged block is read in quarters."""
        scale = window.mpp / self._level_mpp(window.level)
        width, height = right - left, bottom - top
        x0 = window.corner[0] + round(left * window.mpp / self.mpp)
        y0 = window.corner[1] + round(top * window.mpp / self.mpp)
        try:
            pixels = self._pixels.read(window.level, x0, y0, ceil(width * scale), ceil(height * scale))
        except SlideError:
            return self._quarters(window, left, top, right, bottom)
        box = (0.0, 0.0, width * scale, height * scale)
        return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX, box=box))

    def _quarters(self, window: _Window, left: int, top: int, right: int, bottom: int) -> Rgb:
        picture = np.full((bottom - top, right - left, 3), 255, np.uint8)
        if max(picture.shape[:2]) * window.mpp < _LEAST_BLOCK_UM:
            self.n_damaged_blocks += 1
            return picture
        middle_x, middle_y = (left + right + 1) // 2, (top + bottom + 1) // 2
        for x1, x2 in ((left, middle_x), (middle_x, right)):
            for y1, y2 in ((top, middle_y), (middle_y, bottom)):
                if x1 < x2 and y1 < y2:
                    part = self._block(window, x1, y1, x2, y2)
                    picture[y1 - top : y2 - top, x1 - left : x2 - left] = part
        return picture


def open_slide(path: Path | str, slide_mpp: float | None = None, override_mpp: float | None = None) -> Slide:
    """Open a slide with a known pixel size.

    Args:
        path: any format of OpenSlide, or a flat image of moderate size.
        slide_mpp: um/px of level 0 that stands in where the file does not say it.
        override_mpp: um/px of level 0 that is believed before the file (a study's own column `mpp`).

    Raises:
        SlideError: `missing_file`, `empty_file`, `unreadable`, `truncated`, `unsupported_format`, `not_rgb`,
            `too_large`, `mpp_missing`, `mpp_anisotropic`.
        InputError: a given MPP is implausible.
    """
    path = Path(path)
    for given, name in ((override_mpp, "the slide's own mpp"), (slide_mpp, "--slide-mpp")):
        if given is not None:
            check_given_mpp(given, name)
    pixels = _open_pixels(path)
    try:
        stated = None if override_mpp else mpp_from_properties(pixels.properties)
        mpp = override_mpp or stated or slide_mpp
        if mpp is None:
            refuse_unknown_mpp(pixels.properties)
    except SlideError:
        pixels.close()
        raise
    return Slide(path, pixels, mpp, is_mpp_given=stated is None)


def _open_pixels(path: Path) -> PixelSource:
    if not path.is_file():
        raise SlideError("missing_file", "there is no such file", got=path, fix="check the path")
    if path.stat().st_size == 0:
        raise SlideError("empty_file", "the file is empty", got="0 bytes", fix="copy the slide again")
    try:
        if is_tiff(path):
            check_tiff_whole(path)
        pixels = OpenSlidePixels(path)
    except openslide.OpenSlideUnsupportedFormatError:
        return _refused_by_openslide(path)
    except openslide.OpenSlideError as error:
        if "Unsupported TIFF compression" in str(error):
            return _refused_by_openslide(path)
        raise SlideError(
            "unreadable", "OpenSlide cannot read the slide", got=error, fix="copy or export the slide again"
        ) from error
    except OSError as error:
        raise SlideError("unreadable", "the file cannot be opened", got=error) from error
    vendor = pixels.properties.get("openslide.vendor")
    if vendor not in ("aperio", "generic-tiff"):
        return pixels
    try:
        return _by_tifffile(path, pixels) or pixels
    except BaseException:
        pixels.close()
        raise


def _refused_by_openslide(path: Path) -> PixelSource:
    if not is_tiff(path) or not has_rgb_samples(path):
        return read_flat(path)
    pixels = TiffPixels(path)
    refuse_lacking(path, pixels)
    return pixels


def _by_tifffile(path: Path, pixels: OpenSlidePixels) -> TiffPixels | None:
    """The slide through tifffile, which decodes in a quarter of the time, where it shows what OpenSlide shows.

    OpenSlide takes any tiled TIFF for colours, leaves out the levels that hang below the first, and does not know
    OME's metadata: such files are read by tifffile in any case, or refused.
    """
    is_plain = pixels.properties.get("openslide.vendor") == "generic-tiff"
    try:
        other = TiffPixels(path, None if is_plain else pixels.level_dimensions)
    except SlideError:
        if is_plain:
            raise
        return None
    sees_more = len(other.level_dimensions) > len(pixels.level_dimensions) or other.is_ome
    if is_plain and sees_more:
        refuse_lacking(path, other)
        pixels.close()
        return other
    if other.lacking or not _agree(pixels, other):
        other.close()
        return None
    other.properties, other.associated_images = pixels.properties, pixels.associated_images
    pixels.close()
    return other


def _agree(one: PixelSource, other: PixelSource) -> bool:
    """The same levels, and the same pixels in the middle of each; damaged places are left to the reading."""
    if one.level_dimensions != other.level_dimensions:
        return False
    for level, (width, height) in enumerate(one.level_dimensions):
        down = one.level_downsamples[level]
        x0, y0 = (int(round(side / 2) * down) for side in (width, height))
        try:
            pair = [each.read(level, x0, y0, _PROBE_PX, _PROBE_PX).astype(int) for each in (one, other)]
        except SlideError:
            continue
        if abs(pair[0] - pair[1]).mean() > _MOST_DIFFERENCE:
            return False
    return True
