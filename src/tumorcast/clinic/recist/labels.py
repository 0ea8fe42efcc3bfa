"""Responses as the labels that a study's treatment timeline reads: size near week 8, best response, its day, PFS."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from tumorcast.clinic.recist.responses import PatientResponse
from tumorcast.cohort.courses import drug_records
from tumorcast.cohort.labels import (
    DAYS_PER_MONTH,
    RESPONSE_COLUMNS,
    RESPONSE_DAY,
    SIZE_DAY,
    SIZE_PERCENT,
    near_week_8,
)
from tumorcast.domain.errors import InputError

_WORDS = {
    "iCR": "CR", "iPR": "PR", "iSD": "SD", "iCPD": "PD", "iUPD": "NE", "NED": "NE",
    "NON-iCR/NON-iUPD": "NON-CR/NON-PD",
}  # fmt: skip
COLUMNS = ("BEST_RESPONSE", RESPONSE_DAY, "PFS_MONTHS", "PFS_STATUS", SIZE_PERCENT, SIZE_DAY)


def label_table(responses: Sequence[PatientResponse]) -> pd.DataFrame:
    """One row a patient: PATIENT_ID and `COLUMNS`; days from the start of treatment, unknown is empty.

    `RESPONSE_DAY` is the day on which a response was known, not the one to which a confirmed response is dated back.
    """
    rows = [(one.patient.patient_id, *_labels(one)) for one in responses]
    return pd.DataFrame(rows, columns=["PATIENT_ID", *COLUMNS])


def _labels(one: PatientResponse) -> tuple[str, float | None, float | None, str, float | None, float | None]:
    best, free = one.best, one.progression
    known = None if best.response_day is None else best.response_day - one.start_day
    has_time = free.time_days > 0
    months = round(free.time_days / DAYS_PER_MONTH, 4) if has_time else None
    status = ("1:PROGRESSED" if free.is_event else "0:CENSORED") if has_time else ""
    day, percent = near_week_8(_scans(one)) or (None, None)
    word = _WORDS.get(best.response, best.response)
    return word, known, months, status, None if percent is None else round(percent, 2), day


def _scans(one: PatientResponse) -> list[tuple[float, float]]:
    """(day, percent from baseline) of complete sums before another treatment; of a progression too."""
    return [
        (point.assessment.last_day - one.start_day, 100 * point.change_from_baseline)
        for point in one.points
        if point.change_from_baseline is not None and one.is_before_new_therapy(point)
    ]


def labelled(
    treatments: pd.DataFrame, labels: pd.DataFrame, line: float | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """A study's treatments with the labels on the first drug's row of each patient's course, in place of all old ones.

    Args:
        treatments: `Study.treatments`.
        line: of therapy during which the lesions were measured; None: patients must have one course alone.

    Returns:
        (the table, lines to print: how many patients were left out and why).

    Raises:
        InputError: no patient of the labels has such a course.
    """
    made = treatments.copy()
    for name in COLUMNS:
        made[name] = pd.Series(None, index=made.index, dtype=object)
    told: Counter[str] = Counter()
    drugs = drug_records(made)
    for row in labels.to_dict("records"):
        own = drugs[drugs["patient_id"].astype(str) == str(row["PATIENT_ID"])]
        own = own if line is None else own[own["line"].astype(float) == line]
        courses = own["line"].where(own["line"].notna(), own["start_day"])
        if own.empty or courses.nunique(dropna=False) > 1:
            why = (
                "have no such course of drugs in the study"
                if own.empty
                else "have several courses: give --line"
            )
            told[why] += 1
            continue
        first = own["start_day"].astype(float).fillna(math.inf).idxmin()
        for name in COLUMNS:
            made.at[first, name] = row[name] if pd.notna(row[name]) and row[name] != "" else None
    placed = len(labels) - told.total()
    if not placed:
        raise InputError(
            "no patient's responses belong to a course of the study",
            got=", ".join(f"{n} {why}" for why, n in told.items()),
            fix="check that ids are the study's, or give --line",
        )  # fmt: skip
    return made, [f"{placed} courses have responses", *(f"  left out: {n} {why}" for why, n in told.items())]


def without_labels(patients: pd.DataFrame) -> pd.DataFrame:
    """A study's patient table without what the lesions tell, which would stand in for what they leave open."""
    return patients.drop(
        columns=[name for name in patients if name in {*COLUMNS, *RESPONSE_COLUMNS["best_response"]}]
    )
