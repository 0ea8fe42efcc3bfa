"""The long form of lesion tables: columns -> rows of each patient, sizes in mm, days from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.lesion_rows import LesionRow
from tumorcast.readers.lesion_units import in_days, in_mm

_COLUMNS = (
    "patient_id", "day", "date", "visit", "visit_number", "lesion_id", "kind", "organ", "is_node", "size_mm", "unit",
    "status",
)  # fmt: skip
_FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "y": True,
    "0": False,
    "false": False,
    "no": False,
    "n": False,
}


def long_rows(
    frames: Sequence[pd.DataFrame], size_unit: str, time_unit: str
) -> tuple[dict[str, list[LesionRow]], dict[str, pd.Timestamp]]:
    """Rows by patient, sorted by id, and the date of day 0 of patients whose tables have dates.

    Raises:
        InputError: no table, no time, an unknown unit.
    """
    if not frames:
        raise InputError(
            "no table holds lesions",
            expected="patient_id, lesion_id, kind, day or date, size_mm, or SDTM's TR and TU",
        )
    table = pd.concat(frames, ignore_index=True)
    if "day" not in table and "date" not in table:
        raise InputError(
            "the lesion table has no time", got=", ".join(table.columns[:12]), expected="day or date"
        )
    for column in _COLUMNS:
        if column not in table:
            table[column] = None
    table = table.dropna(subset=["patient_id"]).reset_index(drop=True)
    table["size_mm"] = in_mm(table["size_mm"], table["unit"], size_unit)
    table["at"], table["time"], origins = _times(table, time_unit)
    rows: dict[str, list[LesionRow]] = {name: [] for name in sorted(set(table["patient_id"].astype(str)))}
    for record in table.to_dict("records"):
        rows[str(record["patient_id"])].append(_row({str(key): cell for key, cell in record.items()}))
    return rows, origins


def _times(table: pd.DataFrame, unit: str) -> tuple[pd.Series, pd.Series, dict[str, pd.Timestamp]]:
    """Days, what stands in the table, and the origin of patients with dates: the day of their first scan."""
    days = in_days(table["day"], unit)
    text = table["date"].astype("object").where(table["date"].notna(), "")
    dates = pd.to_datetime(text.astype(str).str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    has_days = table["day"].notna().groupby(table["patient_id"]).transform("any")
    first = dates.groupby(table["patient_id"]).transform("min")
    made = days.where(has_days, (dates - first).dt.days.astype(float))
    origins = {
        str(name): day for name, day in zip(table["patient_id"], first.mask(has_days)) if pd.notna(day)
    }
    return made, table["day"].where(has_days, table["date"]), origins


def _row(cells: Mapping[str, object]) -> LesionRow:
    size = cells["size_mm"]
    return LesionRow(
        _known(cells["at"]), str(cells["time"]), _word(cells["visit"]), _number(cells["visit_number"]),
        _word(cells["lesion_id"]), _word(cells["kind"]), _word(cells["organ"]),
        _FLAGS.get(str(cells["is_node"]).strip().lower()), _known(size) if isinstance(size, float) else _word(size),
        _word(cells["status"]),
    )  # fmt: skip


def _number(cell: object) -> float | None:
    try:
        return _known(float(str(cell)))
    except ValueError:
        return None


def _known(cell: object) -> float | None:
    return float(cell) if isinstance(cell, int | float) and cell == cell else None


def _word(cell: object) -> str | None:
    if cell is None or cell != cell:
        return None
    return str(cell).strip() or None
