"""Units of lesion tables: cm for mm and months for days are refused where they would pass unseen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.recist.lesions import PatientLesions
from tumorcast.domain.errors import InputError

DAYS_PER_MONTH = 30.4375
DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH}
_MM = {"mm": 1.0, "cm": 10.0}
_LEAST_GAP_DAYS = 14.0


def in_mm(sizes: pd.Series, units: pd.Series, unit: str) -> pd.Series:
    """Numbers in mm; words stay as they are for the reader of rows. A row's own unit goes before the given one."""
    numeric = pd.to_numeric(sizes, errors="coerce")
    own = units.astype("object").where(units.notna(), unit).astype(str).str.strip().str.lower()
    strange = sorted(set(own[numeric.notna()]) - set(_MM))
    if strange:
        raise InputError("sizes in an unknown unit", got=strange[0], expected="mm or cm")
    scaled = numeric * own.map(_MM).fillna(1.0)
    return scaled.astype("object").where(numeric.notna(), sizes)


def in_days(days: pd.Series, unit: str) -> pd.Series:
    """Days as numbers; NaN where the table has none."""
    return pd.to_numeric(days, errors="coerce").astype(float) * DAYS[unit]


def need_mm(n_small: int, n_patients: int) -> None:
    """Raise where the baseline target lesions of most patients are all below 10 mm.

    Raises:
        InputError: centimetres, probably.
    """
    if n_small and n_small >= n_patients / 2:
        raise InputError(
            "sizes look like centimetres",
            got=f"all target lesions below 10 at baseline in {n_small} of {n_patients} patients",
            expected="mm: RECIST's target lesions have 10 mm or more",
            fix="give --size-unit cm; if they are mm, these lesions are no target lesions",
        )


def need_series_mm(sizes: Sequence[NDArray[np.float64]]) -> None:
    """Raise where the first sizes of most patients are below 10.

    Raises:
        InputError: centimetres, probably.
    """
    first = [float(one[0]) for one in sizes if len(one) and one[0] > 0]
    n_small = sum(size < 10 for size in first)
    if n_small and n_small >= 0.75 * len(first):
        raise InputError(
            "sizes look like centimetres",
            got=f"the first size is below 10 in {n_small} of {len(first)} patients",
            expected="mm: RECIST's target lesions have 10 mm or more",
            fix="give --size-unit cm",
        )


def need_series_days(days: Sequence[NDArray[np.float64]]) -> None:
    """Raise where scans follow each other faster than any protocol's.

    Raises:
        InputError: weeks or months, probably.
    """
    gaps = np.concatenate([np.diff(one) for one in days]) if days else np.zeros(0)
    if len(gaps) and np.median(gaps) < _LEAST_GAP_DAYS:
        raise InputError(
            "times look like weeks or months",
            got=f"{np.median(gaps):g} between one scan and the next",
            expected="days",
            fix="give --time-unit weeks or --time-unit months",
        )


def need_days(patients: Sequence[PatientLesions]) -> None:
    """Raise where assessments follow each other faster than any protocol's.

    Raises:
        InputError: weeks or months, probably.
    """
    gaps = [
        later.first_day - one.first_day
        for patient in patients
        for one, later in pairwise(patient.assessments)
    ]
    if gaps and median(gaps) < _LEAST_GAP_DAYS:
        raise InputError(
            "times look like weeks or months",
            got=f"{median(gaps):g} between one assessment and the next",
            expected="days",
            fix="give --time-unit weeks or --time-unit months",
        )
