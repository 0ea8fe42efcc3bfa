"""C-for-benefit: above a half where the prediction orders benefits, a half where it says nothing, else below."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.evaluation.causal.matched_benefit import c_for_benefit, c_for_benefit_interval


def trial(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(outcome, arm, true benefit): prognosis is strong and says nothing of the benefit."""
    random = np.random.default_rng(seed)
    benefit, arm = random.normal(0, 1, n), random.random(n) < 0.4
    return random.normal(0, 1, n) + benefit * arm, arm, benefit


def test_the_true_benefit_is_told_from_chance_and_from_its_opposite():
    outcome, arm, benefit = trial(1500)
    right = c_for_benefit(outcome, arm, benefit)
    assert right > 0.6
    assert c_for_benefit(outcome, arm, -benefit) == pytest.approx(1 - right, abs=0.03)
    assert c_for_benefit(outcome, arm, np.random.default_rng(1).random(1500)) == pytest.approx(0.5, abs=0.04)
    told = c_for_benefit_interval(outcome, arm, benefit, draws=50)
    assert 0.5 < told.low < right < told.high


def test_by_hand():
    outcome = [3.0, 1.0, 0.0, 2.0, 9.0]
    arm = [True, False, True, False, True]
    assert c_for_benefit(outcome[:4], arm[:4], [2.0, 2.0, 1.0, 1.0]) == 1.0
    assert c_for_benefit(outcome[:4], arm[:4], [1.0, 1.0, 2.0, 2.0]) == 0.0
    assert c_for_benefit(outcome[:4], arm[:4], [1.0] * 4) == 0.5
    assert np.isnan(c_for_benefit([1.0, 1.0], [True, False], [0.0, 1.0]))


def test_unknown_outcomes_are_left_out():
    outcome, arm, benefit = trial(400)
    holes = np.where(np.arange(400) % 4 == 0, np.nan, outcome)
    kept = np.isfinite(holes)
    assert c_for_benefit(holes, arm, benefit) > 0.5
    assert kept.sum() == 300
