"""Zoom tiles of a slide: every pixel once, a bounded number kept."""

from __future__ import annotations

import io
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from toy_lab import write_toy_slide
from tumorcast.cohort.simulate.svs import write_svs
from tumorcast.domain.errors import SlideError
from tumorcast.slides.show.pyramid import TILE_PX, Pyramid, read_zoom_tile
from tumorcast.web.slide_cache import SlideCache


@pytest.fixture
def wide_slide(tmp_path):
    """1300 x 700 px with a gradient, so that a tile in the wrong place is seen."""
    x, y = np.meshgrid(np.linspace(0, 250, 1300), np.linspace(0, 250, 700))
    write_svs(tmp_path / "wide.svs", np.stack([x, y, x * 0], 2).astype(np.uint8), 1.0, 10)
    return tmp_path / "wide.svs"


def _open(tile: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(tile)).convert("RGB")).astype(float)


def test_tiles_of_every_level_show_the_whole_slide(wide_slide):
    cache = SlideCache()
    pyramid, slide = cache.pyramid(wide_slide, None)
    assert (pyramid.width, pyramid.height, pyramid.finest) == (1300, 700, 2)
    for level in range(pyramid.finest + 1):
        columns, rows = pyramid.grid(level)
        parts = [
            np.hstack([_open(cache.tile(wide_slide, None, level, c, r) or b"") for c in range(columns)])
            for r in range(rows)
        ]
        whole = Image.fromarray(np.vstack(parts).astype(np.uint8)).resize((130, 70), Image.Resampling.BOX)
        seen = Image.fromarray(slide.thumbnail(10.0)).resize((130, 70))
        assert np.abs(np.asarray(whole, float) - np.asarray(seen, float)).mean() < 4


@pytest.mark.parametrize(
    ("level", "column", "row"), [(3, 0, 0), (-1, 0, 0), (2, 3, 0), (2, 0, 2), (2, -1, 0)]
)
def test_there_is_no_tile_outside(wide_slide, level, column, row):
    assert SlideCache().tile(wide_slide, None, level, column, row) is None


def test_few_slides_and_few_bytes_are_kept(tmp_path):
    cache = SlideCache(most_slides=2, most_bytes=5000)
    for number in range(5):
        write_toy_slide(tmp_path / f"{number}.svs", number)
        assert cache.tile(tmp_path / f"{number}.svs", None, 0, 0, 0)
    assert len(cache._slides) == 2
    assert cache._n_bytes == sum(map(len, cache._tiles.values())) <= 5000


def test_many_readers_while_slides_are_retired(tmp_path):
    paths = [tmp_path / f"{number}.svs" for number in range(4)]
    for number, path in enumerate(paths):
        write_toy_slide(path, number)
    cache = SlideCache(most_slides=1, most_bytes=1)
    first = [cache.tile(path, None, 0, 0, 0) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda n: cache.tile(paths[n % 4], None, 0, 0, 0), range(64)))
    assert again == first * 16


def test_a_forgotten_folder_can_be_deleted(tmp_path):
    folder = tmp_path / "case"
    write_toy_slide(folder / "a.svs", 1)
    cache = SlideCache()
    cache.tile(folder / "a.svs", None, 0, 0, 0)
    cache.forget(folder)
    shutil.rmtree(folder)
    with pytest.raises(SlideError):
        cache.tile(folder / "a.svs", None, 0, 0, 0)


def test_a_tile_at_the_edge_is_as_large_as_what_is_left(wide_slide):
    pyramid, slide = SlideCache().pyramid(wide_slide, None)
    assert isinstance(pyramid, Pyramid)
    assert read_zoom_tile(slide, pyramid, 2, 2, 1).shape == (700 - TILE_PX, 1300 - 2 * TILE_PX, 3)
