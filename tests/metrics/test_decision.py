"""Net benefit by its definition, and what treating everybody is worth."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.metrics.decision import net_benefit, net_benefit_draws, treat_all


def test_net_benefit_by_hand():
    label, probability = [1, 1, 0, 0, 0], [0.9, 0.3, 0.6, 0.2, 0.1]
    assert net_benefit(label, probability, [0.5, 0.25]) == pytest.approx(
        [1 / 5 - 1 / 5, 2 / 5 - (1 / 5) * (0.25 / 0.75)]
    )
    assert treat_all(label, [0.4]) == pytest.approx([2 / 5 - (3 / 5) * (0.4 / 0.6)])


def test_draws_count_courses_as_often_as_they_were_drawn():
    random = np.random.default_rng(0)
    label, probability = random.integers(0, 2, 30), random.random(30)
    weights = random.integers(0, 4, (5, 30)).astype(float)
    found = net_benefit_draws(label, probability, [0.2, 0.5], weights)
    for own, weight in zip(found, weights.astype(int), strict=True):
        again = net_benefit(np.repeat(label, weight), np.repeat(probability, weight), [0.2, 0.5])
        assert own == pytest.approx(again, abs=1e-12)


def test_a_calibrated_model_is_never_worse_than_the_better_of_all_and_none():
    random = np.random.default_rng(1)
    probability = random.beta(1, 2, 200_000)
    label = (random.random(200_000) < probability).astype(float)
    cuts = [0.1, 0.3, 0.5, 0.7]
    best = np.maximum(treat_all(label, cuts), 0)
    assert (net_benefit(label, probability, cuts) >= best - 1e-3).all()


def test_thresholds_outside_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        net_benefit([0, 1], [0.2, 0.8], [1.0])


def test_standardised_benefit_is_a_share_of_perfect_knowledge():
    label = [1, 1, 0, 0, 0]
    assert net_benefit(label, label, [0.1, 0.9], standardised=True) == pytest.approx([1, 1])
    assert treat_all(label, [0.4], standardised=True) == pytest.approx(
        [(2 / 5 - 3 / 5 * 0.4 / 0.6) / (2 / 5)]
    )
    assert np.isnan(net_benefit([0, 0], [0.2, 0.8], [0.5], standardised=True)).all()


def test_a_draw_without_courses_is_nan():
    found = net_benefit_draws([1, 0], [0.9, 0.1], [0.5], np.array([[0.0, 0.0], [2.0, 0.0]]))
    assert np.isnan(found[0]).all()
    assert found[1] == pytest.approx([1.0])


def test_nobody_treated_is_worth_nothing():
    assert net_benefit([1, 0, 1], [0.1, 0.2, 0.3], [0.5]) == pytest.approx([0])


def test_percentages_are_refused():
    with pytest.raises(ValueError, match="within 0 and 1"):
        net_benefit([0, 1], [20, 80], [0.5])
