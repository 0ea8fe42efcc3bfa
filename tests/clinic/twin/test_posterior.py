"""The posterior: one scan at a time is all at once; bounds, missing scans and priors do what they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clinic.twin.cohorts import DAYS, known_population, series, simulated
from tumorcast.clinic.twin.bank import Bank
from tumorcast.clinic.twin.filter import absorb_all
from tumorcast.clinic.twin.forecast import forecast, posterior, prior
from tumorcast.clinic.twin.scans import Scans
from tumorcast.clinic.twin.weights import posterior_weights
from tumorcast.readers.size_series import SizeSeries


def test_one_scan_at_a_time_is_all_at_once() -> None:
    population = known_population()
    sizes = np.array([40.0, 30.0, 22.0, 24.0])
    one = replace(series("P", DAYS[:4], sizes), low_mm=np.array([40.0, 30.0, 0.0, 24.0]))
    step = prior(population, one)
    for k in range(1, 4):
        step = step.updated(one.days[k], one.low_mm[k], one.high_mm[k])
    state = absorb_all(step.bank, population.deviation, Scans.of([one]))
    at_once = posterior_weights(population, step.bank, state)[0]
    np.testing.assert_allclose(step.weights, at_once, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(step.state.innovations, state.innovations, rtol=1e-7, atol=1e-9)


def test_patients_side_by_side_do_not_see_each_other() -> None:
    population = known_population()
    several = [one.first(k) for k, one in zip((3, 8, 5), simulated(population, 3), strict=True)]
    bank = Bank.drawn("gompertz", 256, population.middle, population.spread)
    together = absorb_all(bank, population.deviation, Scans.of(several))
    for k, one in enumerate(several):
        alone = absorb_all(bank, population.deviation, Scans.of([one]))
        np.testing.assert_allclose(together.log_likelihood[k], alone.log_likelihood[0], atol=1e-9)


def test_bounds_that_say_nothing_change_nothing_and_tight_ones_measure() -> None:
    population = known_population()
    measured = series("P", DAYS[:4], np.array([40.0, 35.0, 30.0, 28.0]))

    def middle(low: float, high: float) -> float:
        lows, highs = measured.low_mm.copy(), measured.high_mm.copy()
        lows[2], highs[2] = low, high
        one = SizeSeries("P", measured.days, lows, highs)
        return float(np.median(forecast(posterior(population, one), np.array([DAYS[5]])).true_mm))

    without = SizeSeries("P", *(np.delete(each, 2) for each in (DAYS[:4], measured.low_mm, measured.high_mm)))
    left_out = float(np.median(forecast(posterior(population, without), np.array([DAYS[5]])).true_mm))
    assert middle(0.0, 900.0) == pytest.approx(left_out, rel=0.03)
    assert middle(29.9, 30.1) == pytest.approx(middle(30.0, 30.0), rel=0.03)


def test_bands_cover_as_often_as_they_say() -> None:
    population = known_population()
    inside = {0.5: [], 0.9: []}
    for one in simulated(population, 80, seed=1):
        drawn = forecast(posterior(population, one.first(4), n=512), one.days[4:7], 600).measured_mm
        for level, hits in inside.items():
            low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
            hits.append(((one.high_mm[4:7] >= low) & (one.high_mm[4:7] <= high)).mean())
    for level, hits in inside.items():
        assert abs(np.mean(hits) - level) < 3.5 * np.std(hits) / np.sqrt(len(hits)) + 0.01


def test_ranks_of_the_truth_are_even() -> None:
    """Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) of the size at the last scan."""
    population = known_population()
    ranks = []
    for one in simulated(population, 80, seed=2):
        drawn = forecast(posterior(population, one.first(5), n=512), one.days[7:8], 400).measured_mm[:, 0]
        ranks.append((drawn < one.high_mm[7]).mean())
    counts = np.histogram(ranks, bins=6, range=(0, 1))[0]
    expected = len(ranks) / 6
    assert ((counts - expected) ** 2 / expected).sum() < 20.5  # chi-squared, 5 degrees, p = .001
