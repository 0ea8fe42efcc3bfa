"""The plain multiple-instance baseline finds a few telling tiles, and nothing where there are none."""

from __future__ import annotations

import numpy as np

from tumorcast.metrics.discrimination import auroc
from tumorcast.training.abmil import fit_abmil


def _bags(n: int, shift: float, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, n).astype(float)
    bags = []
    for own in label:
        bag = random.normal(size=(random.integers(10, 40), 8)).astype(np.float32)
        bag[: len(bag) // 3, 0] += shift * own
        bags.append(bag)
    return bags, label


def test_telling_tiles_are_found_and_noise_is_not():
    bags, label = _bags(120, 2.5, 0)
    new, truth = _bags(150, 2.5, 1)
    folds = np.arange(120) % 3
    chance = fit_abmil(bags, label, folds, new)
    assert auroc(truth, chance) > 0.9
    assert (chance == fit_abmil(bags, label, folds, new)).all()
    none, coin = _bags(120, 0.0, 2)
    assert abs(auroc(truth, fit_abmil(none, coin, folds, new)) - 0.5) < 0.25
