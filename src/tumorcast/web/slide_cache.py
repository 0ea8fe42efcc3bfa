"""Open slides and their zoom tiles, a bounded number of each."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Semaphore

from PIL import Image

from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.show.pyramid import Pyramid, pyramid_of, read_zoom_tile

_QUALITY = 82
_MOST_SLIDES = 8
_MOST_TILE_BYTES = 64 << 20
_MOST_READING = 2


@dataclass
class _Opened:
    """A slide with the number of those that read it now."""

    slide: Slide
    pyramid: Pyramid
    n_reading: int = 0
    is_gone: bool = False


class SlideCache:
    """Slides kept open for reading; tiles as JPEG.

    Args:
        most_slides: kept open.
        most_bytes: of tiles kept.
    """

    def __init__(self, most_slides: int = _MOST_SLIDES, most_bytes: int = _MOST_TILE_BYTES) -> None:
        self._most_slides, self._most_bytes = most_slides, most_bytes
        self._slides: OrderedDict[tuple[Path, float | None], _Opened] = OrderedDict()
        self._tiles: OrderedDict[tuple[Path, float | None, int, int, int], bytes] = OrderedDict()
        self._n_bytes = 0
        self._lock, self._reading = Lock(), Semaphore(_MOST_READING)

    def pyramid(self, path: Path, slide_mpp: float | None) -> tuple[Pyramid, Slide]:
        """Levels of a slide; SlideError where it cannot be opened."""
        with self._opened(path, slide_mpp) as opened:
            return opened.pyramid, opened.slide

    def tile(self, path: Path, slide_mpp: float | None, level: int, column: int, row: int) -> bytes | None:
        """JPEG of a tile; None where there is no such tile."""
        key = path, slide_mpp, level, column, row
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
        with self._opened(path, slide_mpp) as opened, self._reading:
            if not opened.pyramid.has(level, column, row):
                return None
            picture = io.BytesIO()
            rgb = read_zoom_tile(opened.slide, opened.pyramid, level, column, row)
            Image.fromarray(rgb).save(picture, "JPEG", quality=_QUALITY)
        self._keep(key, picture.getvalue())
        return picture.getvalue()

    def forget(self, folder: Path) -> None:
        """Close the slides under a folder and drop their tiles, so that it can be deleted."""
        with self._lock:
            for key in [key for key in self._slides if folder in key[0].parents]:
                self._retire(self._slides.pop(key))
            for tile in [tile for tile in self._tiles if folder in tile[0].parents]:
                self._n_bytes -= len(self._tiles.pop(tile))

    def close(self) -> None:
        """Close every slide."""
        with self._lock:
            while self._slides:
                self._retire(self._slides.popitem()[1])
            self._tiles.clear()
            self._n_bytes = 0

    @contextmanager
    def _opened(self, path: Path, slide_mpp: float | None) -> Iterator[_Opened]:
        opened = self._borrow(path, slide_mpp)
        try:
            yield opened
        finally:
            with self._lock:
                opened.n_reading -= 1
                if opened.is_gone and not opened.n_reading:
                    opened.slide.close()

    def _borrow(self, path: Path, slide_mpp: float | None) -> _Opened:
        key = path, slide_mpp
        with self._lock:
            found = self._slides.get(key)
            if found is not None:
                self._slides.move_to_end(key)
                found.n_reading += 1
                return found
        slide = open_slide(path, slide_mpp)
        with self._lock:
            if key in self._slides:
                slide.close()
            else:
                self._slides[key] = _Opened(slide, pyramid_of(slide))
            opened = self._slides[key]
            opened.n_reading += 1
            while len(self._slides) > self._most_slides:
                self._retire(self._slides.popitem(last=False)[1])
        return opened

    @staticmethod
    def _retire(opened: _Opened) -> None:
        """Closed now, or by the last that reads it."""
        opened.is_gone = True
        if not opened.n_reading:
            opened.slide.close()

    def _keep(self, key: tuple[Path, float | None, int, int, int], tile: bytes) -> None:
        with self._lock:
            if key not in self._tiles:
                self._n_bytes += len(tile)
            self._tiles[key] = tile
            while self._n_bytes > self._most_bytes:
                self._n_bytes -= len(self._tiles.popitem(last=False)[1])
