"""Timelines: treatments, and when and how specimens were taken."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.clinical import procedure_of
from tumorcast.readers.files import need_columns, read_table, to_numbers

TREATMENT_COLUMNS = ("patient_id", "start_day", "stop_day", "agent", "regimen", "line", "treatment_type")
_NAMES = {
    "PATIENT_ID": "patient_id", "START_DATE": "start_day", "STOP_DATE": "stop_day", "AGENT": "agent",
    "REGIMEN": "regimen", "LINE": "line", "LINE_OF_THERAPY": "line", "TREATMENT_TYPE": "treatment_type",
}  # fmt: skip
_NUMBERS = ("start_day", "stop_day", "line")


def no_treatments() -> pd.DataFrame:
    """An empty treatment table."""
    return pd.DataFrame(columns=list(TREATMENT_COLUMNS))


def read_treatments(path: Path, patients: pd.Index, report: list[Exclusion]) -> pd.DataFrame:
    """One row a record; columns other than the known ones keep their name in upper case."""
    table = read_table(path)
    need_columns(table, ("PATIENT_ID", "START_DATE"), path)
    table.columns = [str(column).upper() for column in table.columns]
    table = table.drop(columns=[c for c in ("EVENT_TYPE",) if c in table])
    table = table.rename(columns=_NAMES)
    table = table.loc[:, ~table.columns.duplicated()]
    is_known = table["patient_id"].isin(patients)
    for patient in sorted(set(table.loc[~is_known, "patient_id"].dropna())):
        report.append(Exclusion("patient", str(patient), "unknown_patient", f"named in {path.name} only"))
    table = table[is_known].reset_index(drop=True)
    for column in TREATMENT_COLUMNS:
        if column not in table:
            table[column] = None
    for column in _NUMBERS:
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
    for column in ("agent", "regimen", "treatment_type"):
        table[column] = table[column].fillna("").astype(str)
    rest = [column for column in table.columns if column not in TREATMENT_COLUMNS]
    return pd.concat([table[list(TREATMENT_COLUMNS)], to_numbers(table[rest])], axis=1)


def add_specimens(samples: pd.DataFrame, path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """The sample table with collected_day and procedure from the specimen timeline, where it has them."""
    table = read_table(path)
    need_columns(table, ("SAMPLE_ID", "START_DATE"), path)
    table = table[table["SAMPLE_ID"].isin(samples.index)].drop_duplicates("SAMPLE_ID").set_index("SAMPLE_ID")
    made = samples.copy()
    days = pd.to_numeric(table["START_DATE"], errors="coerce")
    made["collected_day"] = days.reindex(made.index).fillna(made["collected_day"]).astype(float)
    told = [c for c in ("PROCEDURE", "SPECIMEN_TYPE", "SPECIMEN_SITE", "SAMPLE_TYPE") if c in table]
    if told:
        procedure = table[told].fillna("").agg(" ".join, axis=1).map(procedure_of)
        known = procedure[procedure != "unknown"].reindex(made.index)
        made["procedure"] = known.fillna(made["procedure"])
    undated = [str(sample) for sample in days.index[days.isna() & table["START_DATE"].notna()]]
    report.extend(Exclusion("sample", sample, "date_unreadable", path.name) for sample in undated)
    return made
