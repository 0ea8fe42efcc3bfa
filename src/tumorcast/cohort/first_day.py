"""What was known on the first day of a course, of things that have a day."""

from __future__ import annotations

import pandas as pd

from tumorcast.domain.exclusions import Exclusion


def known_on_first_day(
    rows: pd.DataFrame, courses: pd.DataFrame, layer: str, report: list[Exclusion], does_undated_count: bool
) -> pd.DataFrame:
    """The rows of each course (`course_id`, then those of `rows`) from its first day or before; others are reported.

    Args:
        rows: `patient_id`, `sample_id`, `day` (NaN not known) and further columns.
        does_undated_count: a row without a day, or of a course without one, counts. A day after the first never does.
    """
    link = courses[["patient_id", "start_day"]].rename_axis("course_id").reset_index()
    near = link.merge(rows, on="patient_id")
    is_late = near["day"] > near["start_day"]
    is_undated = near["day"].isna() | near["start_day"].isna()
    _tell(near[is_late], layer, "taken_after_first_day", report)
    if not does_undated_count:
        _tell(near[is_undated], layer, "day_unknown", report)
        is_late |= is_undated
    return near[~is_late]


def newest(near: pd.DataFrame) -> pd.DataFrame:
    """course x feature: the newest `value`; undated ones are the oldest.

    Args:
        near: `course_id`, `day`, `feature`, `value`.
    """
    ordered = near.sort_values("day", kind="stable", na_position="first")
    last = ordered.drop_duplicates(["course_id", "feature"], keep="last")
    return last.pivot(index="course_id", columns="feature", values="value")


def _tell(rows: pd.DataFrame, layer: str, reason: str, report: list[Exclusion]) -> None:
    told = rows[["sample_id", "day", "start_day"]].drop_duplicates()
    for sample, day, start in told.itertuples(index=False):
        when = f"day {day:g}" if pd.notna(day) else "no day"
        course = f"course from {start:g}" if pd.notna(start) else "a course without a first day"
        report.append(Exclusion("host", str(sample), reason, f"{layer}: {when}, {course}: not used"))
