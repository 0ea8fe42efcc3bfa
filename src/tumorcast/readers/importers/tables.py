"""What importers of published tables share: the table as numbers, times, statuses, one course a patient."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import to_numbers
from tumorcast.readers.files import need_columns, read_table
from tumorcast.readers.study import Study

DAYS_PER_MONTH = 365.25 / 12
RESPONDERS = ("CR", "PR")
_WORDS = {"OS": ("1:DECEASED", "0:LIVING"), "DSS": ("1:DEAD WITH TUMOR", "0:ALIVE OR DEAD TUMOR FREE")}
_ROUNDING_DAYS = 0.01


def read_source(
    path: Path,
    needed: tuple[str, ...],
    report: list[Exclusion],
    sep: str = ",",
    unknown: Sequence[str] = (),
    text: Sequence[str] = (),
) -> pd.DataFrame:
    """A table of a source: columns of numbers as floats, the others as text, NaN unknown.

    Args:
        needed: columns that make it this source's. unknown: words that stand for nothing known.
        text: columns that stay text though they look like numbers.

    Raises:
        InputError: not there, or a needed column is missing.
    """
    if not path.is_file():
        raise InputError("not a folder of this source", got=f"no {path.name} in {path.parent}", expected=path)
    table = read_table(path, sep)
    need_columns(table, needed, path)
    return to_numbers(table.mask(table.isin(list(unknown))), report, dict.fromkeys(text, "STRING"))


def by_patient(table: pd.DataFrame, column: str, path: Path) -> pd.DataFrame:
    """The table with its patients as index; InputError where one has several rows, or none is named."""
    if table[column].isna().any() or table[column].duplicated().any():
        twice = table.loc[table[column].duplicated() | table[column].isna(), column]
        raise InputError(
            f"{path.name}: not one row a patient", got=", ".join(map(str, twice[:5])), expected="each once"
        )
    return table.set_index(column).rename_axis("patient_id")


def whole_days(times: pd.Series, days_a_unit: Sequence[float]) -> pd.Series:
    """Days of times whose unit may be another than the source says: that in which each is a whole number of days.

    Args:
        days_a_unit: candidates, the first that fits is taken.

    Raises:
        InputError: none fits.
    """
    for unit in days_a_unit:
        days = times * unit
        if ((days - days.round()).abs().dropna() < _ROUNDING_DAYS).all():
            return days.round()
    raise InputError(
        f"{times.name}: times in an unknown unit",
        got=", ".join(f"{time:g}" for time in times.dropna()[:3]),
        expected=f"whole days, counted in units of {' or '.join(f'{unit:g}' for unit in days_a_unit)} days",
    )


def survival(kind: str, months: pd.Series, is_event: pd.Series) -> dict[str, pd.Series]:
    """`KIND_MONTHS` and `KIND_STATUS` (OS, PFS, DSS); an event is 1, censored 0, unknown NaN."""
    event, censored = _WORDS.get(kind, ("1:PROGRESSION", "0:CENSORED"))
    status = is_event.map({1: event, 0: censored})
    return {f"{kind}_MONTHS": months.astype(float), f"{kind}_STATUS": status}


def one_course(agents: pd.Series, line: pd.Series | float, **labels: pd.Series) -> pd.DataFrame:
    """Treatment records: one course a patient, from day 0.

    Args:
        agents: patient -> what was given. line: of therapy, NaN unknown. labels: further columns, by patient.
    """
    records = pd.DataFrame(
        {
            "start_day": 0.0,
            "stop_day": float("nan"),
            "agent": agents,
            "regimen": "",
            "line": line,
            "treatment_type": "Medical Therapy",
            **labels,
        }
    )
    return records.rename_axis("patient_id").reset_index()


def one_sample(
    patients: pd.Index, suffix: str, procedure: str = "biopsy", day: pd.Series | float = -1.0
) -> pd.DataFrame:
    """One sample a patient, `PATIENT-SUFFIX`; where the source has no dates, on day -1: before treatment."""
    samples = pd.DataFrame({"patient_id": patients, "collected_day": day, "procedure": procedure}, patients)
    return samples.set_axis(sample_ids_of(patients, suffix))


def sample_ids_of(patients: Sequence[str] | pd.Index, suffix: str) -> pd.Index:
    """Identifiers of `one_sample`."""
    return pd.Index([f"{patient}-{suffix}" for patient in patients], name="sample_id")


def told_notes(report: list[Exclusion]) -> list[str]:
    """One line a note of what was left out or repaired."""
    return [f"{note.id}: {note.detail} ({note.reason})" for note in report]


def told_labels(study: Study) -> str:
    """One line: patients, responders, events."""
    tables = (study.patients, study.treatments)
    responses = next((t["BEST_RESPONSE"] for t in tables if "BEST_RESPONSE" in t), pd.Series(dtype=str))
    is_evaluable = responses.notna() & responses.ne("NE")
    parts = [f"patients {len(study.patients)}"]
    if is_evaluable.any():
        n_responders = int(responses.isin(RESPONDERS).sum())
        parts.append(f"responders (CR/PR) {n_responders} of {int(is_evaluable.sum())} evaluable")
    for kind in ("OS", "PFS", "DSS"):
        for table in tables:
            if f"{kind}_STATUS" in table:
                known = table[f"{kind}_STATUS"].dropna()
                parts.append(f"{kind} events {int(known.str.startswith('1').sum())} of {len(known)}")
    return ", ".join(parts)
