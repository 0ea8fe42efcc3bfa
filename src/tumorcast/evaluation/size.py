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
        mean, spread: mean and standard deviation of the same log ratios.
        slope, slope_error: of the line of observed on predicted, and its standard error, patients counted once; a
            prediction that tells nobody apart has 0.
        line_sd: standard deviation about that line.
    """

    bias: float
    sd: float
    n_patients: int
    n_courses: int
    median: float
    mean: float
    spread: float
    slope: float
    slope_error: float
    line_sd: float

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
    observed, said = known[OBSERVED].to_numpy(float), known[PREDICTED].to_numpy(float)
    n_patients = int(known["patient_id"].nunique())
    return SizeResiduals(
        bias=float((observed - said).mean()),
        sd=float((observed - said).std(ddof=1)),
        n_patients=n_patients,
        n_courses=len(known),
        median=float(np.median(observed)),
        mean=float(observed.mean()),
        spread=float(observed.std(ddof=1)),
        **_line(observed, said, n_patients),
    )


def _line(observed: Array, said: Array, n_patients: int) -> dict[str, float]:
    """Least squares of observed on predicted; a constant prediction has slope 0 of no error."""
    apart = said - said.mean()
    width = float(apart @ apart)
    slope = float(apart @ observed) / width if width > 1e-12 else 0.0
    left = observed - observed.mean() - slope * apart
    sd = float(np.sqrt(left @ left / (len(left) - 2)))
    error = sd / np.sqrt(width * n_patients / len(said)) if width > 1e-12 else 0.0
    return {"slope": slope, "slope_error": float(error), "line_sd": sd}


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
