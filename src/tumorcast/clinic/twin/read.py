"""Series of patients from whatever holds them: tables of sizes, or of lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tumorcast.biology.recist.lesions import PatientLesions
from tumorcast.biology.recist.points import TimePoint, time_points
from tumorcast.biology.recist.problems import Problem, RefusedError
from tumorcast.biology.recist.series import sum_series
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.readers.lesion_tables import Reading, read_lesion_tables
from tumorcast.readers.size_series import (
    Grounds,
    SeriesTables,
    SizeSeries,
    is_series_table,
    read_size_series,
)

_TABLES = (".csv", ".tsv", ".txt", ".xpt")


def read_series(paths: Sequence[Path], reading: Reading | None = None) -> SeriesTables:
    """Plain tables of sizes, or tables of lesions (docs/recist.md); a folder is all its tables, of one kind.

    Raises:
        InputError: as the readers; nothing to read; tables of both kinds.
    """
    reading = reading or Reading()
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise InputError("no table was given", expected=", ".join(_TABLES))
    plain = [path for path in files if path.suffix.lower() != ".xpt" and is_series_table(path)]
    if plain and len(plain) < len(files):
        other = next(path for path in files if path not in plain)
        raise InputError(
            "tables of sizes and other tables cannot be read together", got=f"{plain[0].name} and {other.name}",
            expected="tables of one kind: a size a row, or lesions", fix="name the tables that are meant",
        )  # fmt: skip
    if plain:
        return read_size_series(plain, reading.size_unit, reading.time_unit)
    tables = read_lesion_tables(files, reading)
    made, problems = [], list(tables.problems)
    for one in tables.patients:
        try:
            made.append(series_of(one))
        except RefusedError as refusal:
            problems.append(Problem(one.patient_id, refusal.code, refusal.detail))
    return SeriesTables(tuple(made), tuple(problems))


def series_of(patient: PatientLesions) -> SizeSeries:
    """Sums of target lesions; bounds where some are too small to measure; a missing target is no evaluation.

    Raises:
        RefusedError: the sum at baseline is not complete: responses would be counted from a later scan.
    """
    sums = sum_series(patient)
    kept = sums.is_complete
    if len(kept) and not kept[0]:
        raise RefusedError("no_baseline", f"day {sums.days[0]:g}: a target lesion was not evaluated")
    return SizeSeries(
        patient.patient_id, sums.days[kept], np.where(sums.is_censored, sums.low_mm, sums.sum_mm)[kept],
        sums.sum_mm[kept], tuple(sums.days[~kept].tolist()), progressed=_progressed(patient),
    )  # fmt: skip


def _progressed(patient: PatientLesions) -> tuple[float, Grounds] | None:
    """Day and grounds of the first progression by RECIST 1.1, target lesions or not."""
    found = next((one for one in time_points(patient) if one.overall == "PD"), None)
    return None if found is None else (found.assessment.first_day, _grounds(found))


def _grounds(point: TimePoint) -> Grounds:
    if point.new:
        return "new_lesion"
    if point.non_target == "PD":
        return "non_target"
    return "target" if point.target == "PD" else "reappeared"


def series_named(tables: SeriesTables, patient_id: str) -> SizeSeries:
    """One patient's series, with what was noticed in its rows.

    Raises:
        InputError: the patient was refused (and why), or is not in the tables.
    """
    for one in tables.series:
        if one.patient_id == patient_id:
            told = [each for each in tables.problems if each.patient_id == patient_id and not each.is_refused]
            return replace(one, notes=tuple(f"{each.code}: {each.detail}" for each in told))
    refused = [one for one in tables.problems if one.patient_id == patient_id and one.is_refused]
    if refused:
        raise InputError(f"the series of {patient_id} cannot be used: {refused[0].code}", got=refused[0].detail,
                         fix=refused[0].fix)  # fmt: skip
    names = [one.patient_id for one in tables.series]
    raise InputError(f"there is no patient {patient_id}", got=f"{len(names)} patients",
                     fix=did_you_mean(patient_id, names))  # fmt: skip


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(
        one for one in path.iterdir() if one.suffix.lower() in _TABLES and not one.name.startswith(".")
    )
