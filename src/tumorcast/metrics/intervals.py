"""Patient bootstrap: resamples are drawn once and shared, so that differences are paired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_MOST_UNDEFINED = 0.1


@dataclass(frozen=True)
class Interval:
    """A value with its percentile interval; low and high are NaN where it cannot be given."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


def patient_weights(patients: NDArray[np.object_], draws: int, seed: int) -> Array:
    """[draws, n]: how often each row counts in each resample of patients (all rows of a patient together)."""
    _, place = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    count = int(place.max(initial=-1)) + 1
    random = np.random.default_rng(seed)
    times = random.multinomial(count, np.full(count, 1 / count), size=draws)
    return times[:, place].astype(float)


def percentile_interval(value: float, resampled: Array, confidence: float = 0.95) -> Interval:
    """The interval of the defined resamples; NaN bounds if more than a tenth are undefined (one class)."""
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or len(defined) < (1 - _MOST_UNDEFINED) * len(resampled) or not len(defined):
        return Interval(value, float("nan"), float("nan"))
    tail = 50 * (1 - confidence)
    low, high = np.percentile(defined, [tail, 100 - tail])
    return Interval(value, float(low), float(high))
