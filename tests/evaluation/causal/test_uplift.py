"""Ranking by predicted benefit: the area under the targeting curve, its interval, and its null."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.evaluation.causal.uplift import autoc, autoc_interval, permutation_p


def test_area_by_hand_and_in_the_right_direction():
    gain = np.array([4.0, 2.0, 0.0, -2.0])
    by_hand = np.mean([4 - 1, 3 - 1, 2 - 1, 1 - 1])
    assert autoc(gain, [4, 3, 2, 1]) == pytest.approx(by_hand)
    assert autoc(gain, [1, 2, 3, 4]) < 0
    assert autoc(gain, np.exp([4, 3, 2, 1])) == pytest.approx(by_hand)


def test_a_constant_ranks_nobody():
    random = np.random.default_rng(0)
    assert autoc(random.normal(size=50), np.ones(50)) == pytest.approx(0, abs=1e-12)


def test_ties_do_not_depend_on_the_order_of_rows():
    random = np.random.default_rng(1)
    gain, priority = random.normal(size=80), random.integers(0, 3, 80)
    order = random.permutation(80)
    assert autoc(gain, priority) == pytest.approx(autoc(gain[order], priority[order]))


def test_a_true_ranking_is_found_and_a_null_one_is_not():
    random = np.random.default_rng(2)
    effect = random.normal(size=400)
    gain = effect + random.normal(size=400)
    told = autoc_interval(gain, effect, draws=300)
    assert told.low > 0
    assert permutation_p(gain, effect, draws=200) < 0.02
    null = [permutation_p(random.normal(size=60), random.normal(size=60), 99, seed) for seed in range(60)]
    assert 0.3 < np.mean(null) < 0.7
    assert np.mean(np.array(null) <= 0.1) < 0.25
