"""A chart that sees a small lasting shift of a mean: EWMA, with its run lengths.

Values are normal scores: mean 0 and SD 1 while nothing has changed. Roberts 1959 (Technometrics 1:239); run lengths by
a Markov chain (Brook and Evans 1972, Biometrika 59:539).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm

from tumorcast.metrics.ratio import Array

WEIGHT = 0.1
"""Of the newest value in an EWMA: sees half an SD to two."""
_STATES = 101


@dataclass(frozen=True)
class Chart:
    """A chart over a series of n cases.

    Attributes:
        value: [n] of the chart.
        low, high: [n] limits. first: index of the first case outside; None where none is.
    """

    value: Array
    low: Array
    high: Array
    first: int | None


def ewma(z: ArrayLike, limit: float, weight: float = WEIGHT, baseline: int | None = None) -> Chart:
    """Exponentially weighted mean of scores [n], NaN skipped (the chart stands still).

    Args:
        limit: in SDs of the chart.
        baseline: how many cases the mean 0 was learned from; the limits widen by its error. None: known.
    """
    values = np.asarray(z, float)
    level, seen, levels, spread = 0.0, 0, np.zeros(len(values)), np.zeros(len(values))
    error = 0.0 if baseline is None else 1 / baseline
    for i, value in enumerate(values):
        if np.isfinite(value):
            level, seen = weight * value + (1 - weight) * level, seen + 1
        kept = (1 - weight) ** seen
        levels[i] = level
        spread[i] = np.sqrt(weight / (2 - weight) * (1 - kept**2) + error * (1 - kept) ** 2)
    return _chart(levels, limit * spread)


def _chart(levels: Array, reach: Array) -> Chart:
    outside = np.flatnonzero(np.abs(levels) > np.maximum(reach, 1e-12))
    return Chart(levels, -reach, reach, int(outside[0]) if len(outside) else None)


@lru_cache(maxsize=256)
def ewma_run_length(limit: float, weight: float = WEIGHT, shift: float = 0.0) -> float:
    """Mean number of cases until an EWMA with constant limits signals; `shift` in SDs of a case."""
    reach = limit * np.sqrt(weight / (2 - weight))
    edges = np.linspace(-reach, reach, _STATES + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    to = (edges[None] - (1 - weight) * middle[:, None]) / weight - shift
    return _mean_steps(np.diff(norm.cdf(to), axis=1), _STATES // 2)


def _mean_steps(chance: Array, start: int) -> float:
    """Mean steps of a Markov chain until it leaves its states [k, k]."""
    return float(np.linalg.solve(np.eye(len(chance)) - chance, np.ones(len(chance)))[start])


def ewma_limit(alpha: float, cases: int, charts: int = 1, weight: float = WEIGHT) -> float:
    """Limit under which, with nothing changed, at most a share `alpha` of series of `cases` cases signals on any of
    `charts` charts (Bonferroni; run lengths taken as geometric)."""
    wanted = cases * charts / alpha

    def over(limit: float) -> float:
        return float(np.log(ewma_run_length(round(limit, 6), weight)) - np.log(wanted))

    return float(brentq(over, 1.0, 6.5, xtol=1e-3))
