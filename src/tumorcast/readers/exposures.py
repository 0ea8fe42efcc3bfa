"""Exposures from timelines: smoking, BMI, alcohol, diet, other drugs, each with its day and its source.

Rows of `EVENT_TYPE` EXPOSURE: `EXPOSURE` (see `KINDS`), `VALUE`, `UNIT`, `AGENT` (the drug, for comedication),
`SOURCE`, `BEFORE_TREATMENT` (yes: what has no day was so before the treatment began).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.exposure_units import QUANTITIES, amount
from tumorcast.readers.host import EXPOSURE_COLUMNS

KINDS = {
    "smoking_status": ("smoking", "smokingstatus", "tobacco", "tobaccostatus"),
    "pack_years": ("packyears", "packyear", "smokingpackyears"),
    "bmi": ("bmi", "bodymassindex"),
    "alcohol": ("alcohol", "alcoholintake", "ethanol"),
    "diet": ("diet",),
    "comedication": (
        "comedication",
        "comedications",
        "concomitantmedication",
        "concomitantdrug",
        "medication",
    ),
}
"""Kind of exposure -> how files may call it, without case and punctuation."""
SMOKING = {
    "never": ("never", "neversmoker", "nonsmoker", "lifelongnonsmoker"),
    "former": ("former", "formersmoker", "ex", "exsmoker", "past", "quit", "reformedsmoker"),
    "current": ("current", "currentsmoker", "active", "smoker"),
    "ever": ("ever", "eversmoker", "currentformer", "formercurrent", "currentorformer"),
}
_REFORMED = ("currentreformedsmoker", "reformedsmoker")
"""TCGA's `Current Reformed Smoker for > 15 yrs`: one who stopped."""
DIETS = ("omnivore", "vegetarian", "vegan", "mediterranean", "ketogenic", "high fibre")
NO_DRUG = "none"
"""Stands for a list of drugs that was asked for and is empty."""
_NAMES = {
    "EXPOSURE": ("EXPOSURE", "EXPOSURE_TYPE", "SUBTYPE"),
    "VALUE": ("VALUE", "RESULT"),
    "UNIT": ("UNIT", "UNITS"),
}
_UNKNOWN = {"", "unknown", "notrecorded", "notknown", "na"}
_YES = {"yes", "true", "1", "y"}
_NO = {"", "no", "false", "0", "n"}
_DOSE = re.compile(r"\s+\d.*$")
_BETWEEN_DRUGS = re.compile(r"[;,|+]|\band\b|\n")
_SCHEDULE = re.compile(
    r"(?:(?:once|twice|thrice|three times|daily|weekly|a|per|every|day|week|morning|night|at|in|the|with|meals?|as"
    r"|needed|if|prn|po|oral(?:ly)?|iv|sc|bd|bid|tds|tid|qds?|qid|od|om|on|mg|ug|g|ml|tablets?|capsules?|\d+)\b\s*)+"
)
"""What stands between commas and is no drug."""
_LONGEST_DAYS = 40_000
"""110 years; a larger number is a calendar date as a spreadsheet counts it."""


def exposures_of(timelines: pd.DataFrame, patients: pd.Index, report: list[Exclusion]) -> pd.DataFrame:
    """`EXPOSURE_COLUMNS`, one row a statement that can be used; every other row is reported with the reason. Which of
    two that contradict each other counts depends on the day that is asked about (`cohort.exposure_conflicts`).

    value: pack-years, BMI in kg/m2, alcohol in g/day; NaN for what is told in `text`: the status of smoking, the diet
    (one of `DIETS` or "other"), the drug (generic name as written, lower case, without its dose; `NO_DRUG`).

    Raises:
        InputError: rows of exposures in files that have no column for the kind or the value.
    """
    table = timelines[timelines["EVENT_TYPE"].str.startswith("EXPOSURE")]
    if table.empty:
        return pd.DataFrame(columns=list(EXPOSURE_COLUMNS))
    table = _named(table, timelines.columns)
    if "EXPOSURE" not in table or not {"VALUE", "AGENT"} & set(table.columns):
        raise InputError(
            "a timeline of exposures lacks columns", got=f"columns {', '.join(map(str, table.columns))}",
            expected="PATIENT_ID, START_DATE, STOP_DATE, EVENT_TYPE, EXPOSURE, VALUE, UNIT, AGENT, SOURCE",
        )  # fmt: skip
    is_known = table["PATIENT_ID"].isin(patients)
    if n_nobodys := int((table["PATIENT_ID"] == "").sum()):
        told = f"{n_nobodys} rows of exposures without PATIENT_ID"
        report.append(Exclusion("exposure", "timeline", "no_identifier", told))
    for patient in sorted(set(table.loc[~is_known, "PATIENT_ID"]) - {""}):
        report.append(Exclusion("patient", str(patient), "unknown_patient", "named in exposures only"))
    rows = []
    for record in table[is_known].astype(str).to_dict("records"):
        try:
            rows += list(_rows({str(name): text.strip() for name, text in record.items()}))
        except InputError as error:
            expected = f", expected {error.expected}" if error.expected else ""
            told = f"{error.what}: {error.got}{expected}"
            report.append(Exclusion("exposure", record["PATIENT_ID"], "not_usable", told))
    made = pd.DataFrame(rows, columns=list(EXPOSURE_COLUMNS)).astype({"value": float, "day": float})
    return made.astype({"stop_day": float, "is_before": bool}).drop_duplicates().reset_index(drop=True)


