"""Occlusion finds the tiles that carry a planted effect, in few passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tumorcast.serve.occlusion import MOST_BLOCKS, occlusion_scores, tile_blocks
from tumorcast.serve.session import Prediction


@dataclass(frozen=True)
class _Course:
    tiles: np.ndarray


class _Sum:
    """Logit = sum over tiles of the first feature; the other features do nothing."""

    def __init__(self, has_response=True):
        self.n_passes, self.has_response = 0, has_response

    def predict_without_blocks(self, course, blocks):
        kept = [np.ones(len(blocks), bool), *(blocks != block for block in range(blocks.max() + 1))]
        self.n_passes += len(kept)
        none = np.zeros(0, np.float32)
        whole, *rest = [
            Prediction("c", "p", 1 / (1 + np.exp(-each)) if self.has_response else np.nan, -each, none, none)
            for each in (float(course.tiles[is_kept, 0].sum()) for is_kept in kept)
        ]
        return whole, rest


def _grid(rows, columns, step=224):
    y, x = np.indices((rows, columns)).reshape(2, -1)
    return np.stack([x, y], 1) * step


@pytest.mark.parametrize("has_response", [True, False])
def test_each_tile_s_own_effect_is_found(has_response):
    coords = _grid(10, 12)
    tiles = np.random.default_rng(0).normal(0, 0.05, (120, 5))
    scores = occlusion_scores(_Sum(has_response), _Course(tiles), coords, ["s"] * 120)
    assert scores == pytest.approx(tiles[:, 0], abs=1e-6)


def test_large_slides_take_a_bounded_number_of_passes():
    coords, predictor = _grid(80, 100), _Sum()
    tiles = np.zeros((8000, 3))
    planted = (coords[:, 0] > 60 * 224) & (coords[:, 1] < 20 * 224)
    tiles[planted, 0] = 2e-3
    scores = occlusion_scores(predictor, _Course(tiles), coords, ["s"] * 8000)
    assert predictor.n_passes <= MOST_BLOCKS + 1
    assert scores[planted].mean() > 20 * np.abs(scores[~planted]).mean()


def test_blocks_are_neighbours_of_one_slide():
    coords = np.concatenate([_grid(30, 30), _grid(30, 30)])
    slides = np.repeat(["a", "b"], 900)
    blocks = tile_blocks(coords, slides)
    assert blocks.min() == 0
    assert 100 < blocks.max() + 1 == len(set(blocks)) <= MOST_BLOCKS
    for block in set(blocks):
        assert len(set(slides[blocks == block])) == 1
        assert np.ptp(coords[blocks == block], axis=0).max() < 5 * 224


def test_a_single_tile_and_tiles_without_places_score_nothing():
    assert occlusion_scores(_Sum(), _Course(np.ones((1, 2))), np.zeros((1, 2)), ["s"]).tolist() == [0]
    nowhere = np.full((9, 2), -1)
    assert occlusion_scores(_Sum(), _Course(np.ones((9, 2))), nowhere, ["s"] * 9).tolist() == [0] * 9


def test_the_course_is_left_as_it_was():
    tiles = np.random.default_rng(0).normal(size=(6, 2))
    before = tiles.copy()
    occlusion_scores(_Sum(), _Course(tiles), _grid(2, 3), ["s"] * 6)
    assert np.array_equal(tiles, before)
