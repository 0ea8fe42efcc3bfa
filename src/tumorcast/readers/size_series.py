"""Tumour size over time, one number a scan: patient, day, size, with words for what was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.recist.problems import Problem, RefusedError
from tumorcast.domain.errors import InputError
from tumorcast.readers.files import read_table
from tumorcast.readers.lesion_units import DAYS, need_series_days, need_series_mm

TOO_SMALL_MM = 5.0
_PATIENT = ("patient_id", "patient", "patient_anonmyized", "patient_anonymized", "usubjid")
_DAY = ("day", "treatment_day", "study_day", "days")
_SIZE = ("size_mm", "targetlesionlongdiam_mm", "sum_mm", "sld_mm", "diameter_mm")
_ARM = ("arm", "study_arm", "treatment", "regimen")
_TOO_SMALL = {"TOO SMALL TO MEASURE", "TOO SMALL", "TSTM"}
_UNKNOWN = {"NOT EVALUABLE", "NE", "NOT EVALUATED", "NOT DONE", "UNKNOWN"}
_MOST_MM = 1000.0
Grounds = Literal["new_lesion", "non_target", "target", "reappeared"]


@dataclass(frozen=True)
class SizeSeries:
    """One patient's sizes at the scans that were evaluated, in order of time, all [T].

    Attributes:
        days: of the scans, ascending.
        low_mm: least that the size can be; equal to `high_mm` where it was measured.
        high_mm: most that it can be; 5 mm for "too small to measure".
        not_evaluated: days of scans without a size.
        arm: treatment, "" where not told.
        notes: what was noticed in the rows, and read all the same.
        progressed: day and grounds (new_lesion, non_target, target, reappeared) of the first progression that a table
            of lesions shows; None where there is none, or where only sizes are known.
    """

    patient_id: str
    days: NDArray[np.float64]
    low_mm: NDArray[np.float64]
    high_mm: NDArray[np.float64]
    not_evaluated: tuple[float, ...] = ()
    arm: str = ""
    progressed: tuple[float, Grounds] | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_measured(self) -> NDArray[np.bool_]:
        """[T] True: a number; False: an interval."""
        return np.asarray(self.low_mm == self.high_mm)

    @property
    def is_number(self) -> NDArray[np.bool_]:
        """[T] True: `high_mm` is RECIST's number (too small to measure: 5 mm); False: it may hide any smaller size."""
        return np.asarray((self.low_mm > 0) | (self.high_mm <= TOO_SMALL_MM))

    def first(self, n: int) -> SizeSeries:
        """The first `n` scans: nothing of later ones is left."""
        until = self.days[n - 1] if n else -np.inf
        kept = tuple(day for day in self.not_evaluated if day <= until)
        seen = self.progressed if self.progressed and self.progressed[0] <= until else None
        return SizeSeries(
            self.patient_id, self.days[:n], self.low_mm[:n], self.high_mm[:n], kept, self.arm, seen, self.notes
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.days)


@dataclass(frozen=True)
class SeriesTables:
    """Series, sorted by patient, and what is wrong with whom."""

    series: tuple[SizeSeries, ...]
    problems: tuple[Problem, ...]


def is_series_table(path: Path) -> bool:
    """Whether a table has a patient, a day and a size a row, and no lesions."""
    names = {_plain(name) for name in _read(path).columns}
    return bool(names & set(_SIZE)) and bool(names & set(_DAY)) and "lesion_id" not in names


def read_size_series(
    paths: Sequence[Path],
    size_unit: str = "mm",
    time_unit: str = "days",
    *,
    is_trusted: bool = False,
    is_first_kept: bool = False,
) -> SeriesTables:
    """Read every table; one bad patient does not keep the others.

    Rows are sorted by day. Two rows of one day that say the same are one; that differ refuse the patient, as do a day
    that cannot be read, and an id with rows in several tables or of several arms: these may be two people.

    Args:
        is_first_kept: of two sizes of one day the first row counts, and rows without a day are left out; both are
            told; otherwise the patient is refused.
        is_trusted: units are known to be right: not looked at (a table of few patients says little of them).

    Raises:
        InputError: columns that are missing, sizes that look like centimetres, days that look like months.
    """
    frames = [_columns(path, _read(path)).assign(table=k) for k, path in enumerate(paths)]
    rows = pd.concat(frames, ignore_index=True)
    factor = {"mm": 1.0, "cm": 10.0}[size_unit]
    problems: list[Problem] = []
    made = []
    for patient, own in rows.groupby("patient", sort=True):
        try:
            made.append(_series(str(patient), own, factor, DAYS[time_unit], problems, is_first_kept))
        except RefusedError as refusal:
            problems.append(Problem(str(patient), refusal.code, refusal.detail))
    if not is_trusted:
        need_series_mm([one.high_mm for one in made])
        need_series_days([one.days for one in made])
    return SeriesTables(tuple(made), tuple(problems))


