"""Tiles travel as they are stored, and evaluation never holds more of them than its budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from toy_courses import TILE_DIM, toy_course, toy_preprocessor
from tumorcast.batches.batch import inputs_from
from tumorcast.batches.budget import within_budget
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.nn.build import build_predictor
from tumorcast.training import inference


class Rows:
    """Tiles that lie elsewhere: only what is asked for is read."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.shape, self.dtype = rows, rows.shape, rows.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, asked: slice) -> np.ndarray:
        return self.rows[asked]


def in_half(course):
    return replace(course, tiles=course.tiles.astype(np.float16))


def test_tiles_stay_in_half_precision_where_all_are(tmp_path):
    courses = [in_half(toy_course(0)), toy_course(1, n_tiles=0), in_half(toy_course(2, n_tiles=3))]
    np.save(tmp_path / "rows.npy", courses[2].tiles)
    mapped = replace(courses[2], tiles=np.load(tmp_path / "rows.npy", mmap_mode="r"))
    elsewhere = replace(courses[0], tiles=Rows(courses[0].tiles))
    for given in (courses, [elsewhere, courses[1], mapped]):
        packed = pack(given)
        assert packed["tiles"].dtype == np.float16
        assert type(packed["tiles"]) is np.ndarray
        np.testing.assert_array_equal(packed["tiles"], np.concatenate([courses[0].tiles, courses[2].tiles]))
        np.testing.assert_array_equal(packed["tile_course"], [0] * 7 + [2] * 3)
    assert pack([courses[0], toy_course(3)])["tiles"].dtype == np.float32
    assert pack([toy_course(1, n_tiles=0)])["tiles"].shape == (0, TILE_DIM)


def test_scores_of_half_precision_tiles_are_those_of_the_same_numbers_in_float32():
    torch.manual_seed(0)
    predictor = build_predictor(ModelConfig(), toy_preprocessor()).eval()
    half = [in_half(toy_course(n, n_tiles=n)) for n in range(5)]
    full = [replace(course, tiles=course.tiles.astype(np.float32)) for course in half]
    with torch.inference_mode():
        ours, theirs = (predictor(inputs_from(pack(c), tuple(c[0].layers))).read_outs for c in (half, full))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("sizes", [[], [5], [0, 0], [3, 3, 3, 3], [100, 1, 1, 200, 0, 0, 9], [10] * 9])
def test_every_course_once_in_order_and_within_the_budget(sizes):
    courses = [toy_course(n, n_tiles=size) for n, size in enumerate(sizes)]
    runs = list(within_budget(courses, most_courses=3, most_tiles=10))
    assert [place for run in runs for place in run] == list(range(len(sizes)))
    for run in runs:
        assert 0 < len(run) <= 3
        assert len(run) == 1 or sum(sizes[place] for place in run) <= 10


def test_evaluation_never_holds_more_tiles_than_the_budget(monkeypatch):
    torch.manual_seed(0)
    predictor = build_predictor(ModelConfig(), toy_preprocessor())
    courses = [toy_course(n, n_tiles=4) for n in range(9)]
    expected = inference.predict(predictor, courses, "response")
    seen = []

    def packed(some):
        made = pack(some)
        seen.append(len(made["tiles"]))
        return made

    monkeypatch.setattr(inference, "pack", packed)
    monkeypatch.setattr(inference, "within_budget", lambda given, most: within_budget(given, most, 10))
    np.testing.assert_allclose(inference.predict(predictor, courses, "response"), expected, atol=1e-6)
    assert max(seen) == 8
