"""Timelines: treatments, and when and how specimens were taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of, to_numbers
from tumorcast.readers.clinical import procedure_of
from tumorcast.readers.files import need_columns, read_table

TREATMENT_COLUMNS = ("patient_id", "start_day", "stop_day", "agent", "regimen", "line", "treatment_type")
_NAMES = {
    "PATIENT_ID": "patient_id", "START_DATE": "start_day", "STOP_DATE": "stop_day", "AGENT": "agent",
    "AGENTS": "agent", "DRUG_NAME": "agent", "REGIMEN": "regimen", "REGIMEN_NAME": "regimen",
    "LINE": "line", "LINE_OF_THERAPY": "line", "LINE_OF_TREATMENT": "line", "TREATMENT_TYPE": "treatment_type",
}  # fmt: skip
_EVENT_COLUMNS = ("PATIENT_ID", "START_DATE", "EVENT_TYPE")


def no_treatments() -> pd.DataFrame:
    """An empty treatment table."""
    return pd.DataFrame(columns=list(TREATMENT_COLUMNS))


def read_timelines(paths: Sequence[Path]) -> pd.DataFrame:
    """All timelines under one another, columns in upper case, `EVENT_TYPE` in upper case.

    In a file without `EVENT_TYPE` rows are treatments where it has a column of agents or treatment types,
    specimens where it has samples.

    Raises:
        InputError: a timeline without PATIENT_ID or START_DATE.
    """
    tables = []
    for path in paths:
        table = read_table(path)
        table.columns = [str(column).upper() for column in table.columns]
        need_columns(table, ("PATIENT_ID", "START_DATE"), path)
        if "EVENT_TYPE" not in table:
            is_treatment = any(column in table for column in ("AGENT", "TREATMENT_TYPE"))
            table["EVENT_TYPE"] = "TREATMENT" if is_treatment else "SPECIMEN" if "SAMPLE_ID" in table else ""
        tables.append(table.loc[:, ~table.columns.duplicated()])
    timelines = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(_EVENT_COLUMNS))
    timelines["EVENT_TYPE"] = timelines["EVENT_TYPE"].fillna("").astype(str).str.upper()
    return timelines


def treatments_of(timelines: pd.DataFrame, patients: pd.Index, report: list[Exclusion]) -> pd.DataFrame:
    """One row a treatment record; columns other than the known ones keep their name in upper case."""
    table = timelines[timelines["EVENT_TYPE"].str.contains("TREATMENT")]
    if table.empty:
        return no_treatments()
    table = table.drop(columns="EVENT_TYPE").dropna(axis=1, how="all").drop_duplicates()
    names = {theirs: ours for theirs, ours in _NAMES.items() if theirs in table}
    table = table.rename(columns={t: o for t, o in names.items() if t == _first_of(o, table)})
    is_known = table["patient_id"].isin(patients)
    for patient in sorted(set(table.loc[~is_known, "patient_id"].dropna())):
        report.append(Exclusion("patient", str(patient), "unknown_patient", "named in treatments only"))
    table = table[is_known].reset_index(drop=True)
    for column in TREATMENT_COLUMNS:
        if column not in table:
            table[column] = None
    table["line"] = table["line"].astype("str").str.extract(r"(\d+(?:\.\d+)?)", expand=False)
    for day in ("start_day", "stop_day"):
        table[day] = _days(table[day], table["patient_id"], "patient", report)
    table["line"] = pd.to_numeric(table["line"], errors="coerce").astype(float)
    for column in ("agent", "regimen", "treatment_type"):
        table[column] = table[column].fillna("").astype(str)
    rest = [column for column in table.columns if column not in TREATMENT_COLUMNS]
    return pd.concat([table[list(TREATMENT_COLUMNS)], to_numbers(table[rest], report)], axis=1)


def _first_of(name: str, table: pd.DataFrame) -> str:
    """The first of the file's columns that stand for one of ours."""
    return next(theirs for theirs, ours in _NAMES.items() if ours == name and theirs in table)


def add_specimens(samples: pd.DataFrame, timelines: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """The sample table with collected_day and procedure from specimen events, where they have them."""
    table = timelines[timelines["EVENT_TYPE"].str.contains("SPECIMEN|SAMPLE|BIOPSY")]
    if "SAMPLE_ID" not in table or table.empty:
        return samples
    table = table[table["SAMPLE_ID"].isin(samples.index)].drop_duplicates("SAMPLE_ID").set_index("SAMPLE_ID")
    made = samples.copy()
    days = _days(table["START_DATE"], table.index.to_series(), "sample", report)
    made["collected_day"] = days.reindex(made.index).fillna(made["collected_day"]).astype(float)
    told = [c for c in ("PROCEDURE", "SPECIMEN_TYPE", "SPECIMEN_SITE", "SAMPLE_TYPE") if c in table]
    if told:
        procedure = table[told].fillna("").agg(" ".join, axis=1).map(procedure_of)
        known = procedure[procedure != "unknown"].reindex(made.index)
        made["procedure"] = known.fillna(made["procedure"])
    return made


def _days(text: pd.Series, owners: pd.Series, kind: str, report: list[Exclusion]) -> pd.Series:
    """Days as numbers; what is not a finite number of days (a calendar date, say) is unknown and reported."""
    days = numbers_of(text.where(text.notna(), None), CellCounts())
    for row in days.index[days.isna() & text.notna()]:
        report.append(
            Exclusion(kind, str(owners[row]), "date_unreadable", f"'{text[row]}' is no number of days")
        )
    return days
