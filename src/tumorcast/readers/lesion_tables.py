"""Tables of lesions -> patients with their assessments: spreadsheets in long form and SDTM's TU, TR and RS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from tumorcast.biology.recist.checks import baseline_problems, size_problems
from tumorcast.biology.recist.lesions import PatientLesions
from tumorcast.biology.recist.outcomes import Outcome
from tumorcast.biology.recist.problems import Problem, RefusedError
from tumorcast.biology.recist.progression import FollowUp
from tumorcast.domain.errors import InputError
from tumorcast.readers.files import read_table
from tumorcast.readers.lesion_follow_up import is_follow_up, read_follow_up
from tumorcast.readers.lesion_long import long_rows
from tumorcast.readers.lesion_rows import LesionRow, patient_of
from tumorcast.readers.lesion_units import need_days, need_mm
from tumorcast.readers.sdtm_lesions import is_sdtm, lesions_of, reported_of

SizeUnit = Literal["mm", "cm"]
TimeUnit = Literal["days", "weeks", "months"]


@dataclass(frozen=True)
class Reading:
    """How to read.

    Attributes:
        size_unit: of sizes that do not say theirs.
        time_unit: of days that are numbers, start_day, death_day and new_therapy_day among them.
        evaluator: whose measurements, where SDTM tables hold several readers'.
        is_strict: breaches of RECIST's baseline rules refuse the patient.
    """

    size_unit: SizeUnit = "mm"
    time_unit: TimeUnit = "days"
    evaluator: str | None = None
    is_strict: bool = False


@dataclass(frozen=True)
class LesionTables:
    """What the tables hold.

    Attributes:
        patients: that can be assessed, sorted by id.
        problems: of patients, refused or told.
        reported: rows `patient_id, visit, test, response, criteria` of RS: TRGRESP, NTRGRESP, OVRLRESP, BESTRESP.
        follow_up: patient -> death and other treatment.
        outcomes: reported times.
    """

    patients: tuple[PatientLesions, ...]
    problems: tuple[Problem, ...]
    reported: pd.DataFrame
    follow_up: Mapping[str, FollowUp] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()


def read_lesion_tables(paths: Sequence[Path], reading: Reading | None = None) -> LesionTables:
    """Read every table, each known by its columns; one bad patient does not keep the others.

    Raises:
        InputError: a table of no known kind, none with lesions, sizes that look like centimetres, days that look like
            weeks or months, several readers' measurements without a choice.
    """
    reading = reading or Reading()
    tables = [(path, _table(path)) for path in paths]
    sdtm = [table for _, table in tables if is_sdtm(table)]
    frames = [lesions_of(sdtm, reading.evaluator)] if sdtm else []
    follow_ups: list[pd.DataFrame] = []
    problems: list[Problem] = []
    for path, table in tables:
        if is_sdtm(table):
            continue
        if {"patient_id", "lesion_id"} <= set(table.columns):
            frames.append(table)
        elif is_follow_up(table):
            follow_ups.append(table)
        else:
            raise _unknown(path, table)
    rows, origins = long_rows(frames, reading.size_unit, reading.time_unit)
    follow_up, outcomes = read_follow_up(follow_ups, origins, problems, reading.time_unit)
    refused = {one.patient_id for one in problems if one.is_refused}
    starts = {name: one.start_day for name, one in follow_up.items()}
    made = [_patient(name, mine, reading, problems, starts.get(name, 0.0)) for name, mine in rows.items()]
    patients = tuple(one for one in made if one is not None and one.patient_id not in refused)
    strangers = sorted((set(follow_up) | refused) - set(rows))
    problems += [Problem(name, "unknown_patient", "in follow-up only", False) for name in strangers]
    n_small = sum(one.code == "targets_below_10_mm" for one in problems)
    need_mm(n_small, n_small + len(patients))
    need_days(patients)
    return LesionTables(patients, tuple(problems), reported_of(sdtm, reading.evaluator), follow_up, outcomes)


def _patient(
    patient_id: str, rows: Sequence[LesionRow], reading: Reading, problems: list[Problem], start_day: float
) -> PatientLesions | None:
    try:
        patient, told = patient_of(patient_id, rows)
    except RefusedError as refusal:
        problems.append(Problem(patient_id, refusal.code, refusal.detail))
        return None
    found = [*told, *baseline_problems(patient, reading.is_strict, start_day), *size_problems(patient)]
    problems.extend(found)
    return None if any(one.is_refused for one in found) else patient


def _table(path: Path) -> pd.DataFrame:
    """One table as text; columns of spreadsheets in lower case, SDTM's as they are."""
    if not path.is_file():
        raise InputError("a table is not there", got=f"no {path}")
    if path.suffix.lower() == ".xpt":
        table = pd.read_sas(path, format="xport", encoding="utf-8").astype("object")
        table = table.map(_cell)
    else:
        with path.open(encoding="utf-8-sig", errors="replace") as handle:
            head = handle.readline()
        table = read_table(path, max(",;\t", key=head.count))
    if not is_sdtm(table):
        table.columns = [str(column).strip().lower().replace(" ", "_") for column in table.columns]
    return table


def _cell(value: object) -> str | None:
    if value is None or value != value or value == "":
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def _unknown(path: Path, table: pd.DataFrame) -> InputError:
    return InputError(
        f"{path.name} is no table of lesions",
        got=f"columns {', '.join(map(str, table.columns[:12]))}",
        expected="patient_id, lesion_id, kind, day or date, size_mm, status; SDTM TU, TR, RS; or follow-up",
        fix="rename the columns as in docs/recist.md",
    )
