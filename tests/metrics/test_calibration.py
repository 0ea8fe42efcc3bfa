"""Calibration: bins count everybody once, the line finds a planted distortion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from tumorcast.metrics.calibration import (
    brier_skill_ratio,
    calibration_draws,
    calibration_error,
    calibration_intervals,
    calibration_line,
    reliability,
)
from tumorcast.metrics.discrimination import brier, log_loss
from tumorcast.metrics.intervals import resample_patients

SLOPE = [1.1127246999, 0.4327668856, 1.7926825141]
INTERCEPT = [0.3323974986, -0.6880258004, 1.3528207977]
IN_THE_LARGE = [0.2926831382, -0.6871725120, 1.2725387884]
"""Value, low and high by statsmodels 0.15: binomial GLM, clustered by patient without a small-sample factor."""


def drawn(count: int, slope: float, intercept: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels whose true logit is slope * stated logit + intercept, and the stated probabilities."""
    random = np.random.default_rng(0)
    logit = random.normal(0, 1.5, count)
    return (random.random(count) < expit(slope * logit + intercept)).astype(float), expit(logit)


def test_line_equals_scikit_learn():
    label, probability = drawn(200, 0.6, -0.4)
    logit = np.log(probability / (1 - probability))[:, None]
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(logit, label)
    line = calibration_line(label, probability)
    assert line.slope == pytest.approx(model.coef_[0, 0], abs=1e-5)
    assert line.intercept == pytest.approx(model.intercept_[0], abs=1e-5)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 0.8), (2.0, -1.0)])
def test_line_finds_the_planted_distortion(slope, intercept):
    line = calibration_line(*drawn(20_000, slope, intercept))
    assert line.slope == pytest.approx(slope, abs=0.08)
    assert line.intercept == pytest.approx(intercept, abs=0.08)


@pytest.mark.parametrize(
    ("label", "probability"),
    [([1, 1], [0.2, 0.9]), ([0, 1, 0], [0.5, 0.5, 0.5]), ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.9])],
)
def test_line_is_nan_where_no_finite_fit_exists(label, probability):
    line = calibration_line(label, probability)
    assert np.isnan(line.slope)
    assert np.isnan(line.intercept)


def test_line_with_certain_probabilities_is_finite():
    line = calibration_line([0, 1, 1, 0, 1, 0], [0.0, 1.0, 0.0, 0.3, 0.8, 1.0])
    assert np.isfinite([line.slope, line.intercept]).all()


@pytest.mark.parametrize("count", [1, 4, 23, 200])
def test_bins_hold_everybody_once(count):
    label, probability = drawn(count, 1, 0)
    bins = reliability(label, probability, 5)
    assert bins.count.sum() == count
    assert (bins.count * bins.observed).sum() == pytest.approx(label.sum())
    assert (bins.count * bins.predicted).sum() == pytest.approx(probability.sum())
    assert (np.diff(bins.predicted) > 0).all()
    assert ((bins.low <= bins.observed) & (bins.observed <= bins.high)).all()


def test_equal_probabilities_share_a_bin_whatever_the_order_of_rows():
    label = np.r_[np.zeros(10), np.ones(10)]
    assert reliability(label, np.full(20, 0.3)).observed == pytest.approx([0.5])


def test_bins_are_of_about_equal_size():
    label, probability = drawn(103, 1, 0)
    assert np.ptp(reliability(label, probability, 5).count) <= 2


def test_intervals_of_slope_and_intercept_cover_as_promised():
    held = {"slope": 0, "intercept": 0, "in_the_large": 0}
    for seed in range(200):
        random = np.random.default_rng(seed)
        logit = random.normal(0, 1.5, 150)
        label = random.random(150) < 1 / (1 + np.exp(-logit))
        told = calibration_intervals(label, 1 / (1 + np.exp(-logit)))
        held["slope"] += told.slope.low <= 1 <= told.slope.high
        held["intercept"] += told.intercept.low <= 0 <= told.intercept.high
        held["in_the_large"] += told.in_the_large.low <= 0 <= told.in_the_large.high
    assert all(0.9 <= count / 200 <= 0.99 for count in held.values()), held


def test_the_slope_and_its_error_are_those_of_a_logistic_regression():
    random = np.random.default_rng(3)
    probability = random.random(400)
    label = (random.random(400) < probability**2).astype(float)
    told = calibration_intervals(label, probability)
    logit = np.log(probability / (1 - probability))
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit[:, None], label)
    assert told.slope.value == pytest.approx(fitted.coef_[0, 0], abs=1e-5)
    assert told.intercept.value == pytest.approx(fitted.intercept_[0], abs=1e-5)
    assert told.in_the_large.high < 0
    shifted = 1 / (1 + np.exp(-(logit + told.in_the_large.value)))
    assert shifted.mean() == pytest.approx(label.mean(), abs=1e-9)


