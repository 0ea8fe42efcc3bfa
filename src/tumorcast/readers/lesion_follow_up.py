"""What a table besides the lesions says of patients: start, death, another treatment, reported PFS and OS."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tumorcast.biology.recist.outcomes import Outcome
from tumorcast.biology.recist.problems import Problem
from tumorcast.biology.recist.progression import FollowUp
from tumorcast.readers.lesion_units import DAYS

_TIMES = ("start", "death", "new_therapy")
_COLUMNS = {*(f"{name}_day" for name in _TIMES), "pfs_days", "pfs_event", "os_days", "os_event"}
_DATES = {f"{name}_date" for name in _TIMES}
_FLAGS = {
    "1": True,
    "1.0": True,
    "true": True,
    "yes": True,
    "0": False,
    "0.0": False,
    "false": False,
    "no": False,
}


def is_follow_up(table: pd.DataFrame) -> bool:
    """Whether a table has a patient and something of the follow-up."""
    return "patient_id" in table.columns and bool((_COLUMNS | _DATES) & set(table.columns))


def read_follow_up(
    tables: Sequence[pd.DataFrame],
    origins: Mapping[str, pd.Timestamp],
    problems: list[Problem],
    time_unit: str = "days",
) -> tuple[dict[str, FollowUp], tuple[Outcome, ...]]:
    """Follow-up and reported outcomes by patient, all tables together; cells that cannot be read are told and unknown.

    Args:
        origins: date of day 0 of patients whose lesions have dates; the others have days.
        problems: gets what is wrong: rows that contradict each other and times before the start refuse a patient.
        time_unit: of start_day, death_day and new_therapy_day; reported pfs_days and os_days are days.
    """
    known: dict[str, dict[str, set[float]]] = {}
    for table in tables:
        for record in table.dropna(subset=["patient_id"]).to_dict("records"):
            row = {str(name): cell for name, cell in record.items()}
            name = str(row["patient_id"])
            fields = known.setdefault(name, {})
            for field, value in _fields(row, origins.get(name), problems, time_unit).items():
                fields.setdefault(field, set()).update(() if value is None else (value,))
    follow_up, outcomes = {}, []
    for name, fields in known.items():
        twice = [field for field, values in fields.items() if len(values) > 1]
        if twice:
            problems.append(Problem(name, "follow_up_twice", ", ".join(twice)))
            continue
        one = {field: next(iter(values), None) for field, values in fields.items()}
        start = one["start"] or 0.0
        early = [each for each in ("death", "new_therapy") if (day := one[each]) is not None and day < start]
        if early:
            problems.append(Problem(name, "follow_up_before_start", ", ".join(early)))
            continue
        follow_up[name] = FollowUp(start, one["death"], one["new_therapy"])
        flags = (None if one[each] is None else bool(one[each]) for each in ("pfs_event", "os_event"))
        outcomes.append(Outcome(name, one["pfs_days"], next(flags), one["os_days"], next(flags)))
    return follow_up, tuple(outcomes)


def _fields(
    row: Mapping[str, Any], origin: pd.Timestamp | None, problems: list[Problem], time_unit: str
) -> dict[str, float | None]:
    days = {name: _day(row, name, origin, problems, time_unit) for name in _TIMES}
    times = {name: _number(row, name, problems) for name in ("pfs_days", "os_days")}
    return {**days, **times, **{name: _flag(row, name, problems) for name in ("pfs_event", "os_event")}}


def _day(
    row: Mapping[str, Any], name: str, origin: pd.Timestamp | None, problems: list[Problem], time_unit: str
) -> float | None:
    """A day in the unit of the tables, or a date as days from the patient's day 0."""
    cell = row.get(f"{name}_date")
    if cell is None or pd.isna(cell):
        number = _number(row, f"{name}_day", problems)
        return None if number is None else number * DAYS[time_unit]
    date = pd.to_datetime(str(cell)[:10], format="%Y-%m-%d", errors="coerce")
    if pd.isna(date) or origin is None:
        told = f"{name}_date '{cell}'" + ("" if origin is not None else ", where the lesions have days")
        problems.append(Problem(str(row["patient_id"]), "date_unreadable", told, False))
        return None
    return float((date - origin).days)


def _number(row: Mapping[str, Any], column: str, problems: list[Problem]) -> float | None:
    cell = row.get(column)
    if cell is None or pd.isna(cell):
        return None
    number = float(pd.to_numeric(str(cell), errors="coerce"))
    if not math.isfinite(number):
        problems.append(Problem(str(row["patient_id"]), "date_unreadable", f"{column} '{cell}'", False))
        return None
    return number


def _flag(row: Mapping[str, Any], column: str, problems: list[Problem]) -> bool | None:
    cell = row.get(column)
    if cell is None or pd.isna(cell):
        return None
    known = _FLAGS.get(str(cell).strip().lower())
    if known is None:
        problems.append(Problem(str(row["patient_id"]), "flag_unreadable", f"{column} '{cell}'", False))
    return known
