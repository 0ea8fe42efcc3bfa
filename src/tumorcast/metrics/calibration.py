"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from tumorcast.metrics.discrimination import _checked, brier_ratio
from tumorcast.metrics.intervals import Interval, binomial_interval
from tumorcast.metrics.ratio import Array, Ratio

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
    logit = _logits(values)
    if _is_separated(truth, logit):
        return CalibrationLine(float("nan"), float("nan"))
    centre, spread = logit.mean(), logit.std()
    design = np.stack([(logit - centre) / spread, np.ones_like(logit)], axis=1)
    beta = _logistic(design, truth)
    slope = beta[0] / spread
    return CalibrationLine(float(slope), float(beta[1] - slope * centre))


@dataclass(frozen=True)
class Calibration:
    """Slope and intercept of `calibration_line`, and the intercept where the slope is held at 1, with Wald intervals.

    Attributes:
        in_the_large: above 0: response is more frequent than predicted on the whole.
    """

    slope: Interval
    intercept: Interval
    in_the_large: Interval


def calibration_intervals(
    label: ArrayLike, probability: ArrayLike, patients: ArrayLike | None = None, confidence: float = 0.95
) -> Calibration:
    """Cox 1958; Van Calster 2019 (BMC Med 17:230). NaN where `calibration_line` is.

    Variances are robust to several courses of a patient (sandwich; Liang and Zeger 1986, Biometrika 73:13).
    """
    truth, values = _checked(label, probability)
    people = np.arange(len(truth)) if patients is None else np.unique(patients, return_inverse=True)[1]
    logit = _logits(values)
    reach = float(norm.ppf(0.5 + confidence / 2))
    if _is_separated(truth, logit):
        nothing = Interval(float("nan"), float("nan"), float("nan"))
        return Calibration(nothing, nothing, nothing)
    line = calibration_line(truth, values)
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    errors = _sandwich(design, design @ (line.slope, line.intercept), truth, people)
    large = _shift(logit, truth)
    (error,) = _sandwich(np.ones((len(truth), 1)), logit + large, truth, people)
    return Calibration(
        _wald(line.slope, errors[0] * reach),
        _wald(line.intercept, errors[1] * reach),
        _wald(large, error * reach),
    )


def brier_skill_ratio(label: ArrayLike, probability: ArrayLike, weights: Array) -> Ratio:
    """1 - Brier score / Brier score of the prevalence of these very courses; weights [draws, n]. 0: no better."""
    truth, _ = _checked(label, probability)
    loss = brier_ratio(label, probability, weights)
    count = weights.sum(axis=1)
    share = (weights @ truth) / np.where(count > 0, count, 1.0)
    load = count * share * (1 - share)
    return Ratio(load - loss.total, load, np.minimum(weights @ truth, count - weights @ truth))


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error beside what a perfectly calibrated model with these probabilities would show."""

    value: float
    null_mean: float
    null_high: float


FEWEST_FOR_ERROR = 1000
"""Patients below which the error is mostly noise: perfect calibration shows .09 at 100."""


def calibration_error(
    label: ArrayLike, probability: ArrayLike, bins: int = 10, draws: int = 1000, seed: int = 0
) -> CalibrationError:
    """Mean |observed - predicted| over bins of equal size (Naeini 2015), and its null by drawing labels from the
    probabilities (Vaicenavicius 2019, AISTATS); `null_high` is the 95th percentile."""
    truth, values = _checked(label, probability)
    order = np.argsort(values, kind="stable")
    place = np.empty(len(values), int)
    place[order] = np.arange(len(values)) * bins // max(len(values), 1)
    member = np.equal.outer(place, np.arange(bins)).astype(float)
    drawn = np.random.default_rng(seed).random((draws, len(values))) < values
    null = np.abs((drawn - values) @ member).sum(axis=1) / len(values)
    own = np.abs((truth - values) @ member).sum() / len(values)
    return CalibrationError(float(own), float(null.mean()), float(np.percentile(null, 95)))


def _shift(logit: Array, truth: Array) -> float:
    """The intercept that makes the mean prediction the share of responders."""
    shift = 0.0
    for _ in range(_STEPS):
        fitted = 0.5 * (1 + np.tanh(0.5 * (logit + shift)))
        step = float((truth - fitted).sum() / max((fitted * (1 - fitted)).sum(), _NEAREST_TO_CERTAIN))
        shift += float(np.clip(step, -1, 1))
        if abs(step) < 1e-12:
            break
    return shift


def _sandwich(design: Array, score: Array, truth: Array, people: NDArray[np.intp]) -> Array:
    """[d] standard errors of a logistic regression's coefficients, courses of one patient together."""
    fitted = 0.5 * (1 + np.tanh(0.5 * score))
    bread = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    sums = np.zeros((int(people.max()) + 1, design.shape[1]))
    np.add.at(sums, people, design * (truth - fitted)[:, None])
    return np.asarray(np.sqrt(np.diag(bread @ (sums.T @ sums) @ bread)))


def _wald(value: float, reach: float) -> Interval:
    return Interval(value, float(value - reach), float(value + reach))


def _logits(values: Array) -> Array:
    kept = np.clip(values, _NEAREST_TO_CERTAIN, 1 - _NEAREST_TO_CERTAIN)
    return np.asarray(np.log(kept) - np.log1p(-kept))


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
