"""Features that stay in their files give the same rows, and the same mean, as those in memory."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import CoordsAttrs, StoreAttrs
from tumorcast.slides.store import read_features, write_features
from tumorcast.slides.stored_rows import StoredRows, joined


def stored(path: Path, count: int, seed: int, dim: int = 5) -> tuple[StoredRows, np.ndarray]:
    """Rows in a file, and the same in memory."""
    features = np.random.default_rng(seed).normal(size=(count, dim))
    write_features(path, features, np.zeros((count, 2)), StoreAttrs(), CoordsAttrs())
    rows = read_features(path, stay_in_file=True).features
    assert isinstance(rows, StoredRows)
    return rows, read_features(path).features


@pytest.fixture
def both(tmp_path) -> tuple[StoredRows, np.ndarray]:
    """Three files as one table."""
    made = [stored(tmp_path / f"{i}.h5", count, i) for i, count in enumerate((7, 1, 1500))]
    return joined([rows for rows, _ in made]), np.concatenate([known for _, known in made])


def test_rows_are_those_in_memory(both):
    rows, known = both
    assert rows.shape == known.shape
    assert len(rows) == len(known)
    some = np.random.default_rng(0).integers(-1508, 1508, 60)
    mask = np.arange(1508) % 3 == 0
    for asked in (
        slice(0, 0), slice(0, 7), slice(5, 9), slice(7, 8), slice(1400, 9999), slice(None), slice(None, None, -2),
        some, mask, np.zeros(0, int), np.array([3, 3, 1]),
    ):  # fmt: skip
        assert rows[asked].dtype == np.float32
        np.testing.assert_array_equal(rows[asked], known[asked])
    np.testing.assert_array_equal(np.asarray(rows), known)
    np.testing.assert_allclose(rows.mean(axis=0), known.mean(axis=0), rtol=1e-4, atol=1e-6)


def test_a_value_that_is_not_finite_shows_in_the_mean(tmp_path):
    for number, bad in enumerate((np.nan, np.inf, -np.inf)):
        path = tmp_path / f"{number}.h5"
        with h5py.File(path, "w") as file:
            file["features"] = np.array([[1, 2], [3, bad], [5, -bad]], np.float16)
        mean = read_features(path, stay_in_file=True).features.mean()
        assert np.isfinite(mean).tolist() == [True, False]


def test_a_batch_axis_is_taken_away_and_other_shapes_are_refused(tmp_path):
    for name, features in (
        ("a", np.ones((1, 4, 3))),
        ("b", np.ones((2, 4, 3))),
        ("c", np.ones((1, 1, 4, 3))),
    ):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["features"] = features
    rows = read_features(tmp_path / "a.h5", stay_in_file=True).features
    assert rows[1:3].shape == (2, 3)
    assert rows[np.array([True, False, False, True])].shape == (2, 3)
    for name in "bc":
        with pytest.raises(InputError, match="not a table"):
            read_features(tmp_path / f"{name}.h5", stay_in_file=True)


def test_a_bag_in_memory_beside_one_in_a_file_is_in_memory(tmp_path):
    rows, known = stored(tmp_path / "a.h5", 4, 0)
    together = joined([rows, known])
    np.testing.assert_array_equal(together, np.concatenate([known, known]))
