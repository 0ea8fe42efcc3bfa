"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.metrics.intervals import binomial_interval
from tumorcast.metrics.ratio import Array

_STEPS = 100
_NEAREST_TO_CERTAIN = 1e-9


@dataclass(frozen=True)
class ReliabilityBins:
    """Groups of courses of about equal size, by predicted probability, lowest first.

    Attributes:
        predicted: [k] mean probability.
        observed: [k] share of responders.
        low, high: [k] exact binomial interval of that share.
        count: [k] courses.
    """

    predicted: Array
    observed: Array
    low: Array
    high: Array
    count: Array


def reliability(
    label: ArrayLike, probability: ArrayLike, bins: int = 5, confidence: float = 0.95
) -> ReliabilityBins:
    """Observed against predicted; equal probabilities always share a bin, so there may be fewer than `bins`."""
    truth, values = np.asarray(label, float), np.asarray(probability, float)
    _, level, size = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    place = np.floor(bins * middle / max(len(values), 1)).astype(int)[level]
    _, place, count = np.unique(place, return_inverse=True, return_counts=True)
    responders = np.bincount(place, truth, minlength=len(count))
    predicted = np.bincount(place, values, minlength=len(count)) / count
    low, high = binomial_interval(responders, count, confidence)
    return ReliabilityBins(predicted, responders / count, low, high, count.astype(float))


@dataclass(frozen=True)
class CalibrationLine:
    """Logistic regression of the label on the logit of the probability; (1, 0) is perfect.

    Attributes:
        slope: below 1: too extreme (overfitted); above 1: too timid.
        intercept: above 0: response is more frequent than predicted where the logit is 0.
    """

    slope: float
    intercept: float


def calibration_line(label: ArrayLike, probability: ArrayLike) -> CalibrationLine:
    """Cox's recalibration (1958, Biometrika 45:562), by Newton's method with halved steps.

    Returns:
        NaN where no finite answer exists: one class, a constant probability, or classes that a single cut
        separates perfectly.
    """
    truth, values = np.asarray(label, float), np.asarray(probability, float)
    kept = np.clip(values, _NEAREST_TO_CERTAIN, 1 - _NEAREST_TO_CERTAIN)
    logit = np.log(kept) - np.log1p(-kept)
    if _is_separated(truth, logit):
        return CalibrationLine(float("nan"), float("nan"))
    centre, spread = logit.mean(), logit.std()
    design = np.stack([(logit - centre) / spread, np.ones_like(logit)], axis=1)
    beta = _logistic(design, truth)
    slope = beta[0] / spread
    return CalibrationLine(float(slope), float(beta[1] - slope * centre))


def _is_separated(truth: Array, logit: Array) -> bool:
    """No finite maximum of the likelihood: one class, or no overlap of the two."""
    positive, negative = logit[truth == 1], logit[truth == 0]
    if not len(positive) or not len(negative) or np.ptp(logit) < 1e-9:
        return True
    return bool(positive.min() >= negative.max() or negative.min() >= positive.max())


def _logistic(design: Array, truth: Array) -> Array:
    """Coefficients that maximise the likelihood of a logistic regression; design [n, d]."""

    def loss(beta: Array) -> float:
        score = design @ beta
        return float(np.logaddexp(0, score).sum() - truth @ score)

    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        fitted = 0.5 * (1 + np.tanh(0.5 * design @ beta))
        hessian = (design * (fitted * (1 - fitted))[:, None]).T @ design
        step = np.linalg.lstsq(hessian, design.T @ (truth - fitted), rcond=None)[0]
        while loss(beta + step) > loss(beta) + 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta
