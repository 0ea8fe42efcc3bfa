"""Deep zoom: levels of tiles, each twice as fine as the one before."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from PIL import Image

from tumorcast.slides.pixels import Rgb
from tumorcast.slides.reader import Slide

TILE_PX = 512


@dataclass(frozen=True)
class Pyramid:
    """Deep-zoom levels; level 0 is a single tile.

    Attributes:
        mpp: um/px of the finest level.
        width, height: of it.
    """

    mpp: float
    width: int
    height: int

    @property
    def finest(self) -> int:
        """Number of the finest level."""
        return max(0, ceil(log2(max(self.width, self.height) / TILE_PX)))

    def grid(self, level: int) -> tuple[int, int]:
        """Columns and rows of tiles of a level."""
        scale = 2 ** (self.finest - level) * TILE_PX
        return ceil(self.width / scale), ceil(self.height / scale)

    def has(self, level: int, column: int, row: int) -> bool:
        """Whether there is such a tile."""
        if not 0 <= level <= self.finest:
            return False
        columns, rows = self.grid(level)
        return 0 <= column < columns and 0 <= row < rows


def pyramid_of(slide: Slide, finest_mpp: float = 0.0) -> Pyramid:
    """The levels of a slide, the finest at `finest_mpp` um/px, never finer than the scan."""
    mpp = max(finest_mpp, slide.mpp)
    width, height = (max(1, round(side * slide.mpp / mpp)) for side in slide.dimensions)
    return Pyramid(mpp, width, height)


def read_zoom_tile(slide: Slide, pyramid: Pyramid, level: int, column: int, row: int) -> Rgb:
    """A tile of a level, uint8 [h, w, 3], at most `TILE_PX` a side; damaged pixels are white."""
    scale = 2 ** (pyramid.finest - level)
    left, top = column * TILE_PX * scale, row * TILE_PX * scale
    width, height = min(TILE_PX * scale, pyramid.width - left), min(TILE_PX * scale, pyramid.height - top)
    per_pixel = pyramid.mpp / slide.mpp
    corner = round(left * per_pixel), round(top * per_pixel)
    size = max(1, round(width * per_pixel)), max(1, round(height * per_pixel))
    picture = Image.fromarray(slide.region(corner, size, pyramid.mpp * scale))
    return np.asarray(picture.resize((max(1, ceil(width / scale)), max(1, ceil(height / scale)))))
