"""Calibration: bins count everybody once, the line finds a planted distortion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from tumorcast.metrics.calibration import calibration_line, reliability


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
