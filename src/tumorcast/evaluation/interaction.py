"""Does a score say who gains from one treatment rather than the other? Randomised trials, Cox regression.

The hazard ratio of treatment is let depend on the score: log HR = a + b * score (the interaction is b). A score that
was learned from the same trial must be out of fold, and its p value be had by permuting the arms and learning again,
because out-of-fold scores of one trial depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.cox import Likelihood, cox_ridge
from tumorcast.metrics.intervals import Interval

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interaction:
    """Of a standardised score with the arm.

    Attributes:
        ratio: of the hazard ratios of treatment one standard deviation of the score apart, with its interval; below 1:
            higher scores gain more.
        error: standard error of its logarithm. p: two-sided, Wald's.
        low_half, high_half: hazard ratio of treatment below, and from, the median score; above it where none is below
            (a rule that few fulfil).
        high_count: patients in the high half.
    """

    ratio: Interval
    error: float
    p: float
    low_half: Interval
    high_half: Interval
    high_count: int


def interaction(
    time: ArrayLike, is_event: ArrayLike, is_treated: ArrayLike, score: ArrayLike, confidence: float = 0.95
) -> Interaction:
    """Cox model of arm, score and their product; [n] each. The score is standardised here.

    Raises:
        InputError: a score, or an arm, that is the same in all, or a score that is unknown in some.
    """
    own = np.asarray(score, float)
    if not np.isfinite(own).all() or min(np.ptp(own), np.ptp(np.asarray(is_treated, float))) == 0:
        raise InputError(
            "no interaction to estimate",
            expected="two arms, and a score known in all and not the same in all",
        )
    z, arm = (own - own.mean()) / own.std(), np.asarray(is_treated, float)
    (value, error) = _coefficient(time, is_event, np.stack([arm, z, arm * z], axis=1), 2)
    high = own >= np.median(own)
    high = own > np.median(own) if high.all() else high
    halves = [hazard_ratio(*(np.asarray(v)[part] for v in (time, is_event, arm))) for part in (~high, high)]
    return Interaction(
        _ratio(value, error, confidence), error, float(2 * norm.sf(abs(value) / error)), halves[0], halves[1],
        int(high.sum()),
    )  # fmt: skip


def hazard_ratio(
    time: ArrayLike, is_event: ArrayLike, is_treated: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Of treatment, by Cox regression on the arm alone; NaN where it cannot be estimated."""
    arm = np.asarray(is_treated, float)
    event = np.asarray(is_event, float)
    if min(event[arm == 1].sum(), event[arm == 0].sum()) < 1:
        return Interval(float("nan"), float("nan"), float("nan"))
    return _ratio(*_coefficient(time, is_event, arm[:, None], 0), confidence)


def smallest_found(error: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """The ratio below 1 that this standard error finds with this power: what a null result rules out, and what not."""
    return float(np.exp(-(norm.ppf(1 - alpha / 2) + norm.ppf(power)) * error))


def power_of(ratio: float, error: float, alpha: float = 0.05) -> float:
    """Chance to find a ratio of this size (normal approximation)."""
    reach = abs(np.log(ratio)) / error
    cut = norm.ppf(1 - alpha / 2)
    return float(norm.sf(cut - reach) + norm.cdf(-cut - reach))


def _coefficient(time: ArrayLike, is_event: ArrayLike, columns: Array, which: int) -> tuple[float, float]:
    """(coefficient, standard error) by maximum partial likelihood."""
    beta = cox_ridge(columns, time, is_event)
    _, hessian = Likelihood(columns, time, is_event).slopes(beta)
    return float(beta[which]), float(np.sqrt(np.linalg.inv(hessian)[which, which]))


def _ratio(value: float, error: float, confidence: float) -> Interval:
    reach = norm.ppf(0.5 + confidence / 2) * error
    return Interval(float(np.exp(value)), float(np.exp(value - reach)), float(np.exp(value + reach)))
