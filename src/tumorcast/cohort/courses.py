"""Treatment timeline -> one row per course, with its labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from tumorcast.biology.drugs import normalise_agents
from tumorcast.cohort.labels import RESPONSE_COLUMNS, ordinal_of, response_of, survival_endpoint, survival_of
from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Study

SITE_COLUMNS = ("SITE", "CENTER", "CENTRE", "INSTITUTE", "TISSUE_SOURCE_SITE", "COHORT")
_NOT_A_DRUG = ("RADI", "SURG")


def course_table(study: Study, endpoint: str = "auto", survival: str = "auto") -> pd.DataFrame:
    """One row per course, index `course_id` (`PATIENT-L1`, numbered by start).

    Rows of the timeline with the same LINE, or where that is missing the same start day, are one course. A
    patient without a drug record has one course of unknown regimen and start. Labels in the timeline belong
    to their course; labels in the patient table to the patient's first.

    Columns: patient_id, site, regimen, agents (tuple of names), agent_classes (tuple), line, start_day,
    response, ordinal, time_days, is_event (floats, NaN unknown).
    """
    drugs = _drug_records(study.treatments)
    by_patient = dict(tuple(drugs.groupby("patient_id", sort=False)))
    rows = [
        row
        for patient_id in study.patients.index
        for row in _courses_of(str(patient_id), by_patient.get(patient_id), study.patients.loc[patient_id])
    ]
    raw = pd.DataFrame(rows)
    chosen = _endpoint(raw, endpoint)
    records = raw["labels"].tolist()
    table = raw.drop(columns="labels").set_index("course_id")
    table["response"] = [response_of(r, chosen) if chosen else math.nan for r in records]
    table["ordinal"] = [ordinal_of(r) for r in records]
    stem = survival_endpoint(records) if survival == "auto" else survival
    times = [survival_of(r, stem) for r in records]
    table["time_days"], table["is_event"] = [t for t, _ in times], [e for _, e in times]
    return table


def _drug_records(treatments: pd.DataFrame) -> pd.DataFrame:
    if treatments.empty:
        return treatments
    kind = treatments["treatment_type"].fillna("").astype(str).str.upper()
    return treatments[~kind.str.contains("|".join(_NOT_A_DRUG))]


def _courses_of(
    patient_id: str, records: pd.DataFrame | None, patient: pd.Series
) -> Iterator[dict[str, Any]]:
    site = next((str(patient[c]) for c in SITE_COLUMNS if c in patient and pd.notna(patient[c])), "")
    if records is None or records.empty:
        regimen = _text_of(patient.get("REGIMEN"))
        yield _course(patient_id, 1, site, regimen, [regimen], math.nan, math.nan, _labels(patient))
        return
    key = [
        f"line {line:g}" if pd.notna(line) else f"day {day}"
        for line, day in zip(records["line"], records["start_day"], strict=True)
    ]
    groups = sorted((group for _, group in records.groupby(key)), key=lambda g: _first(g["start_day"]))
    for number, group in enumerate(groups, start=1):
        labels = _labels(patient) if number == 1 else {}
        own = {str(c): v for c in group.columns if c.isupper() and pd.notna(v := group[c].bfill().iloc[0])}
        agents = [text for text in group["agent"].map(_text_of) if text]
        regimens = [text for text in group["regimen"].map(_text_of) if text]
        regimen = regimens[0] if regimens else " + ".join(dict.fromkeys(agents))
        line = group["line"].iloc[0] if pd.notna(group["line"].iloc[0]) else float(number)
        start = group["start_day"].min()
        yield _course(patient_id, number, site, regimen, agents or regimens, line, start, {**labels, **own})


def _labels(patient: pd.Series) -> dict[str, Any]:
    return {str(name): value for name, value in patient.items()}


def _course(
    patient_id: str, number: int, site: str, regimen: str, drugs: list[str], line: float, start: float,
    labels: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    agents = [agent for text in drugs if text for agent in normalise_agents(text)]
    return {
        "course_id": f"{patient_id}-L{number}", "patient_id": patient_id, "site": site, "regimen": regimen,
        "agents": tuple(sorted({a.name for a in agents})),
        "agent_classes": tuple(sorted({a.cls for a in agents})),
        "line": float(line), "start_day": float(start), "labels": labels,
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


def _first(days: pd.Series) -> float:
    start = days.min()
    return math.inf if pd.isna(start) else float(start)


def _text_of(value: object) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value).strip()
