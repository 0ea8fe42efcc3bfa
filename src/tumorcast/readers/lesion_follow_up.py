"""What a table besides the lesions says of patients: start, death, another treatment, reported PFS and OS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tumorcast.biology.recist.outcomes import Outcome
from tumorcast.biology.recist.problems import Problem
from tumorcast.biology.recist.progression import FollowUp

_TIMES = ("start", "death", "new_therapy")
_DAYS = {*(f"{name}_day" for name in _TIMES), "pfs_days", "pfs_event", "os_days", "os_event"}
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
    return "patient_id" in table.columns and bool((_DAYS | _DATES) & set(table.columns))


def read_follow_up(
    tables: Sequence[pd.DataFrame], origins: Mapping[str, pd.Timestamp], problems: list[Problem]
) -> tuple[dict[str, FollowUp], tuple[Outcome, ...]]:
    """Follow-up and reported outcomes by patient; cells that cannot be read are told and unknown.

    Args:
        origins: date of day 0 of patients whose lesions have dates; the others have days.
    """
    follow_up, outcomes = {}, []
    for table in tables:
        for record in table.dropna(subset=["patient_id"]).to_dict("records"):
            row = {str(name): cell for name, cell in record.items()}
            name = str(row["patient_id"])
            start, death, other = (_day(row, each, origins.get(name), problems) for each in _TIMES)
            follow_up[name] = FollowUp(0.0 if start is None else start, death, other)
            outcomes.append(
                Outcome(
                    name, _number(row, "pfs_days", problems), _flag(row, "pfs_event", problems),
                    _number(row, "os_days", problems), _flag(row, "os_event", problems),
                )
            )  # fmt: skip
    return follow_up, tuple(outcomes)


def _day(
    row: Mapping[str, Any], name: str, origin: pd.Timestamp | None, problems: list[Problem]
) -> float | None:
    """A day, or a date as days from the patient's day 0."""
    cell = row.get(f"{name}_date")
    if cell is None or pd.isna(cell):
        return _number(row, f"{name}_day", problems)
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
    number = pd.to_numeric(str(cell), errors="coerce")
    if pd.isna(number):
        problems.append(Problem(str(row["patient_id"]), "date_unreadable", f"{column} '{cell}'", False))
        return None
    return float(number)


def _flag(row: Mapping[str, Any], column: str, problems: list[Problem]) -> bool | None:
    cell = row.get(column)
    if cell is None or pd.isna(cell):
        return None
    known = _FLAGS.get(str(cell).strip().lower())
    if known is None:
        problems.append(Problem(str(row["patient_id"]), "flag_unreadable", f"{column} '{cell}'", False))
    return known
