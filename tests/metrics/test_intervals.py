"""The patient bootstrap: patients are the unit, intervals cover, pairing helps, little data gives none."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from tumorcast.metrics.discrimination import auroc, auroc_ratio
from tumorcast.metrics.intervals import Interval, binomial_interval, percentile_interval, resample_patients

SHIFT = 1.0
TRUE_AUROC = norm.cdf(SHIFT / np.sqrt(2))


def interval_of(label, score, weights, confidence=0.95) -> Interval:
    return percentile_interval(auroc(label, score), auroc_ratio(label, score, weights).values(2), confidence)


def test_all_courses_of_a_patient_are_drawn_together():
    patients = np.array(["b", "a", "b", "c", "a", "b"])
    weights = resample_patients(patients, 200, 1).weights(patients)
    assert (weights[:, [0, 0]] == weights[:, [2, 5]]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    by_patient = weights[:, [0, 1, 3]]
    assert (by_patient.sum(axis=1) == 3).all()
    assert len(np.unique(weights.sum(axis=1))) > 1, (
        "the number of courses must vary: courses are not the unit"
    )


def test_repeating_every_course_does_not_narrow_the_interval():
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 60).astype(float)
    score, patients = label * SHIFT + random.normal(size=60), np.arange(60)
    drawn = resample_patients(patients, 500, 3)
    single = interval_of(label, score, drawn.weights(patients))
    fivefold = interval_of(np.tile(label, 5), np.tile(score, 5), drawn.weights(np.tile(patients, 5)))
    assert fivefold.high - fivefold.low == pytest.approx(single.high - single.low, rel=0.05)


def test_the_same_seed_draws_the_same_whatever_the_order_of_rows():
    patients = np.array(["x", "y", "z", "x"])
    first = resample_patients(patients, 10, 5).weights(patients)
    again = resample_patients(patients[::-1], 10, 5).weights(patients)
    assert (first == again).all()
    assert (first != resample_patients(patients, 10, 6).weights(patients)).any()


def test_unknown_patients_are_refused():
    with pytest.raises(ValueError, match="not resampled"):
        resample_patients(["a"], 5).weights(["a", "b"])


def test_interval_covers_the_truth_at_about_its_nominal_rate():
    random = np.random.default_rng(7)
    trials, covered = 200, 0
    for trial in range(trials):
        label = (random.random(120) < 0.4).astype(float)
        score = label * SHIFT + random.normal(size=120)
        found = interval_of(
            label, score, resample_patients(np.arange(120), 300, trial).weights(np.arange(120))
        )
        covered += found.low <= TRUE_AUROC <= found.high
    assert 0.89 <= covered / trials <= 0.99


def test_interval_of_scores_without_signal_holds_one_half():
    random = np.random.default_rng(8)
    trials, held = 200, 0
    for trial in range(trials):
        label = (random.random(100) < 0.3).astype(float)
        weights = resample_patients(np.arange(100), 300, trial).weights(np.arange(100))
        found = interval_of(label, random.normal(size=100), weights)
        held += found.low <= 0.5 <= found.high
    assert 0.89 <= held / trials <= 0.99


def test_paired_difference_of_correlated_scores_is_narrower_than_unpaired():
    random = np.random.default_rng(9)
    label = (random.random(150) < 0.4).astype(float)
    shared = label * SHIFT + random.normal(size=150)
    scores = [shared + 0.3 * random.normal(size=150) for _ in range(2)]
    patients = np.arange(150)

    def width(seeds: tuple[int, int]) -> float:
        ours, theirs = (
            auroc_ratio(label, score, resample_patients(patients, 1000, seed).weights(patients)).values(2)
            for score, seed in zip(scores, seeds, strict=True)
        )
        found = percentile_interval(0.0, ours - theirs)
        return found.high - found.low

    assert width((1, 1)) < 0.6 * width((1, 2))


@pytest.mark.parametrize(("responders", "is_given"), [(1, False), (2, False), (3, False), (8, True)])
def test_too_few_of_a_class_give_no_interval(responders, is_given):
    label = np.r_[np.ones(responders), np.zeros(60)]
    score = np.random.default_rng(0).normal(size=len(label))
    patients = np.arange(len(label))
    found = interval_of(label, score, resample_patients(patients, 500).weights(patients))
    assert np.isfinite(found.value)
    assert np.isfinite([found.low, found.high]).all() == is_given


def test_up_to_a_tenth_of_undefined_resamples_are_skipped():
    resampled = np.r_[np.full(10, np.nan), np.linspace(0, 1, 90)]
    assert np.isfinite(percentile_interval(0.5, resampled).low)
    resampled[10] = np.nan
    assert np.isnan(percentile_interval(0.5, resampled).low)


def test_an_undefined_value_has_no_interval():
    assert np.isnan(percentile_interval(float("nan"), np.ones(10)).high)


def test_higher_confidence_is_wider():
    resampled = np.random.default_rng(0).normal(size=1000)
    narrow, wide = (percentile_interval(0.0, resampled, c) for c in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(("found", "of"), [(0, 7), (7, 7), (3, 11), (1, 1)])
def test_binomial_interval_equals_scipy(found, of):
    exact = binomtest(found, of).proportion_ci(method="exact")
    assert [float(x) for x in binomial_interval(found, of)] == pytest.approx(
        [exact.low, exact.high], abs=1e-9
    )


def test_eight_models_of_four_hundred_patients_take_under_three_seconds():
    random = np.random.default_rng(0)
    label, patients = (random.random(400) < 0.4).astype(float), np.arange(400)
    began = time.perf_counter()
    weights = resample_patients(patients, 1000, 0).weights(patients)
    for _ in range(8):
        assert len(auroc_ratio(label, random.normal(size=400), weights).values(2)) == 1000
    assert time.perf_counter() - began < 3


def test_fractions_of_a_count_lie_within_their_interval():
    low, high = binomial_interval([0.25, 9.75], [10, 10])
    assert (low < [0.025, 0.975]).all()
    assert (high > [0.025, 0.975]).all()
