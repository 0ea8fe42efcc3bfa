"""One patient's rows -> lesions and assessments, or the name of what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from tumorcast.biology.recist.lesions import Assessment, Finding, Lesion, PatientLesions
from tumorcast.biology.recist.problems import Problem, RefusedError
from tumorcast.readers.lesion_parts import joined_parts
from tumorcast.readers.lesion_words import is_node_organ, kind_of, state_of

LONG_COLUMNS = (
    "patient_id", "day", "date", "visit", "visit_number", "lesion_id", "kind", "organ", "is_node", "size_mm", "unit",
    "status",
)  # fmt: skip
_LARGEST_MM, _LONGEST_VISIT_DAYS = 500.0, 28.0
_YES, _NO = {"1", "true", "yes", "y"}, {"0", "false", "no", "n"}


@dataclass(frozen=True)
class _Visit:
    name: str
    number: float | None
    first_day: float
    last_day: float
    rows: pd.DataFrame


def patient_of(patient_id: str, rows: pd.DataFrame) -> tuple[PatientLesions, tuple[Problem, ...]]:
    """Lesions and assessments of a patient, and what is told of the rows; the order of the rows does not matter.

    Args:
        rows: columns `LONG_COLUMNS`, sizes in mm, days as numbers where there are any.

    Raises:
        RefusedError: the first thing that is wrong.
    """
    told: list[Problem] = []
    distinct = rows.astype("str").drop_duplicates().index
    if len(distinct) < len(rows):
        told.append(Problem(patient_id, "repeated_row", f"{len(rows) - len(distinct)} rows", False))
    rows = rows.loc[distinct].copy()
    rows["at"] = _days(rows)
    lesions = _lesions(rows)
    visits = _visits(rows)
    assessments = tuple(
        Assessment(
            one.first_day, one.last_day, one.name, joined_parts(_findings(one, lesions), lesions), one.number
        )
        for one in visits
    )
    counted = tuple(one for one in lesions.values() if _is_counted(one, lesions))
    return PatientLesions(patient_id, counted, assessments), tuple(told)


def _is_counted(lesion: Lesion, lesions: dict[str, Lesion]) -> bool:
    """Whether an id stands for itself: fragments and merged lesions are counted in those they come from."""
    return "/" not in lesion.id and not ("." in lesion.id and lesion.id.split(".")[0] in lesions)


def _days(rows: pd.DataFrame) -> pd.Series:
    """Days; dates are counted from the patient's first one."""
    if rows["day"].notna().any():
        days = pd.to_numeric(rows["day"], errors="coerce")
        text = rows["day"]
    else:
        text = rows["date"]
        dates = pd.to_datetime(text.astype("str").str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
        days = (dates - dates.min()).dt.days.astype(float)
    if days.isna().any():
        raise RefusedError("date_unreadable", f"'{text[days.isna()].iloc[0]}'")
    return days


def _lesions(rows: pd.DataFrame) -> dict[str, Lesion]:
    if rows["lesion_id"].isna().any():
        raise RefusedError("lesion_twice", "a row without lesion_id")
    made: dict[str, Lesion] = {}
    for name, mine in rows.groupby("lesion_id", sort=True):
        kinds = {kind_of(str(kind)) for kind in mine["kind"].dropna()}
        whole = made.get(re.split(r"[./]", str(name))[0])
        kinds = kinds or ({whole.kind} if whole else set())
        if len(kinds) != 1 or None in kinds:
            found = ", ".join(sorted(map(str, set(mine["kind"]))))
            raise RefusedError("lesion_changes_kind", f"{name}: {found}")
        organs = {str(organ).strip().lower(): str(organ).strip() for organ in mine["organ"].dropna()}
        if len(organs) > 1:
            raise RefusedError("lesion_changes_organ", f"{name}: {', '.join(sorted(organs))}")
        organ = next(iter(organs.values()), "")
        flags = {str(flag).strip().lower() for flag in mine["is_node"].dropna()}
        is_node = bool(flags & _YES) or (not flags & _NO and is_node_organ(organ))
        made[str(name)] = Lesion(str(name), next(kind for kind in kinds if kind), organ, is_node)
    return made


def _visits(rows: pd.DataFrame) -> list[_Visit]:
    """Assessments in the order of their days; the baseline first."""
    key = "visit_number" if rows["visit_number"].notna().all() else "visit"
    if not rows[key].notna().all():
        key = "at"
    visits = [_visit(name, mine) for name, mine in rows.groupby(key)]
    visits.sort(key=lambda one: (one.first_day, one.last_day))
    numbers = [one.number for one in visits if one.number is not None]
    if numbers != sorted(numbers):
        raise RefusedError("visits_out_of_order", f"by date: {', '.join(f'{n:g}' for n in numbers)}")
    for one, later in pairwise(visits):
        if later.first_day <= one.last_day:
            raise RefusedError(
                "two_visits_one_day", f"{one.name or one.number}, {later.name or later.number}"
            )
    named = [
        k for k, one in enumerate(visits) if "baseline" in one.name.lower() or "screening" in one.name.lower()
    ]
    if named and named != [0]:
        raise RefusedError("assessment_before_baseline", f"{visits[0].name or visits[0].first_day}")
    before = [one for one in visits if one.first_day <= 0]
    if not named and len(before) > 1:
        raise RefusedError(
            "assessment_before_baseline", f"days {', '.join(f'{v.first_day:g}' for v in before)}"
        )
    return visits


def _visit(name: Hashable, rows: pd.DataFrame) -> _Visit:
    first, last = float(rows["at"].min()), float(rows["at"].max())
    number = pd.to_numeric(rows["visit_number"], errors="coerce").iloc[0]
    words = rows["visit"].dropna()
    told = str(words.iloc[0]) if len(words) else ""
    if last - first > _LONGEST_VISIT_DAYS:
        raise RefusedError("visit_spread", f"{told or name}: {last - first:g} days")
    return _Visit(told, None if pd.isna(number) else float(number), first, last, rows)


def _findings(visit: _Visit, lesions: dict[str, Lesion]) -> dict[str, Finding]:
    made: dict[str, Finding] = {}
    for _, row in visit.rows.iterrows():
        name = str(row["lesion_id"])
        if name in made:
            raise RefusedError("lesion_twice", f"{name} on day {row['at']:g}")
        made[name] = _finding(row, lesions[name])
    return made


def _finding(row: pd.Series, lesion: Lesion) -> Finding:
    size, status = row["size_mm"], row["status"]
    state = None if pd.isna(status) else state_of(str(status))
    if not pd.isna(status) and state is None:
        raise RefusedError("status_unknown", f"{lesion.id}: '{status}'")
    if pd.isna(size):
        return Finding(state or "not_evaluated")
    if isinstance(size, str):
        word = state_of(size)
        if word is None:
            raise RefusedError("size_unreadable", f"{lesion.id}: '{size}'")
        return Finding(word)
    if size < 0:
        raise RefusedError("negative_size", f"{lesion.id}: {size:g} mm")
    if size > _LARGEST_MM:
        raise RefusedError("size_over_500_mm", f"{lesion.id}: {size:g} mm")
    if state in ("not_evaluated", "merged", "equivocal", "increased", "progressed"):
        return Finding(state, None if state in ("not_evaluated", "merged") else float(size))
    return Finding("too_small") if state == "too_small" and size == 0 else Finding("measured", float(size))