def _series(
    patient: str, rows: pd.DataFrame, mm: float, days: float, problems: list[Problem], is_first_kept: bool
) -> SizeSeries:
    arms = sorted({word.strip() for word in rows["arm"] if isinstance(word, str) and word.strip()})
    if rows["table"].nunique() > 1 or len(arms) > 1:
        raise RefusedError(
            "id_of_several", f"in {rows['table'].nunique()} tables, of {max(len(arms), 1)} arms"
        )
    cells = [_cell(word, mm) for word in rows["size"]]
    when = pd.to_numeric(rows["day"], errors="coerce").to_numpy(float) * days
    if np.isnan(when).any():
        told = f"{int(np.isnan(when).sum())} rows"
        if not is_first_kept:
            raise RefusedError("date_unreadable", told)
        problems.append(Problem(patient, "date_unreadable", told, False))
    known = [(day, cell) for day, cell in zip(when, cells, strict=True) if np.isfinite(day)]
    seen: dict[float, tuple[float, float]] = {}
    if [day for day, _ in known] != sorted(day for day, _ in known):
        problems.append(Problem(patient, "rows_unsorted", "sorted by day", False))
    for day, cell in sorted(((day, cell) for day, cell in known if cell is not None), key=lambda one: one[0]):
        if seen.setdefault(day, cell) == cell:
            continue
        if not is_first_kept:
            raise RefusedError("two_visits_one_day", f"day {day:g}: two sizes")
        problems.append(Problem(patient, "two_visits_one_day", f"day {day:g}: the first kept", False))
    missing = tuple(sorted({day for day, cell in known if cell is None} - set(seen)))
    low, high = (np.array([cell[side] for cell in seen.values()], float) for side in (0, 1))
    return SizeSeries(patient, np.array(list(seen), float), low, high, missing, arms[0] if arms else "")


def _cell(word: object, mm: float) -> tuple[float, float] | None:
    """The interval that a cell tells; None not evaluated."""
    text = "" if not isinstance(word, str) else " ".join(word.upper().replace("_", " ").split())
    if not text or text in _UNKNOWN:
        return None
    if text in _TOO_SMALL:
        return 0.0, TOO_SMALL_MM
    is_below = text.startswith("<")
    try:
        value = float(text.lstrip("< ")) * mm
    except ValueError:
        raise RefusedError("size_unreadable", text[:40]) from None
    if not np.isfinite(value) or value < 0:
        raise RefusedError("negative_size", f"{value:g} mm")
    if value > _MOST_MM:
        raise RefusedError("sum_over_1000_mm", f"{value:g} mm")
    return (0.0, value) if is_below else (value, value)


def _columns(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    names = {_plain(name): name for name in table.columns}
    found = {}
    for key, words in (("patient", _PATIENT), ("day", _DAY), ("size", _SIZE), ("arm", _ARM)):
        name = next((names[word] for word in words if word in names), None)
        if name is None and key != "arm":
            raise InputError(
                f"{path.name} has no column of the {key}",
                got=f"columns {', '.join(map(str, table.columns[:12]))}",
                expected=" or ".join(words[:3]),
                fix="rename the columns as in docs/twin.md",
            )
        found[key] = table[name] if name is not None else pd.Series(None, index=table.index, dtype=object)
    return pd.DataFrame(found).dropna(subset=["patient"])


def _plain(name: object) -> str:
    return str(name).strip().lower().replace(" ", "_")


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError("a table is not there", got=f"no {path}")
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        head = handle.readline()
    return read_table(path, max(",;\t", key=head.count))
