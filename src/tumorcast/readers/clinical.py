"""Clinical patient and sample tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import to_numbers
from tumorcast.readers.files import bare, comment_lines, need_columns, read_table

_DAY_COLUMNS = ("COLLECTED_DAY", "SAMPLE_COLLECTION_DAY", "DAYS_TO_COLLECTION")
_PROCEDURE_COLUMNS = ("PROCEDURE", "SPECIMEN_TYPE", "SAMPLE_COLLECTION_METHOD")
_BIOPSY_WORDS = ("BIOPSY", "CORE", "NEEDLE", "PUNCH")
_RESECTION_WORDS = ("RESECTION", "EXCISION", "SURGICAL", "ECTOMY")
_TYPES = {"STRING", "NUMBER", "BOOLEAN"}


def read_patients(path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """Index patient_id; duplicate rows merged where equal, excluded and reported where they conflict."""
    table = read_table(path)
    need_columns(table, ("PATIENT_ID",), path)
    table = _one_row_each(table, "PATIENT_ID", "patient", report)
    return to_numbers(table, report, declared_types(path)).rename_axis("patient_id")


def patients_of(path: Path) -> pd.DataFrame:
    """The patients that a sample table names, without columns, for studies without a patient table."""
    table = read_table(path)
    need_columns(table, ("PATIENT_ID",), path)
    return pd.DataFrame(index=pd.Index(table["PATIENT_ID"].dropna().unique(), name="patient_id"))


def read_samples(path: Path, patients: pd.Index, report: list[Exclusion]) -> pd.DataFrame:
    """Index sample_id, with patient_id, collected_day and procedure first; samples of unknown patients are
    left out and reported."""
    table = read_table(path)
    need_columns(table, ("SAMPLE_ID", "PATIENT_ID"), path)
    table = _one_row_each(table, "SAMPLE_ID", "sample", report)
    is_known = table["PATIENT_ID"].isin(patients)
    for sample_id, patient_id in table.loc[~is_known, "PATIENT_ID"].items():
        report.append(Exclusion("sample", str(sample_id), "unknown_patient", f"patient {patient_id}"))
    types = declared_types(path) | {"PATIENT_ID": "STRING"}
    table = to_numbers(table[is_known], report, types).rename_axis("sample_id")
    days = next((table[c] for c in _DAY_COLUMNS if c in table), pd.Series(float("nan"), table.index))
    words = next((table[c] for c in _PROCEDURE_COLUMNS if c in table), pd.Series("", table.index))
    rest = table.drop(columns=["PATIENT_ID"])
    rest.insert(0, "patient_id", table["PATIENT_ID"].astype(str))
    rest.insert(1, "collected_day", pd.to_numeric(days, errors="coerce").astype(float))
    rest.insert(2, "procedure", [procedure_of(word) for word in words])
    return rest


def declared_types(path: Path) -> dict[str, str]:
    """Column -> STRING, NUMBER or BOOLEAN from the `#` lines above the header; empty where none says so."""
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        lines = [next(handle, "").rstrip("\r\n") for _ in range(comment_lines(path) + 1)]
    names = [bare(name) for name in lines[-1].split("\t")]
    for line in lines[:-1]:
        words = [bare(word).upper() for word in line.removeprefix("#").split("\t")]
        if set(words) <= _TYPES and len(words) == len(names):
            return dict(zip(names, words, strict=True))
    return {}


def procedure_of(words: object) -> str:
    """ "biopsy", "resection" or "unknown" from a specimen's description."""
    text = str(words).upper()
    if any(word in text for word in _BIOPSY_WORDS):
        return "biopsy"
    return "resection" if any(word in text for word in _RESECTION_WORDS) else "unknown"


def _one_row_each(table: pd.DataFrame, key: str, kind: str, report: list[Exclusion]) -> pd.DataFrame:
    nameless = table[key].isna()
    if nameless.any():
        report.append(Exclusion(kind, "", "no_identifier", f"{int(nameless.sum())} rows without {key}"))
    table = table[~nameless].drop_duplicates()
    is_conflict = table[key].duplicated(keep=False)
    for name in sorted(set(table.loc[is_conflict, key])):
        report.append(Exclusion(kind, str(name), "conflicting_rows", f"rows of {key} {name} differ"))
    return table[~is_conflict].set_index(key)
