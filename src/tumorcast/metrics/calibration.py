"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from tumorcast.metrics.discrimination import _checked, _checked_probability, _people, brier_ratio
from tumorcast.metrics.intervals import Interval, binomial_interval
from tumorcast.metrics.logistic import bounded_logit, expit
from tumorcast.metrics.ratio import Array, Ratio, once

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
    truth, values = _checked_probability(label, probability)
    place, count = _binned(values, bins)
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
    slope, intercept, _ = calibration_draws(label, probability, once(np.size(label)))[0]
    return CalibrationLine(float(slope), float(intercept))


def calibration_draws(label: ArrayLike, probability: ArrayLike, weights: Array) -> Array:
    """[draws, 3] slope, intercept, and calibration in the large (`Calibration`) for weights [draws, n].

    NaN as `calibration_line`; in the large only where a draw holds one class.
    """
    truth, values = _checked_probability(label, probability)
    logit = bounded_logit(values, _NEAREST_TO_CERTAIN)
    return np.array([_fitted(truth[w > 0], logit[w > 0], w[w > 0]) for w in weights]).reshape(-1, 3)


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
    """Cox 1958; Van Calster 2019 (BMC Med 17:230). NaN where `calibration_draws` is.

    Variances are robust to several courses of a patient (sandwich; Liang and Zeger 1986, Biometrika 73:13).
    """
    slope, intercept, large = (
        float(v) for v in calibration_draws(label, probability, once(np.size(label)))[0]
    )
    truth, values = _checked(label, probability)
    people, logit = _people(patients, len(truth)), bounded_logit(values, _NEAREST_TO_CERTAIN)
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    errors = _sandwich(design, design @ (slope, intercept), truth, people)
    (error,) = _sandwich(design[:, 1:], logit + large, truth, people)
    reach = float(norm.ppf(0.5 + confidence / 2))
    return Calibration(
        _wald(slope, errors[0] * reach), _wald(intercept, errors[1] * reach), _wald(large, error * reach)
    )


def brier_skill_ratio(label: ArrayLike, probability: ArrayLike, weights: Array) -> Ratio:
    """1 - Brier score / Brier score of the prevalence of these very courses; weights [draws, n]. 0: no better."""
    truth = np.asarray(label, float)
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
    """Mean |observed - predicted| over the bins of `reliability` (Naeini 2015), and its null by drawing labels from the
    probabilities (Vaicenavicius 2019, AISTATS); `null_high` is the 95th percentile."""
    truth, values = _checked_probability(label, probability)
    place, _ = _binned(values, bins)
    random = np.random.default_rng(seed)
    null = [_error(random.random(len(values)) < values, values, place) for _ in range(draws)]
    return CalibrationError(
        _error(truth, values, place), float(np.mean(null)), float(np.percentile(null, 95))
    )


def _error(truth: ArrayLike, values: Array, place: NDArray[np.intp]) -> float:
    return float(np.abs(np.bincount(place, np.asarray(truth, float) - values)).sum() / max(len(values), 1))


def _binned(values: Array, bins: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """([n] bin of each value, from 0; [k] values in each bin); equal values share one."""
    _, level, size = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    place = np.floor(bins * middle / max(len(values), 1)).astype(int)[level]
    _, place, count = np.unique(place, return_inverse=True, return_counts=True)
    return place, count


def _fitted(truth: Array, logit: Array, weight: Array) -> tuple[float, float, float]:
    """(slope, intercept, intercept at slope 1)."""
    none = float("nan")
    if not 0 < truth.sum() < len(truth):
        return none, none, none
    level = np.ones((len(truth), 1))
    large = float(_logistic(level, truth, weight, logit)[0])
    if _is_separated(truth, logit):
        return none, none, large
    centre, spread = logit.mean(), logit.std()
    design = np.concatenate([(logit - centre)[:, None] / spread, level], axis=1)
    beta = _logistic(design, truth, weight, np.zeros(len(truth)))
    slope = float(beta[0] / spread)
    return slope, float(beta[1] - slope * centre), large


def _sandwich(design: Array, score: Array, truth: Array, people: NDArray[np.intp]) -> Array:
    """[d] standard errors of a logistic regression's coefficients, courses of a patient together; NaN for NaN."""
    if not np.isfinite(score).all() or not len(score):
        return np.full(design.shape[1], np.nan)
    fitted = expit(score)
    bread = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    sums = np.zeros((int(people.max()) + 1, design.shape[1]))
    np.add.at(sums, people, design * (truth - fitted)[:, None])
    return np.asarray(np.sqrt(np.diag(bread @ (sums.T @ sums) @ bread)))


def _wald(value: float, reach: float) -> Interval:
    return Interval(value, float(value - reach), float(value + reach))


def _is_separated(truth: Array, logit: Array) -> bool:
    """No finite maximum of the likelihood: one logit, or no overlap of the two classes."""
    positive, negative = logit[truth == 1], logit[truth == 0]
    if np.ptp(logit) < 1e-9:
        return True
    return bool(positive.min() >= negative.max() or negative.min() >= positive.max())


def _logistic(design: Array, truth: Array, weight: Array, offset: Array) -> Array:
    """Coefficients that maximise the weighted likelihood of a logistic regression; design [n, d]."""

    def loss(beta: Array) -> float:
        score = offset + design @ beta
        return float(weight @ (np.logaddexp(0, score) - truth * score))

    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        fitted = expit(offset + design @ beta)
        hessian = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
        step = np.linalg.lstsq(hessian, design.T @ (weight * (truth - fitted)), rcond=None)[0]
        while loss(beta + step) > loss(beta) + 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta
