"""Series of several patients side by side, as the filter reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.readers.size_series import SizeSeries

GONE_MM = 1.0
"""A reading of 0 says that the lesion is below this."""


@dataclass(frozen=True)
class Scans:
    """[P, T]; T is that of the longest series.

    Attributes:
        days: since each patient's first scan; what is not there lies behind the others.
        low_mm: least size.
        high_mm: most; equal to `low_mm` where measured.
        is_there: True: a scan.
    """

    days: Floats
    low_mm: Floats
    high_mm: Floats
    is_there: NDArray[np.bool_]

    @classmethod
    def of(cls, series: Sequence[SizeSeries]) -> Scans:
        """Packed, in their order; none may be empty."""
        shape = (len(series), max(len(one) for one in series))
        days = np.zeros(shape)
        low, high, is_there = np.ones(shape), np.ones(shape), np.zeros(shape, bool)
        for k, one in enumerate(series):
            n = len(one)
            days[k, :n] = one.days - one.days[0]
            days[k, n:] = days[k, n - 1] + 28.0 * np.arange(1, shape[1] - n + 1)
            is_gone = one.high_mm <= 0
            low[k, :n], high[k, :n] = one.low_mm, np.where(is_gone, GONE_MM, one.high_mm)
            is_there[k, :n] = True
        return cls(days, low, high, is_there)

    @property
    def is_measured(self) -> NDArray[np.bool_]:
        """[P, T] True: a number; False: an interval, or no scan."""
        return np.asarray(self.is_there & (self.low_mm == self.high_mm))

    def __len__(self) -> int:
        return len(self.days)

    def rows(self, chosen: slice) -> Scans:
        """Some of the patients, without columns that none of them has."""
        n = int(self.is_there[chosen].sum(axis=1).max())
        return Scans(
            self.days[chosen, :n],
            self.low_mm[chosen, :n],
            self.high_mm[chosen, :n],
            self.is_there[chosen, :n],
        )
