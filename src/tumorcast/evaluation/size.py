"""How well a change of tumour size is predicted: beside the training median, with intervals over patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from tumorcast.evaluation.scores import Metrics
from tumorcast.metrics.intervals import percentile_interval, resample_patients
from tumorcast.metrics.ratio import Array

SIZE = "size"
OBSERVED, PREDICTED, MEDIAN = "size_log_ratio", "size_predicted", "size_training_median"
"""Columns of a table of predictions: natural logarithms of (sum of diameters near week 8 / at baseline)."""
_FEWEST = 10


@dataclass(frozen=True)
class SizeResiduals:
    """Observed less predicted log ratio of courses that the model had not seen.

    Attributes:
        bias, sd: mean and standard deviation.
        n_patients, n_courses: behind them.
        median: log ratio of the training courses.
    """

    bias: float
    sd: float
    n_patients: int
    n_courses: int
    median: float

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return vars(self).copy()


def residuals_of(table: pd.DataFrame) -> SizeResiduals | None:
    """Of rows with `OBSERVED` and `PREDICTED`; None with fewer than ten patients."""
    if PREDICTED not in table:
        return None
    known = table.dropna(subset=[OBSERVED, PREDICTED])
    if known["patient_id"].nunique() < _FEWEST:
        return None
    left = known[OBSERVED] - known[PREDICTED]
    return SizeResiduals(
        bias=float(left.mean()),
        sd=float(left.std(ddof=1)),
        n_patients=int(known["patient_id"].nunique()),
        n_courses=len(known),
        median=float(known[OBSERVED].median()),
    )


def score_size(
    table: pd.DataFrame, *, n_bootstrap: int = 1000, seed: int = 0, confidence: float = 0.95
) -> Metrics:
    """`{"size": {...}}`: `mae` of the log ratio, `mae_of_median` of the training median, their difference
    (`mae_minus_median`, below zero is better than the median), and `spearman`.

    Intervals are percentiles over resamples of patients. Ranks are within a fold, as different folds have different
    models; they are not taken anew in each resample. Empty where no course has both numbers.

    Args:
        table: patient_id, fold, and the three columns of this module; rows without them are left out.
    """
    known = table.dropna(subset=[OBSERVED, PREDICTED, MEDIAN]) if PREDICTED in table else table.iloc[:0]
    if known.empty:
        return {}
    resamples = resample_patients(known["patient_id"], n_bootstrap, seed)
    weights = np.concatenate([np.ones((1, len(known))), resamples.weights(known["patient_id"])])
    observed, said, median = (known[name].to_numpy(float) for name in (OBSERVED, PREDICTED, MEDIAN))
    ours, others = _mean(weights, np.abs(observed - said)), _mean(weights, np.abs(observed - median))
    values = {"mae": ours, "mae_of_median": others, "mae_minus_median": ours - others}
    ranks = [_ranks(x, known["fold"]) for x in (observed, said)]
    values["spearman"] = _correlation(weights, *ranks)
    return {
        SIZE: {
            name: percentile_interval(float(of[0]), of[1:], confidence).as_dict()
            for name, of in values.items()
        }
    }


def _ranks(values: Array, fold: pd.Series) -> Array:
    """[n] ranks within the fold, from 0 to 1."""
    ranks = np.zeros(len(values))
    for name in fold.unique():
        own = (fold == name).to_numpy()
        ranks[own] = (rankdata(values[own]) - 0.5) / own.sum()
    return ranks


def _mean(weights: Array, values: Array) -> Array:
    return weights @ values / weights.sum(axis=1)


def _correlation(weights: Array, x: Array, y: Array) -> Array:
    """[draws] of the weighted values; NaN where one is constant."""
    means = _mean(weights, x), _mean(weights, y)
    both = _mean(weights, x * y) - means[0] * means[1]
    spread = np.sqrt(
        np.maximum(_mean(weights, x * x) - means[0] ** 2, 0)
        * np.maximum(_mean(weights, y * y) - means[1] ** 2, 0)
    )
    return np.where(spread > 1e-12, both / np.where(spread > 1e-12, spread, 1), np.nan)
