"""Which quantiles of the draws hold nine numbers in ten: found on patients that the population has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.forecast import forecast, posterior
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.readers.size_series import SizeSeries

COVERAGE = 0.9
_TAILS = np.linspace(0.02, 0.12, 41)
_LEAST, _AHEAD, _MOST_PATIENTS = 5, 3, 120
_VIRTUAL, _DRAWS = 512, 500


def calibrated_tail(population: TwinPopulation, series: Sequence[SizeSeries]) -> float:
    """The tail on either side of the band that covers nine tenths of the last three numbers of these patients.

    None of them may be among those that the population was learnt from. Each is forecast from the numbers before. 5%
    where fewer than thirty patients have five numbers.
    """
    long = [one for one in series if len(one) >= _LEAST]
    if len(long) < 30:
        return 0.05
    chosen = [long[k] for k in np.unique(np.linspace(0, len(long) - 1, _MOST_PATIENTS).astype(int))]
    inside = np.zeros(len(_TAILS))
    for one in chosen:
        cut = max(len(one) - _AHEAD, 2)
        drawn = forecast(posterior(population, one.first(cut), n=_VIRTUAL), one.days[cut:], _DRAWS).written_mm
        inside += _covered(drawn, one.high_mm[cut:]).mean(axis=1) / len(chosen)
    return float(_TAILS[np.abs(inside - COVERAGE).argmin()])


def _covered(drawn: Floats, seen: Floats) -> Floats:
    """[tails, T] whether each number lies within the band, its edges included."""
    low, high = np.quantile(drawn, _TAILS, axis=0), np.quantile(drawn, 1 - _TAILS, axis=0)
    return np.asarray((seen >= low - 1e-9) & (seen <= high + 1e-9), dtype=float)
