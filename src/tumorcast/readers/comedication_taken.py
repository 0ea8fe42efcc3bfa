"""Which other drugs each sample's patient took on the day that counts, from a table, a timeline or a study folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.clinical import read_samples
from tumorcast.readers.comedication import read_comedication
from tumorcast.readers.drug_lists import still_hold
from tumorcast.readers.exposures import NO_DRUG, exposures_of
from tumorcast.readers.files import read_table
from tumorcast.readers.host_links import sample_links
from tumorcast.readers.meta import read_meta_files
from tumorcast.readers.timeline import read_timelines, treatments_of


@dataclass(frozen=True)
class Taken:
    """Other drugs on the day that counts.

    Attributes:
        drugs: sample -> drugs that count.
        lines: to print.
        owners: every name that the source lists drugs of, on whatever day -> the patient (of a table: the sample).
    """

    drugs: Mapping[str, tuple[str, ...]]
    lines: list[str]
    owners: Mapping[str, str]


def drugs_taken(path: Path, on: date | float | None) -> Taken:
    """Sample -> drugs that count.

    Of a table (`readers.comedication`) `on` is a date, and without it every drug counts that was not stopped. Of a
    timeline of exposures, or a study folder that holds one, it is a day on the study's clock; without it, the first day
    of the patient's newest course, and of a patient without one every drug that was not stopped. As in a cohort, a drug
    without a day counts where it was declared to be from before the treatment, "none" ends what was taken before, and
    a patient of whom no list holds on that day has no entry. A study's samples are linked as
    `host_links.sample_links` has it; a timeline alone knows patients.

    Raises:
        InputError: unreadable, or a day of the other kind.
    """
    if path.is_dir():
        return _of_study(path, on)
    head = read_table(path, "," if path.suffix.lower() == ".csv" else "\t")
    if any(str(column).upper() == "PATIENT_ID" for column in head.columns):
        events = read_timelines([path])
        patients = pd.Index(events["PATIENT_ID"].dropna().unique(), dtype=object)
        return _counted(events, patients, pd.DataFrame(columns=["patient_id"]), on, path)
    if isinstance(on, float):
        raise InputError(f"{path.name} has dates", got=f"--on {on:g}", expected="--on YYYY-MM-DD")
    table = read_comedication(path)
    taken = {name: tuple(dict.fromkeys(d.drug for d in own if d.is_taken(on))) for name, own in table.items()}
    n_left_out = sum(map(len, table.values())) - sum(map(len, taken.values()))
    return Taken(taken, _left_out(n_left_out), {name: name for name in table})


def _of_study(folder: Path, on: date | float | None) -> Taken:
    metas = read_meta_files(folder)
    events = read_timelines([meta.data for meta in metas if meta.datatype == "TIMELINE"])
    tables = [meta.data for meta in metas if meta.datatype == "SAMPLE_ATTRIBUTES"]
    patients = pd.Index(events["PATIENT_ID"].dropna().unique(), dtype=object)
    report: list[Exclusion] = []
    samples = read_samples(tables[0], patients, report) if tables else pd.DataFrame(columns=["patient_id"])
    return _counted(events, patients, samples, on, folder)


def _counted(
    events: pd.DataFrame, patients: pd.Index, samples: pd.DataFrame, on: date | float | None, path: Path
) -> Taken:
    if isinstance(on, date):
        expected = "--on with a number of days on the study's clock"
        raise InputError(f"{path.name} counts days", got=f"--on {on.isoformat()}", expected=expected)
    report: list[Exclusion] = []
    rows = exposures_of(events, patients, report)
    rows = rows[rows["exposure"] == "comedication"]
    if rows.empty:
        raise InputError(
            f"{path.name} lists no other drugs", expected="rows of EVENT_TYPE EXPOSURE, EXPOSURE comedication"
        )
    day = rows["patient_id"].map(_first_days(events, patients)) if on is None else on
    day = pd.Series(day, index=rows.index, dtype=float)
    is_unknown = rows["day"].isna() & day.notna() & ~rows["is_before"].astype(bool)
    known = rows[~(rows["day"] > day) & ~is_unknown]
    known = known[still_hold(known, "patient_id", day[known.index])]
    of_patient = {
        str(patient): tuple(dict.fromkeys(own["text"][own["text"] != NO_DRUG]))
        for patient, own in known.groupby("patient_id")
    }
    owners = _owners(events, patients, samples)
    taken = {name: of_patient[owner] for name, owner in owners.items() if owner in of_patient}
    lines = [f"left out: {note.id} {note.detail}" for note in report if note.kind == "exposure"]
    lines += [
        f"left out: {patient} {drug}: without a day and not declared as from BEFORE_TREATMENT"
        for patient, drug in rows.loc[is_unknown, ["patient_id", "text"]].itertuples(index=False)
    ]
    others = rows[~is_unknown & ~rows.index.isin(known.index) & (rows["text"] != NO_DRUG)]
    listed = set(map(str, rows["patient_id"]))
    known_by = {name: owner for name, owner in owners.items() if owner in listed}
    return Taken(taken, [*lines, *_left_out(len(others))], known_by)


def _owners(events: pd.DataFrame, patients: pd.Index, samples: pd.DataFrame) -> dict[str, str]:
    """Every name that stands for a patient -> the patient."""
    told = events["SAMPLE_ID"].dropna().unique() if "SAMPLE_ID" in events else ()
    names = pd.Index([*patients, *samples.index, *told], dtype=object)
    links = sample_links(names, samples, patients, events)
    return dict(zip(links.index, links["patient_id"], strict=True))


def _first_days(events: pd.DataFrame, patients: pd.Index) -> pd.Series:
    """Patient -> first day of the newest treatment."""
    treatments = treatments_of(events, patients, [])
    return treatments.groupby("patient_id")["start_day"].max().astype(float)


def _left_out(count: int) -> list[str]:
    if not count:
        return []
    return [f"{count} other drugs were not taken on the day that counts and are left out"]
