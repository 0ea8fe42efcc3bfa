"""How well two measurements of one thing agree: limits of agreement, within-pair and between-patient spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, nct, norm, t

from tumorcast.metrics.intervals import Interval

FEWEST_PAIRS = 3
"""Of fewer no spread is told."""


@dataclass(frozen=True)
class Agreement:
    """Of n pairs of one quantity.

    Attributes:
        bias: mean of second less first, with Student's interval.
        lower, upper: limits of agreement (bias -+ 1.96 SD; 95% of differences), each with its exact interval.
        within: SD of repeated measurements of one patient, from the pairs, with its exact interval.
        between: SD of patients' true values, from the pairs' means.
        repeatability: two measurements of one patient differ by less in 95% (1.96 x sqrt(2) x within).
        reliability: between-patient share of the variance (intraclass correlation, one way).
    """

    pairs: int
    bias: Interval
    lower: Interval
    upper: Interval
    within: Interval
    between: float
    repeatability: float
    reliability: float


def agreement(
    first: ArrayLike, second: ArrayLike, share: float = 0.95, confidence: float = 0.95
) -> Agreement:
    """Bland and Altman 1986 (Lancet 327:307); exact intervals of the limits by Carkeet 2015 (Optom Vis Sci 92:e71).

    Args:
        first, second: [n] finite, one patient a pair.
        share: of the differences that the limits hold.

    Raises:
        ValueError: vectors of other lengths, values that are not finite, or fewer than `FEWEST_PAIRS` pairs.
    """
    one, two = np.asarray(first, float), np.asarray(second, float)
    if one.ndim != 1 or one.shape != two.shape or not np.isfinite(one + two).all():
        raise ValueError("pairs must be two vectors of one length, all values finite")
    n = len(one)
    if n < FEWEST_PAIRS:
        raise ValueError(f"{n} pairs, at least {FEWEST_PAIRS} are needed")
    difference = two - one
    mean, spread = float(difference.mean()), float(difference.std(ddof=1))
    reach = float(t.ppf(0.5 + confidence / 2, n - 1)) * spread / np.sqrt(n)
    z = float(norm.ppf(0.5 + share / 2))
    near, far = _limit_factors(n, z, confidence)
    square = float((difference**2).sum()) / 2
    ends = np.sqrt(square / chi2.ppf([0.5 + confidence / 2, 0.5 - confidence / 2], n))
    within = float(np.sqrt(square / n))
    between = max(float(((one + two) / 2).var(ddof=1)) - within**2 / 2, 0.0)
    total = between + within**2
    return Agreement(
        n,
        Interval(mean, mean - reach, mean + reach),
        Interval(mean - z * spread, mean - far * spread, mean - near * spread),
        Interval(mean + z * spread, mean + near * spread, mean + far * spread),
        Interval(within, float(ends[0]), float(ends[1])),
        float(np.sqrt(between)),
        float(norm.ppf(0.975) * np.sqrt(2) * within),
        between / total if total > 0 else float("nan"),
    )


def _limit_factors(n: int, z: float, confidence: float) -> tuple[float, float]:
    """(near, far): SDs from the mean between which a limit z SDs away lies (noncentral t)."""
    tails = [0.5 - confidence / 2, 0.5 + confidence / 2]
    near, far = nct.ppf(tails, n - 1, z * np.sqrt(n)) / np.sqrt(n)
    return float(near), float(far)
