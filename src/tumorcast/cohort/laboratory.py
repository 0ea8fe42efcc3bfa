"""Laboratory values of a course: the newest of each analyte before its first day."""

from __future__ import annotations

import numpy as np
import pandas as pd

LABORATORY = "laboratory"
_RATIO = ("neutrophils", "lymphocytes")


def laboratory_table(events: pd.DataFrame, courses: pd.DataFrame, days_before: float) -> pd.DataFrame:
    """course x analyte: the newest value taken up to the course's first day and at most `days_before` days earlier.

    `nlr` is the neutrophil-to-lymphocyte ratio where both were counted. A course without a known first day has none.

    Args:
        events: `readers.laboratory.laboratory_of`.
        courses: `courses.course_table`.
    """
    link = courses[["patient_id", "start_day"]].rename_axis("course_id").reset_index()
    near = link.merge(events, on="patient_id")
    age = near["start_day"] - near["day"]
    near = near[(age >= 0) & (age <= days_before)].sort_values("day", kind="stable")
    newest = near.drop_duplicates(["course_id", "analyte"], keep="last")
    table = newest.pivot(index="course_id", columns="analyte", values="value").reindex(courses.index)
    table = table.astype(np.float32).rename_axis(index=None, columns=None)
    if set(_RATIO) <= set(table.columns):
        cells, others = table[_RATIO[0]], table[_RATIO[1]]
        table["nlr"] = (cells / others.where(others > 0)).astype(np.float32)
    return table
