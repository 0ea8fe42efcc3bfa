"""Limits of agreement, population stability, Holm: against known answers and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.metrics.agreement import agreement
from tumorcast.metrics.shift import holm, kolmogorov_p, population_stability

_FIRST = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
_MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)


def test_bland_and_altman_s_example() -> None:
    """Peak expiratory flow by two meters (Lancet 1986): mean -2.1 l/min, SD 38.8, limits -79.7 and 75.5 with 2 SD."""
    found = agreement(_MINI, _FIRST)
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert (found.upper.value - found.lower.value) / 3.92 == pytest.approx(38.8, abs=0.1)
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)


def test_exact_intervals_hold_the_limits_as_often_as_promised() -> None:
    random, runs, n = np.random.default_rng(0), 2000, 10
    held = 0
    for _ in range(runs):
        found = agreement(np.zeros(n), random.normal(0, 1, n))
        held += found.upper.low <= 1.96 <= found.upper.high
    assert held / runs == pytest.approx(0.95, abs=0.012)


def test_spread_within_and_between() -> None:
    random, n = np.random.default_rng(1), 4000
    truth = random.normal(0, 3, n)
    found = agreement(*(truth + random.normal(0, 1, (2, n))))
    assert found.within.value == pytest.approx(1, rel=0.04)
    assert found.within.low < 1 < found.within.high
    assert found.between == pytest.approx(3, rel=0.05)
    assert found.reliability == pytest.approx(0.9, abs=0.01)


def test_equal_measurements_agree_wholly() -> None:
    found = agreement([0.1, 0.5, 0.9], [0.1, 0.5, 0.9])
    assert (found.within.value, found.repeatability, found.reliability) == (0, 0, 1)


@pytest.mark.parametrize("pairs", [([1.0, 2.0], [1.0, 2.0]), ([1.0, np.nan, 2.0], [1.0, 1.0, 1.0])])
def test_pairs_that_say_nothing_are_refused(pairs: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="pairs"):
        agreement(*pairs)


def test_population_stability_by_hand() -> None:
    """Two bins, shares .5 and .5 against .8 and .2: .3 ln(.8/.5) + -.3 ln(.2/.5) = .416."""
    reference = np.arange(100)
    sample = np.r_[np.zeros(80), np.full(20, 99)]
    assert population_stability(sample, reference, bins=2).value == pytest.approx(0.4159, abs=0.002)


def test_chance_exceeds_its_own_limit_in_one_of_twenty() -> None:
    random = np.random.default_rng(2)
    beyond = []
    for _ in range(300):
        found = population_stability(random.normal(size=60), random.normal(size=300))
        beyond.append(found.value > found.by_chance)
    assert np.mean(beyond) < 0.08


def test_samples_that_say_nothing() -> None:
    assert np.isnan(population_stability([], [1.0, 2.0]).value)
    assert np.isnan(population_stability([1.0], [2.0, 2.0]).value)
    assert np.isnan(kolmogorov_p([np.nan], [1.0]))


def test_holm_by_hand() -> None:
    assert holm([0.01, np.nan, 0.04, 0.03]) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
