"""How many cases give which precision: AUROC, shares, calibration in the large."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom, norm

from tumorcast.metrics.intervals import binomial_interval

_MOST = 1_000_000


def hanley_mcneil_error(auroc: float, responders: float, others: float) -> float:
    """Standard error of an AUROC (Hanley and McNeil 1982, Radiology 143:29, formula of the negative exponential).

    NaN without a case of each class.
    """
    if responders < 1 or others < 1:
        return float("nan")
    one, two = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = auroc * (1 - auroc) + (responders - 1) * (one - auroc**2) + (others - 1) * (two - auroc**2)
    return float(np.sqrt(max(variance, 0.0) / (responders * others)))


def auroc_width(auroc: float, cases: float, prevalence: float, confidence: float = 0.95) -> float:
    """Width of the interval of an AUROC of so many cases, of whom a share `prevalence` responds."""
    responders = prevalence * cases
    error = hanley_mcneil_error(auroc, responders, cases - responders)
    return float(2 * norm.ppf(0.5 + confidence / 2) * error)


def share_width(share: float, cases: int, confidence: float = 0.95) -> float:
    """Expected width of the exact binomial interval of a share (Clopper and Pearson), over what may be counted."""
    if cases < 1:
        return float("nan")
    counts = np.arange(cases + 1)
    low, high = binomial_interval(counts, np.full(cases + 1, cases), confidence)
    return float(binom.pmf(counts, cases, share) @ (high - low))


def in_the_large_width(probability: ArrayLike, cases: float, confidence: float = 0.95) -> float:
    """Width of the interval of calibration in the large, in log-odds.

    Fisher information of an intercept: the mean of p (1 - p) over the probabilities that the model gives, times the
    cases.

    Args:
        probability: [n] such as the model gives to its patients.
    """
    values = np.asarray(probability, float)
    information = float((values * (1 - values)).mean()) * cases
    reach = norm.ppf(0.5 + confidence / 2)
    return float(2 * reach / np.sqrt(information)) if information > 0 else float("nan")


def fewest_cases(width: Callable[[int], float], target: float, start: int = 2) -> int | None:
    """The least number of cases whose interval is at most `target` wide; None beyond a million.

    Doubling, then halving: `width` falls with the cases, but for the steps of exact intervals.
    """
    low, high = start - 1, start
    while not width(high) <= target:
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if width(middle) <= target else (middle, high)
    return high
