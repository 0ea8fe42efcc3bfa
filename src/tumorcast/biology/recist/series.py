"""A patient's sums of target lesions over time, with how far each is known: what growth models are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.recist.lesions import TOO_SMALL_MM, Assessment, Lesion, PatientLesions


@dataclass(frozen=True)
class SumSeries:
    """Sums at every assessment, the baseline first, all [T].

    Attributes:
        days: of the first scan of each assessment.
        sum_mm: as RECIST counts them, 5 mm for too small to measure; NaN where `is_complete` is False.
        low_mm: with nothing for lesions that are too small to measure.
        is_complete: every target lesion was evaluated.
        is_censored: some are too small to measure: the sum lies between `low_mm` and `sum_mm` (left-censored).
    """

    days: NDArray[np.float64]
    sum_mm: NDArray[np.float64]
    low_mm: NDArray[np.float64]
    is_complete: NDArray[np.bool_]
    is_censored: NDArray[np.bool_]


def sum_series(patient: PatientLesions) -> SumSeries:
    """The series of a patient; empty where there are no target lesions."""
    targets = patient.of_kind("target")
    rows = [_row(targets, one) for one in patient.assessments] if targets else []
    sums = np.array([row[0] for row in rows], dtype=float)
    n_small = np.array([row[1] for row in rows], dtype=float)
    days = np.array([one.first_day for one in patient.assessments[: len(rows)]], dtype=float)
    is_complete = np.isfinite(sums)
    return SumSeries(days, sums, sums - TOO_SMALL_MM * n_small, is_complete, is_complete & (n_small > 0))


def _row(targets: tuple[Lesion, ...], assessment: Assessment) -> tuple[float, int]:
    findings = [assessment.of(lesion) for lesion in targets]
    values = [finding.counted_mm() for finding in findings]
    n_small = sum(finding.state == "too_small" for finding in findings)
    return sum(np.nan if value is None else value for value in values), n_small
