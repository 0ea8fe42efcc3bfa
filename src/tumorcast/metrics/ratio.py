"""Metrics as a quotient of two sums, so that folds add up and resamples are columns of weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """`total / load`, once a resample; adding two pools their pairs or courses, not their values.

    Attributes:
        total: [draws] weighted sum over pairs or courses (say, of pairs in the right order).
        load: [draws] weight of what was summed (say, of all pairs that can be compared).
        rarest: [draws] courses of the rarer class (or events) behind the sum; tells whether it can be trusted.
    """

    total: Array
    load: Array
    rarest: Array

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.total + other.total, self.load + other.load, self.rarest + other.rarest)

    def values(self, fewest: float = 0) -> Array:
        """[draws] total / load; NaN without load, or with less than `fewest` of the rarer class."""
        is_defined = (self.load > 0) & (self.rarest >= fewest)
        return np.where(is_defined, self.total / np.where(is_defined, self.load, 1.0), np.nan)

    def value(self) -> float:
        """The only draw's value.

        Raises:
            ValueError: there are several draws.
        """
        return float(self.values().item())


def once(count: int) -> Array:
    """[1, count] weights of the data as they are."""
    return np.ones((1, count))
