"""Age acceleration: how much older or younger than given a methylome looks, beside its like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

LEAST_SAMPLES = 5
FEW_SAMPLES = 30
"""A line through fewer samples is told to be a rough one."""


@dataclass(frozen=True, eq=False)
class AgeLine:
    """The straight line of clock age on given age, by least squares, through samples of one tissue and platform.

    Attributes:
        residuals: [samples], years: age acceleration (Horvath, Genome Biol 2013, 14:R115).
        correlation: Pearson's.
        median_error: median absolute difference of clock age and given age, years.
    """

    slope: float
    intercept: float
    residuals: Numbers
    correlation: float
    median_error: float


def age_line(clock_age: Numbers, given_age: Numbers) -> AgeLine | None:
    """Of samples whose ages are all known; None: fewer than five, or fewer than three different ages."""
    if len(given_age) < LEAST_SAMPLES or len(np.unique(given_age)) < 3:
        return None
    centred = given_age - given_age.mean()
    slope = float(centred @ (clock_age - clock_age.mean()) / (centred @ centred))
    intercept = float(clock_age.mean() - slope * given_age.mean())
    spread = float(np.std(clock_age) * np.std(given_age))
    correlation = float(np.mean(centred * (clock_age - clock_age.mean())) / spread) if spread else np.nan
    error = float(np.median(np.abs(clock_age - given_age)))
    return AgeLine(slope, intercept, clock_age - (intercept + slope * given_age), correlation, error)