def test_copies_of_courses_add_no_certainty_when_patients_are_known():
    random = np.random.default_rng(4)
    probability = random.random(100)
    label = (random.random(100) < probability).astype(float)
    people = np.arange(100)
    once = calibration_intervals(label, probability, people).slope
    twice = calibration_intervals(np.tile(label, 2), np.tile(probability, 2), np.tile(people, 2)).slope
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=1e-6)


def test_brier_skill_is_zero_for_the_prevalence_and_one_for_the_truth():
    label = np.array([0.0, 0, 0, 1])
    one = np.ones((1, 4))
    assert brier_skill_ratio(label, np.full(4, 0.25), one).value() == pytest.approx(0)
    assert brier_skill_ratio(label, label, one).value() == pytest.approx(1)
    assert brier_skill_ratio(label, np.full(4, 0.9), one).value() < 0


def test_perfect_calibration_shows_an_error_in_small_cohorts():
    random = np.random.default_rng(5)
    probability = random.random(100)
    told = calibration_error((random.random(100) < probability).astype(float), probability)
    assert told.null_mean == pytest.approx(0.1, abs=0.03)
    assert told.value < told.null_high + 0.05
    large = random.random(20_000)
    off = calibration_error((random.random(20_000) < large**2).astype(float), large)
    assert off.value > 3 * off.null_high


def test_intervals_equal_statsmodels_where_patients_have_several_courses():
    label = [0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0]
    probability = [0.1, 0.35, 0.2, 0.6, 0.7, 0.9, 0.3, 0.45, 0.55, 0.8, 0.25, 0.15]
    people = ["a", "a", "b", "c", "c", "d", "e", "e", "e", "f", "g", "h"]
    told = calibration_intervals(label, probability, people)
    assert list(told.slope.as_dict().values()) == pytest.approx(SLOPE, abs=1e-8)
    assert list(told.intercept.as_dict().values()) == pytest.approx(INTERCEPT, abs=1e-8)
    assert list(told.in_the_large.as_dict().values()) == pytest.approx(IN_THE_LARGE, abs=1e-8)


@pytest.mark.parametrize(
    ("label", "probability"),
    [([0, 1, 1, 1], [0.5] * 4), ([0, 0, 1, 1], [0.2, 0.3, 0.8, 0.9]), ([0, 1, 1, 1], [1 - 1e-9] * 4)],
)
def test_in_the_large_needs_both_classes_alone(label, probability):
    told = calibration_intervals(label, probability)
    assert np.isnan([told.slope.value, told.slope.low, told.intercept.high]).all()
    odds = np.array(probability) / (1 - np.array(probability)) * np.exp(told.in_the_large.value)
    assert (odds / (1 + odds)).sum() == pytest.approx(sum(label), abs=1e-6)
    assert told.in_the_large.low < told.in_the_large.value < told.in_the_large.high


def test_draws_count_courses_as_often_as_they_were_drawn():
    label, probability = drawn(60, 0.7, 0.3)
    weights = np.random.default_rng(0).integers(0, 3, (5, 60)).astype(float)
    again = [
        calibration_draws(np.repeat(label, w), np.repeat(probability, w), np.ones((1, w.sum())))[0]
        for w in weights.astype(int)
    ]
    assert calibration_draws(label, probability, weights) == pytest.approx(np.array(again), abs=1e-8)
    nothing = np.array([np.zeros(60), label])
    assert np.isnan(calibration_draws(label, probability, nothing)).all()


def test_the_bootstrap_of_patients_agrees_with_the_sandwich():
    label, probability = drawn(300, 0.8, 0.2)
    people = np.arange(300) // 3
    told = calibration_intervals(label, probability, people)
    weights = resample_patients(people, 400, 0).weights(people)
    spread = calibration_draws(label, probability, weights).std(axis=0)
    wald = [(own.high - own.low) / 3.92 for own in (told.slope, told.intercept, told.in_the_large)]
    assert spread == pytest.approx(wald, rel=0.15)


def test_the_error_does_not_depend_on_the_order_of_rows():
    label, probability = np.r_[np.zeros(50), np.ones(50)], np.full(100, 0.5)
    assert calibration_error(label, probability).value == pytest.approx(0)
    assert calibration_error(label, np.full(100, 0.2)).value == pytest.approx(0.3)


@pytest.mark.parametrize(
    "metric", [brier, log_loss, reliability, calibration_line, calibration_intervals, calibration_error]
)
def test_percentages_and_logits_are_refused(metric):
    with pytest.raises(ValueError, match="within 0 and 1, not -3 to 60"):
        metric([0, 1, 1], [-3, 60, 0.5])
