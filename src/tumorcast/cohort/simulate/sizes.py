"""Change of the sum of diameters at the scan near week 8, as the lower the better the course responds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumorcast.cohort.simulate.patients import F64

_MEAN, _SLOPE, _SPREAD = 0.05, -0.22, 0.22
"""Log ratio to baseline: mean, change a unit of the linear predictor, standard deviation beyond it."""
_RANGES = {"CR": (-3.0, -1.2), "PR": (-1.2, -0.36), "SD": (-0.35, 0.18), "PD": (0.19, 0.9)}
"""Of the log ratio by best response, so that the two do not contradict each other."""
_MISSING_SHARE = 0.12
_DAY, _DAY_SPREAD = 56, 8


def draw_sizes(random: np.random.Generator, linear: F64, best_response: Sequence[str]) -> tuple[F64, F64]:
    """([n] change from baseline in percent, [n] days after the first day of the scan); NaN where there was none."""
    n = len(linear)
    drawn = _MEAN + _SLOPE * linear + random.normal(0, _SPREAD, n)
    low, high = (np.array([_RANGES[c][side] for c in best_response]) for side in (0, 1))
    percent = np.round(100 * np.expm1(np.clip(drawn, low, high)), 1)
    day = np.round(np.clip(random.normal(_DAY, _DAY_SPREAD, n), 30, 84))
    is_missing = random.random(n) < _MISSING_SHARE
    return np.where(is_missing, np.nan, percent), np.where(is_missing, np.nan, day)
