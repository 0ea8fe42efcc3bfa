"""Another stain for a tile: seeded, within range, and glass stays glass."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.slides.stain_augment import STRONG, StainDraw, stain_anew, stain_vectors


def _tiles(n=6, side=40, seed=0):
    """Tissue of two stains on the left, glass on the right."""
    random = np.random.default_rng(seed)
    amounts = random.gamma(2.0, 0.15, (n, side, side, 2))
    density = amounts @ stain_vectors()[:2]
    tiles = 255 * 10**-density
    tiles[:, :, side // 2 :] = 255
    return tiles.clip(0, 255).astype(np.uint8)


def _keys(n):
    return np.arange(n)[:, None].astype(np.int64)


def test_nothing_at_strength_zero():
    tiles = _tiles()
    assert np.array_equal(stain_anew(tiles, StainDraw.drawn(0.0, 1, _keys(6))), tiles)


def test_unmixing_and_mixing_give_every_colour_back():
    """With factors just off 1, so that the way through optical densities is taken."""
    colours = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    draw = StainDraw(np.full((1, 3), 1 + 1e-6, np.float32), np.zeros((1, 3), np.float32))
    assert np.abs(stain_anew(colours, draw).astype(int) - colours).max() <= 1


@pytest.mark.parametrize("strength", [0.05, STRONG])
def test_range_and_glass(strength):
    tiles = _tiles()
    made = stain_anew(tiles, StainDraw.drawn(strength, 3, _keys(6)))
    assert made.dtype == np.uint8
    assert made.shape == tiles.shape
    assert np.array_equal(made[:, :, 20:], tiles[:, :, 20:])
    assert np.abs(made[:, :, :20].astype(float) - tiles[:, :, :20]).mean() > 10 * strength
    dark = made[:, :, :20].mean(axis=(1, 2, 3))
    assert (dark < made[:, :, 20:].mean(axis=(1, 2, 3)) - 20).all()


def test_draws_depend_on_seed_and_key_alone():
    tiles, keys = _tiles(), _keys(6)
    made = stain_anew(tiles, StainDraw.drawn(0.2, 3, keys))
    order = np.array([4, 0, 5])
    assert np.array_equal(stain_anew(tiles[order], StainDraw.drawn(0.2, 3, keys[order])), made[order])
    assert not np.array_equal(stain_anew(tiles, StainDraw.drawn(0.2, 4, keys)), made)
    same = stain_anew(np.repeat(tiles[:1], 6, axis=0), StainDraw.drawn(0.2, 3, keys))
    assert len({each.tobytes() for each in same}) == 6


def test_draws_fill_the_range():
    draw = StainDraw.drawn(0.2, 0, _keys(2000))
    assert 0.8 <= draw.factor.min() < 0.805
    assert 1.195 < draw.factor.max() <= 1.2
    assert abs(draw.offset.mean()) < 0.01
    assert draw.offset.max() <= 0.2


def test_more_haematoxylin_is_bluer_and_more_eosin_pinker():
    tile = np.full((1, 2, 2, 3), (190, 130, 180), np.uint8)
    more = np.array([[1.3, 1, 1]], np.float32), np.array([[1, 1.3, 1]], np.float32)
    blue, pink = (stain_anew(tile, StainDraw(each, np.zeros((1, 3), np.float32)))[0, 0, 0] for each in more)
    assert int(tile[0, 0, 0, 0]) - blue[0] > int(tile[0, 0, 0, 0]) - pink[0]
    assert pink[1] < 130
    assert blue[1] < 130


@pytest.mark.parametrize("strength", [-0.1, 0.6, float("nan")])
def test_strength_out_of_range(strength):
    with pytest.raises(InputError, match="strength"):
        StainDraw.drawn(strength, 0, _keys(1))