def _named(table: pd.DataFrame, known: pd.Index) -> pd.DataFrame:
    """Columns by one name, "" for no value; one that only other events fill stays, empty."""
    table = table.dropna(axis=1, how="all").fillna("")
    for name, others in (*_NAMES.items(), ("AGENT", ("AGENT",)), ("PATIENT_ID", ("PATIENT_ID",))):
        found = next((other for other in others if other in table), None)
        if found:
            table = table.rename(columns={found: name})
        elif set(others) & set(known):
            table[name] = ""
    return table


def _rows(record: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """The statements of one row; none where it says that nothing is known."""
    kind = _one_of(record["EXPOSURE"], KINDS)
    if kind is None:
        raise InputError("unknown kind of exposure", got=record["EXPOSURE"], expected=", ".join(KINDS))
    start, stop = (_day(record.get(name, "")) for name in ("START_DATE", "STOP_DATE"))
    if stop < start:
        raise InputError(f"{kind}: stops before it starts", got=f"{start:g} to {stop:g}")
    before = record.get("BEFORE_TREATMENT", "").lower()
    if before not in _YES | _NO:
        raise InputError("BEFORE_TREATMENT is neither yes nor no", got=before)
    text, shared = record.get("VALUE", ""), (record.get("SOURCE", ""), before in _YES)
    if kind == "comedication":
        for drug in _drugs(record.get("AGENT", "") or text):
            yield (record["PATIENT_ID"], start, stop, kind, float("nan"), drug, *shared)
    elif _plain(text) not in _UNKNOWN:
        value = amount(kind, text, record.get("UNIT", "")) if kind in QUANTITIES else float("nan")
        word = "" if kind in QUANTITIES else _word(kind, text)
        yield (record["PATIENT_ID"], start, stop, kind, value, word, *shared)


def _word(kind: str, text: str) -> str:
    if kind == "diet":
        return next((diet for diet in DIETS if _plain(diet) == _plain(text)), "other")
    status = "former" if _plain(text).startswith(_REFORMED) else _one_of(text, SMOKING)
    if status is None:
        raise InputError(
            "smoking_status: not understood", got=text, expected="never, former, current or ever"
        )
    return status


def _drugs(text: str) -> list[str]:
    names = [_DOSE.sub("", part.strip()) for part in _BETWEEN_DRUGS.split(text.lower())]
    is_drug = [_plain(name) not in _UNKNOWN and not _SCHEDULE.fullmatch(name) for name in names]
    found = list(dict.fromkeys(name for name, is_one in zip(names, is_drug, strict=True) if is_one))
    if not found and text:
        return []
    if not found:
        raise InputError("comedication: no drug is named", got="an empty AGENT", expected="a drug, or none")
    return [NO_DRUG if name in ("none", "no drugs", "nil") else name for name in found]


def _day(text: str) -> float:
    """A day on the study's clock, NaN where none is given."""
    if _plain(text) in _UNKNOWN:
        return float("nan")
    expected = "a number of days since diagnosis, as in every timeline"
    try:
        day = float(text)
    except ValueError:
        raise InputError("a day that is no number", got=text, expected=expected) from None
    if not abs(day) < _LONGEST_DAYS:
        raise InputError("a day that is not believed", got=text, expected=expected)
    return day


def _one_of(text: str, known: dict[str, tuple[str, ...]]) -> str | None:
    return next((name for name, words in known.items() if _plain(text) in words), None)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
