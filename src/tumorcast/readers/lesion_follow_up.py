"""What a table besides the lesions says of patients: start, death, another treatment, reported PFS and OS."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tumorcast.biology.recist.outcomes import Outcome
from tumorcast.biology.recist.problems import Problem
from tumorcast.biology.recist.progression import FollowUp

_COLUMNS = {"start_day", "death_day", "new_therapy_day", "pfs_days", "pfs_event", "os_days", "os_event"}
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
    return "patient_id" in table.columns and bool(_COLUMNS & set(table.columns))


def read_follow_up(
    table: pd.DataFrame, follow_up: dict[str, FollowUp], outcomes: list[Outcome], problems: list[Problem]
) -> None:
    """Add the rows of a table to what is known; days count from where the lesions' do; bad cells are told."""
    for _, row in table.dropna(subset=["patient_id"]).iterrows():
        name = str(row["patient_id"])
        start = _number(row, "start_day", problems)
        follow_up[name] = FollowUp(
            0.0 if start is None else start,
            _number(row, "death_day", problems),
            _number(row, "new_therapy_day", problems),
        )
        outcomes.append(
            Outcome(
                name, _number(row, "pfs_days", problems), _flag(row, "pfs_event", problems),
                _number(row, "os_days", problems), _flag(row, "os_event", problems),
            )
        )  # fmt: skip


def _number(row: Any, column: str, problems: list[Problem]) -> float | None:
    cell = row.get(column)
    if cell is None or pd.isna(cell):
        return None
    number = pd.to_numeric(str(cell), errors="coerce")
    if pd.isna(number):
        problems.append(Problem(str(row["patient_id"]), "date_unreadable", f"{column} '{cell}'", False))
        return None
    return float(number)


def _flag(row: Any, column: str, problems: list[Problem]) -> bool | None:
    cell = row.get(column)
    if cell is None or pd.isna(cell):
        return None
    known = _FLAGS.get(str(cell).strip().lower())
    if known is None:
        problems.append(Problem(str(row["patient_id"]), "flag_unreadable", f"{column} '{cell}'", False))
    return known
