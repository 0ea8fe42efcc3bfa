"""Treatment timeline -> one row per course, with its labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from tumorcast.cohort.drugs import Drug, drugs_of_record, treatment_columns
from tumorcast.cohort.labels import (
    OTHER_EVENT,
    OTHER_TIME,
    RESPONSE_COLUMNS,
    ordinal_of,
    other_endpoint,
    response_of,
    size_of,
    survival_endpoint,
    survival_of,
)
from tumorcast.cohort.survival_check import check_times
from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Study

SITE_COLUMNS = ("SITE", "CENTER", "CENTRE", "INSTITUTE", "TISSUE_SOURCE_SITE", "COHORT")
Record = dict[str, Any]
_NOT_A_DRUG = ("RADI", "SURG")


def course_table(study: Study, endpoint: str = "auto", survival: str = "auto") -> pd.DataFrame:
    """One row per course, index `course_id` (`PATIENT-L1`, numbered by start).

    Rows of the timeline with the same LINE, or where that is missing the same start day, are one course. A
    patient without a drug record has one course of unknown regimen and start. Labels in the timeline belong
    to their course; labels in the patient table to the patient's first.

    Columns: patient_id, site, regimen, agents (tuple of names), agent_classes (tuple), drugs (tuple of `Drug.to_text`),
    line, start_day, response, ordinal, time_days, is_event, size_change (floats, NaN unknown), other_time_days,
    other_is_event (of `labels.other_endpoint`); `attrs["survival"]`: to which event the times are, `attrs["late"]`:
    courses whose time was left out, for their progression is later than the end of the patient.
    """
    raw = pd.DataFrame(_rows(study))
    chosen = _endpoint(raw, endpoint)
    records = raw["labels"].tolist()
    table = raw.drop(columns="labels").set_index("course_id")
    table["response"] = [response_of(r, chosen) if chosen else math.nan for r in records]
    table["ordinal"] = [ordinal_of(r) for r in records]
    stem = survival_endpoint(records) if survival == "auto" else survival
    names = (stem, "time_days", "is_event"), (other_endpoint(stem), OTHER_TIME, OTHER_EVENT)
    late: frozenset[int] = frozenset()
    for name, time, event in names:
        gone = check_times(table["patient_id"].tolist(), records, name)
        late = gone if name == stem else late
        times = [(math.nan, math.nan) if k in gone else survival_of(r, name) for k, r in enumerate(records)]
        table[time], table[event] = [t for t, _ in times], [e for _, e in times]
    table.attrs["late"] = [str(table.index[k]) for k in sorted(late)]
    table.attrs["survival"] = stem
    return table


def course_labels(study: Study) -> dict[str, Record]:
    """What the study's columns say of each course, by course, as `course_table` numbers them."""
    return {row["course_id"]: row["labels"] for row in _rows(study)}


def _rows(study: Study) -> list[Record]:
    by_patient: dict[Any, list[Record]] = {}
    for record in _records(drug_records(study.treatments)):
        by_patient.setdefault(record["patient_id"], []).append(record)
    return [
        row
        for patient_id, patient in zip(study.patients.index, _records(study.patients), strict=True)
        for row in _courses_of(str(patient_id), by_patient.get(patient_id, []), patient)
    ]


def drug_records(treatments: pd.DataFrame) -> pd.DataFrame:
    """Rows of a treatment timeline that are no radiotherapy and no surgery."""
    if treatments.empty:
        return treatments
    kind = treatments["treatment_type"].fillna("").astype(str).str.upper()
    return treatments[~kind.str.contains("|".join(_NOT_A_DRUG))]


def _records(table: pd.DataFrame) -> list[Record]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _courses_of(patient_id: str, records: list[Record], patient: Record) -> Iterator[Record]:
    site = next((str(patient[c]) for c in SITE_COLUMNS if c in patient and pd.notna(patient[c])), "")
    if not records:
        regimen = _text_of(patient.get("REGIMEN"))
        yield _course(
            patient_id,
            1,
            site,
            regimen,
            drugs_of_record(regimen, {}),
            math.nan,
            math.nan,
            patient,
            size_of([patient]),
        )
        return
    of_key: dict[str, list[Record]] = {}
    for record in records:
        line, day = record["line"], record["start_day"]
        of_key.setdefault(f"line {line:g}" if pd.notna(line) else f"day {day}", []).append(record)
    groups = sorted((group for _, group in sorted(of_key.items())), key=_first)
    for number, group in enumerate(groups, start=1):
        own = {
            name: next(record[name] for record in group if pd.notna(record[name]))
            for name in group[0]
            if name.isupper() and any(pd.notna(record[name]) for record in group)
        }
        agents = [text for record in group if (text := _text_of(record["agent"]))]
        column = "agent" if agents else "regimen"
        regimens = [text for record in group if (text := _text_of(record["regimen"]))]
        regimen = regimens[0] if regimens else " + ".join(dict.fromkeys(agents))
        line = group[0]["line"] if pd.notna(group[0]["line"]) else float(number)
        start = _first(group)
        start = math.nan if math.isinf(start) else start
        labels = {**(patient if number == 1 else {}), **own}
        drugs = _drugs_of(group, column)
        size = size_of([*group, labels])
        yield _course(patient_id, number, site, regimen, drugs, line, start, labels, size)


def _drugs_of(group: list[Record], column: str) -> list[Drug]:
    """Every drug of a course; the plan from rows of its first day alone, for a later row tells what happened since.

    Where no row has a day, a row tells the plan only if no other row names a drug of it.
    """
    start = _first(group)
    named = [drugs_of_record(_text_of(record[column]), {}) for record in group]
    often = Counter(name for drugs in named for name in {drug.name for drug in drugs})
    made = []
    for record, drugs in zip(group, named, strict=True):
        is_first = (
            record["start_day"] == start
            if math.isfinite(start)
            else all(often[drug.name] == 1 for drug in drugs)
        )
        made += drugs_of_record(_text_of(record[column]), record) if is_first else drugs
    return made


def _course(
    patient_id: str, number: int, site: str, regimen: str, drugs: list[Drug], line: float, start: float,
    labels: Record, size: float,
) -> Record:  # fmt: skip
    return {
        "course_id": f"{patient_id}-L{number}", "patient_id": patient_id, "site": site, "regimen": regimen,
        **treatment_columns(drugs),
        "line": float(line), "start_day": float(start), "labels": labels, "size_change": size,
    }  # fmt: skip


def _endpoint(raw: pd.DataFrame, endpoint: str) -> str | None:
    """The endpoint to use: as told, or the first of the known ones that any course has."""
    has = [
        name
        for name in RESPONSE_COLUMNS
        if any(not math.isnan(response_of(record, name)) for record in raw["labels"])
    ]
    if endpoint == "auto":
        return has[0] if has else None
    if endpoint not in has:
        raise InputError(
            f"no course has a usable label for the endpoint '{endpoint}'",
            got=f"endpoints with labels: {', '.join(has) or 'none'}",
            expected=f"one of the columns {', '.join(RESPONSE_COLUMNS[endpoint])}",
            fix="set data.endpoint, or model.heads=[survival] where only times are known",
        )
    return endpoint


def _first(records: list[Record]) -> float:
    """The earliest start day; infinite where none is known."""
    return min((float(r["start_day"]) for r in records if pd.notna(r["start_day"])), default=math.inf)


def _text_of(value: object) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value).strip()
