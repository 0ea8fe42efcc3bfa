"""Where a slide's pixels come from: OpenSlide, or a whole image in memory for what OpenSlide refuses."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
import openslide
from PIL import Image

from tumorcast.domain.errors import SlideError

Rgb = np.ndarray
"""uint8 [height, width, 3]."""

BACKGROUND = 255


class PixelSource(Protocol):
    """Levels of one image; safe to read from several threads.

    Attributes:
        level_dimensions: (width, height) per level, level 0 first.
        level_downsamples: level-0 pixels per pixel of the level.
        properties: metadata as OpenSlide names it.
        associated_images: names of pictures beside the scan.
    """

    level_dimensions: tuple[tuple[int, int], ...]
    level_downsamples: tuple[float, ...]
    properties: dict[str, str]
    associated_images: tuple[str, ...]

    def read(self, level: int, x0: int, y0: int, width: int, height: int) -> Rgb:
        """Region of `width` x `height` pixels of `level` whose corner is (x0, y0) in level-0 pixels.

        What lies outside the image is white. Raises SlideError `tile_unreadable` for damaged data.
        """

    def close(self) -> None:
        """Release the file."""


class OpenSlidePixels:
    """A slide through OpenSlide.

    OpenSlide latches its first error: a handle that met a damaged tile refuses all later reads. So a
    failed read is repeated once on a new handle, which then serves the other threads too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = openslide.OpenSlide(path)
        self._lock = Lock()
        self.level_dimensions = tuple(self._handle.level_dimensions)
        self.level_downsamples = tuple(self._handle.level_downsamples)
        self.properties = dict(self._handle.properties)
        self.associated_images = tuple(self._handle.associated_images)

    def read(self, level: int, x0: int, y0: int, width: int, height: int) -> Rgb:
        try:
            region = self._handle.read_region((x0, y0), level, (width, height))
        except openslide.OpenSlideError:
            region = self._read_again(level, x0, y0, width, height)
        return _on_white(region)

    def _read_again(self, level: int, x0: int, y0: int, width: int, height: int) -> Image.Image:
        with self._lock:
            self._handle = openslide.OpenSlide(self._path)
            try:
                return self._handle.read_region((x0, y0), level, (width, height))
            except openslide.OpenSlideError as error:
                self._handle = openslide.OpenSlide(self._path)
                raise SlideError(
                    "tile_unreadable", f"damaged data at ({x0}, {y0}) of level {level}", got=error
                ) from error

    def close(self) -> None:
        self._handle.close()


class ArrayPixels:
    """One image held in memory as a single level."""

    def __init__(self, image: Rgb, properties: dict[str, str]) -> None:
        self._image = image
        self.level_dimensions: tuple[tuple[int, int], ...] = ((image.shape[1], image.shape[0]),)
        self.level_downsamples: tuple[float, ...] = (1.0,)
        self.properties = properties
        self.associated_images: tuple[str, ...] = ()

    def read(self, level: int, x0: int, y0: int, width: int, height: int) -> Rgb:
        region = np.full((height, width, 3), BACKGROUND, np.uint8)
        left, top = max(x0, 0), max(y0, 0)
        part = self._image[top : max(y0 + height, 0), left : max(x0 + width, 0)]
        region[top - y0 : top - y0 + part.shape[0], left - x0 : left - x0 + part.shape[1]] = part
        return region

    def close(self) -> None:
        self._image = self._image[:0]


def _on_white(region: Image.Image) -> Rgb:
    """RGB of an RGBA region; what the scanner did not scan (alpha 0) becomes white."""
    if region.getchannel("A").getextrema()[0] == 255:
        return np.asarray(region.convert("RGB"))
    canvas = Image.new("RGBA", region.size, (BACKGROUND,) * 4)
    canvas.alpha_composite(region)
    return np.asarray(canvas.convert("RGB"))
