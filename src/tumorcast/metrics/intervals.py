"""Patient bootstrap: resamples are drawn once and shared, so that differences are paired.

A patient's courses enter a resample together, as often as the patient was drawn: courses of one patient are
not independent. Resamples are kept as counts, not as copies of rows, so that a metric that takes weights
sees all of them in one sweep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.metrics.ratio import Array

_MOST_UNDEFINED = 0.1
_TINY = 1e-12


@dataclass(frozen=True)
class Interval:
    """A value with its interval; low and high are NaN where it cannot be given."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """`{"value", "low", "high"}`, as in metrics.json."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Resamples:
    """How often each patient was drawn.

    Attributes:
        patients: [p] distinct identifiers, sorted.
        counts: [draws, p].
    """

    patients: NDArray[np.str_]
    counts: Array

    def weights(self, patient_ids: ArrayLike) -> Array:
        """[draws, n]: how often each row counts.

        Raises:
            ValueError: a row's patient was not among those drawn from.
        """
        rows = np.asarray(patient_ids).astype(str)
        place = np.searchsorted(self.patients, rows)
        if not np.isin(rows, self.patients).all():
            raise ValueError("rows of patients that were not resampled")
        return self.counts[:, place]


def resample_patients(
    patient_ids: ArrayLike, draws: int = 1000, seed: int | np.random.Generator = 0
) -> Resamples:
    """As many patients as there are, drawn with replacement, `draws` times; the same seed, the same draws."""
    patients = np.unique(np.asarray(patient_ids).astype(str))
    random = np.random.default_rng(seed)
    chances = np.full(len(patients), 1 / max(len(patients), 1))
    return Resamples(patients, random.multinomial(len(patients), chances, size=draws).astype(float))


def percentile_interval(value: float, resampled: Array, confidence: float = 0.95) -> Interval:
    """Percentiles of the resamples where the metric is defined (Efron 1979).

    The bounds are NaN where the value is, or where more than a tenth of the resamples are undefined: then the
    data hold too few of a class for a bootstrap to say anything.
    """
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or not len(defined) or len(defined) < (1 - _MOST_UNDEFINED) * len(resampled):
        return Interval(value, float("nan"), float("nan"))
    tail = 50 * (1 - confidence)
    low, high = np.percentile(defined, [tail, 100 - tail])
    return Interval(value, float(low), float(high))


def binomial_interval(
    successes: ArrayLike, counts: ArrayLike, confidence: float = 0.95
) -> tuple[Array, Array]:
    """(low, high) of a share, exact for counts (Clopper and Pearson 1934, Biometrika 26:404); fractions are allowed."""
    from scipy.stats import beta

    found, of = np.asarray(successes, float), np.asarray(counts, float)
    missed, tail = of - found, (1 - confidence) / 2
    low = np.where(found > 0, beta.ppf(tail, np.maximum(found, _TINY), missed + 1), 0.0)
    high = np.where(missed > 0, beta.ppf(1 - tail, found + 1, np.maximum(missed, _TINY)), 1.0)
    return low, high
