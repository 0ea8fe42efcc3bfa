"""Laboratory values from timelines: known analytes under one name, in one unit.

Conversions: SI to conventional units by molar mass (albumin g/L = 10 g/dL; haemoglobin 1 g/dL = 10 g/L; creatinine
1 mg/dL = 88.42 umol/L; bilirubin 1 mg/dL = 17.1 umol/L; calcium 1 mg/dL = 0.2495 mmol/L; Iverson et al., AMA Manual
of Style, 11th ed., 2020). Plausible ranges are wide bounds of what a living patient can have, not reference ranges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of

LABORATORY_COLUMNS = ("patient_id", "day", "analyte", "value")
_EVENTS = "LAB"
_NAME_COLUMNS = ("TEST", "LAB_TEST", "TEST_NAME", "SUBTYPE", "ANALYTE")
_VALUE_COLUMNS = ("RESULT", "VALUE", "LAB_VALUE", "TEST_RESULT")
_UNIT_COLUMNS = ("UNIT", "UNITS", "RESULT_UNITS", "UNIT_MEASUREMENT", "LR_UNIT_MEASURE")


@dataclass(frozen=True)
class Analyte:
    """A laboratory value: its unit, factors of other units to it, and what a patient can have at all."""

    unit: str
    factors: dict[str, float]
    lowest: float
    highest: float


_CELLS = {"10^9/l": 1.0, "k/ul": 1.0, "k/mcl": 1.0, "10^3/ul": 1.0, "/ul": 1e-3, "/mm3": 1e-3, "10^6/l": 1e-3}
ANALYTES: dict[str, Analyte] = {
    "albumin": Analyte("g/L", {"g/l": 1, "g/dl": 10, "umol/l": 0.0665}, 8, 70),
    "neutrophils": Analyte("10^9/L", _CELLS, 0, 200),
    "lymphocytes": Analyte("10^9/L", _CELLS, 0, 500),
    "platelets": Analyte("10^9/L", _CELLS, 0, 3000),
    "leukocytes": Analyte("10^9/L", _CELLS, 0, 1000),
    "haemoglobin": Analyte("g/L", {"g/l": 1, "g/dl": 10, "mmol/l": 16.11}, 20, 250),
    "ldh": Analyte("U/L", {"u/l": 1, "iu/l": 1, "ukat/l": 60}, 20, 30_000),
    "creatinine": Analyte("umol/L", {"umol/l": 1, "mg/dl": 88.42}, 5, 3000),
    "bilirubin": Analyte("umol/L", {"umol/l": 1, "mg/dl": 17.1}, 0.5, 1000),
    "alp": Analyte("U/L", {"u/l": 1, "iu/l": 1, "ukat/l": 60}, 5, 10_000),
    "calcium": Analyte("mmol/L", {"mmol/l": 1, "mg/dl": 0.2495}, 0.8, 6),
    "crp": Analyte("mg/L", {"mg/l": 1, "mg/dl": 10}, 0, 800),
}
"""Analytes that prognostic and response scores are made of (LORIS, LIPI, GRIm, Khorana)."""
_SYNONYMS = {
    "alb": "albumin", "albuminserum": "albumin", "anc": "neutrophils", "neut": "neutrophils",
    "neutrophil": "neutrophils", "absoluteneutrophilcount": "neutrophils", "neutrophilsabsolute": "neutrophils",
    "alc": "lymphocytes", "lymphocyte": "lymphocytes", "lymph": "lymphocytes", "absolutelymphocytecount": "lymphocytes",
    "lymphocytesabsolute": "lymphocytes", "plt": "platelets", "platelet": "platelets", "plateletcount": "platelets",
    "wbc": "leukocytes", "whitebloodcells": "leukocytes", "leucocytes": "leukocytes", "hgb": "haemoglobin",
    "hb": "haemoglobin", "hemoglobin": "haemoglobin", "lactatedehydrogenase": "ldh", "creat": "creatinine",
    "bilirubintotal": "bilirubin", "totalbilirubin": "bilirubin", "alkalinephosphatase": "alp", "ca": "calcium",
    "creactiveprotein": "crp",
}  # fmt: skip


def laboratory_of(timelines: pd.DataFrame, patients: pd.Index, report: list[Exclusion]) -> pd.DataFrame:
    """`patient_id`, `day`, `analyte`, `value` of every laboratory event, in the unit of `ANALYTES`.

    Tests outside `ANALYTES` keep their name and value, where the cohort has one unit of them. A known analyte without
    a unit is taken in the unit in which its median is plausible, said in the report; implausible values and unknown
    units are left out and counted.
    """
    table = timelines[timelines["EVENT_TYPE"].str.startswith(_EVENTS)]
    name, value, unit = (_first(table, c) for c in (_NAME_COLUMNS, _VALUE_COLUMNS, _UNIT_COLUMNS))
    if table.empty or name is None or value is None:
        return pd.DataFrame(columns=list(LABORATORY_COLUMNS))
    counts = CellCounts()
    made = pd.DataFrame(
        {
            "patient_id": table["PATIENT_ID"],
            "day": pd.to_numeric(table["START_DATE"], errors="coerce"),
            "analyte": table[name].fillna("").map(_analyte),
            "value": numbers_of(table[value], counts),
            "unit": (table[unit] if unit else pd.Series("", index=table.index)).fillna("").map(_unit),
        }
    )
    counts.tell("laboratory", report)
    is_known = made["patient_id"].isin(patients) & made[["day", "value"]].notna().all(axis=1)
    made = made[is_known & (made["analyte"] != "")]
    parts = [_in_one_unit(str(one), rows, report) for one, rows in made.groupby("analyte")]
    if not parts:
        return pd.DataFrame(columns=list(LABORATORY_COLUMNS))
    return pd.concat(parts)[list(LABORATORY_COLUMNS)].reset_index(drop=True)


def _first(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in table and table[name].notna().any()), None)


def _analyte(text: str) -> str:
    bare = re.sub(r"[^a-z0-9]", "", text.lower())
    return _SYNONYMS.get(bare, bare)


def _unit(text: str) -> str:
    bare = re.sub(r"\s", "", text.lower()).replace("μ", "u").replace("µ", "u").replace("mcl", "ul")
    return re.sub(r"^(?:x|\*)?10(?:e|\*\*|\*|\^)?(\d)", r"10^\1", bare).replace("mc", "u")


def _in_one_unit(analyte: str, rows: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    known = ANALYTES.get(analyte)
    if known is None:
        return _in_commonest_unit(analyte, rows, report)
    unit = rows["unit"].where(rows["unit"] != "", _judged_unit(analyte, known, rows, report))
    factor = unit.map(known.factors)
    value = rows["value"] * factor
    is_odd = factor.isna() | ~value.between(known.lowest, known.highest)
    if is_odd.any():
        units = ", ".join(sorted(set(unit[factor.isna()]))) or "none"
        told = (
            f"{int(is_odd.sum())} values outside {known.lowest:g} to {known.highest:g} {known.unit} "
            f"or in an unknown unit ({units}) left out"
        )
        report.append(Exclusion("value", analyte, "implausible", told))
    return rows.assign(value=value)[~is_odd]


def _judged_unit(analyte: str, known: Analyte, rows: pd.DataFrame, report: list[Exclusion]) -> str:
    """For values without a unit: the first in which their median is plausible; "" where there is none."""
    bare = rows.loc[rows["unit"] == "", "value"]
    if bare.empty:
        return ""
    median = float(np.median(bare))
    judged = next((u for u, f in known.factors.items() if known.lowest <= median * f <= known.highest), "")
    told = f"{len(bare)} values without a unit taken as {judged or 'unusable'} (median {median:g})"
    report.append(Exclusion("value", analyte, "unit_judged", told))
    return judged


def _in_commonest_unit(analyte: str, rows: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    commonest = rows["unit"].mode().iloc[0]
    is_other = rows["unit"] != commonest
    if is_other.any():
        told = f"{int(is_other.sum())} values in other units than {commonest or 'none'} left out"
        report.append(Exclusion("value", analyte, "other_unit", told))
    return rows[~is_other]
