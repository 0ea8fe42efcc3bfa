"""The shrinkage of covariances against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage

from tumorcast.evaluation.shrinkage import shrinkage_of


@pytest.mark.parametrize(("n", "features"), [(30, 4), (20, 300), (200, 50), (5, 2), (40, 1)])
@pytest.mark.parametrize("rank", [1, 3, 0])
def test_same_as_scikit_learn(n, features, rank):
    random = np.random.default_rng(n + features + rank)
    z = random.normal(size=(n, features))
    if rank:
        z = z * 0.3 + random.normal(size=(n, rank)) @ random.normal(size=(rank, features))
    z -= z.mean(axis=0)
    assert shrinkage_of(z) == pytest.approx(ledoit_wolf_shrinkage(z, assume_centered=True), abs=1e-12)


def test_nothing_varies():
    assert shrinkage_of(np.zeros((10, 3))) == 0.0
