"""How true the probabilities are for each combination of measured layers, on courses that their model had not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumorcast.metrics.intervals import Interval, percentile_interval, resample_patients

FEWEST = 50
"""Patients of a combination below which nothing is said of its calibration."""


def calibration_by_pattern(held_out: pd.DataFrame, fewest: int = FEWEST) -> dict[str, dict[str, Interval]]:
    """Combination -> "brier" (mean squared error) and "observed_expected" (responders by the sum of probabilities).

    Intervals are of the patient bootstrap. Combinations of fewer patients are left out.

    Args:
        held_out: patient_id, pattern, label (0, 1), probability; one row a course.
    """
    made = {}
    for pattern, rows in held_out.dropna(subset=["label", "probability"]).groupby("pattern"):
        if rows["patient_id"].nunique() >= fewest:
            made[str(pattern)] = _calibration(rows)
    return made


def _calibration(rows: pd.DataFrame) -> dict[str, Interval]:
    label, probability = rows["label"].to_numpy(float), rows["probability"].to_numpy(float)
    weights = resample_patients(rows["patient_id"]).weights(rows["patient_id"])
    error = (probability - label) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = (weights @ label) / (weights @ probability)
        errors = (weights @ error) / weights.sum(axis=1)
    return {
        "brier": percentile_interval(float(error.mean()), errors),
        "observed_expected": percentile_interval(float(label.sum() / probability.sum()), ratios),
    }
