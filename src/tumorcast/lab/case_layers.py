"""Files of the host of a case -> the tables of a study, so that a model reads in the lab what it was trained on."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from tumorcast.clinic.host.findings import ClockReading, HostFindings
from tumorcast.clinic.host.read import findings_of, read_tables
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.pgs.tables import COLUMNS as PGS_COLUMNS
from tumorcast.clinic.pgx.tables import COLUMNS as PGX_COLUMNS
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.lab.cases import Kind
from tumorcast.readers.exposures import exposures_of
from tumorcast.readers.files import need_columns, read_table
from tumorcast.readers.host import YEARS

Rows = list[tuple[object, ...]]
_ANCESTRY = ("sample", "score", "z_norm2", "refusal")
_CLOCK = ("sample", "clock", "age_years", "coverage", "imputed")
_COUNTER = ("sample", "counter", "value", "unit", "coverage", "imputed")
_NEEDED = ("PATIENT_ID", "START_DATE", "EXPOSURE")


def host_layer_files(
    file: str, kind: Kind, path: Path, wanted: Wanted, samples: tuple[str, str], folder: Path
) -> dict[str, str]:
    """Write the tables of one file; returns key of the sheet -> name of the table.

    Args:
        file: as the reader of host findings calls it.
        wanted: how the patient's sample is found.
        samples: under which names it stands in the study: the patient's own, and that of the tumour.
        folder: where the tables go.

    Raises:
        InputError: a file that cannot be used, or has several samples of which none is called as the patient.
    """
    found = findings_of(read_tables({file: path}), wanted)
    makes: dict[Kind, Callable[[], dict[str, tuple[Sequence[str], Rows]]]] = {
        "pharmacogenes": lambda: {"pharmacogenes": (PGX_COLUMNS, _calls(found, samples[0]))},
        "polygenic_scores": lambda: {
            "polygenic_scores": (PGS_COLUMNS, _scores(found, samples[0])),
            "ancestry": (_ANCESTRY, _ancestry(path, found, samples[0])),
        },
        "clocks": lambda: {
            "clocks": (_CLOCK, list(_ages(found, samples))),
            "counters": (_COUNTER, list(_counters(found, samples))),
        },
    }
    written = {}
    for key, (columns, rows) in makes[kind]().items():
        if rows:
            written[key] = f"{key}.csv"
            _write(folder / written[key], columns, rows)
    return written


def exposure_timeline(source: Path, target: Path, patient_id: str) -> None:
    """The patient's statements of a timeline of exposures, days counted from the first day of the treatment.

    Raises:
        InputError: columns that are not there, no row of this patient, or a row that cannot be used.
    """
    table = read_table(source, "," if _has_commas(source) else "\t")
    table.columns = [str(column).upper() for column in table.columns]
    need_columns(table, _NEEDED, source)
    patients = sorted(set(table["PATIENT_ID"].dropna().astype(str)))
    if patient_id not in patients:
        raise InputError(
            "the timeline must be of the patient", got=f"{len(patients)} patients, none called {patient_id}",
            expected=f"rows of {patient_id}",
        )  # fmt: skip
    own = table[table["PATIENT_ID"].astype(str) == patient_id]
    if "EVENT_TYPE" in own:
        own = own[own["EVENT_TYPE"].isna() | (own["EVENT_TYPE"].astype(str).str.upper() == "EXPOSURE")]
    own = own.assign(PATIENT_ID=patient_id, EVENT_TYPE="EXPOSURE")
    notes: list[Exclusion] = []
    exposures_of(own.astype(object), pd.Index([patient_id]), notes)
    if notes:
        raise InputError(
            f"rows of exposures cannot be used ({len(notes)})",
            got=notes[0].detail,
            expected="docs/omics.md#exposures",
        )
    own.to_csv(target, sep="\t", index=False, lineterminator="\n")


def _has_commas(path: Path) -> bool:
    with path.open(encoding="utf-8-sig") as file:
        first = next((line for line in file if line.strip() and not line.startswith("#")), "")
    return "\t" not in first and "," in first


def _calls(found: HostFindings, sample: str) -> Rows:
    calls = found.pgx.record.calls if found.pgx else {}
    return [
        (sample, gene, one.diplotype, one.activity_score, one.phenotype, "") for gene, one in calls.items()
    ]


def _scores(found: HostFindings, sample: str) -> Rows:
    scores = found.pgs.scores if found.pgs else ()
    return [(sample, one.score, one.sum, one.match_rate, one.weight_coverage) for one in scores]


def _ancestry(path: Path, found: HostFindings, sample: str) -> Rows:
    """As ancestry.csv has it, refusals too, of which the reader of a study makes a mask."""
    rows = json.loads(path.read_text(encoding="utf-8-sig"))["ancestry"]
    own = found.pgs.sample if found.pgs else ""
    return [
        (sample, one["score"], one.get("z_norm2"), one.get("refusal")) for one in rows if one["sample"] == own
    ]


def _ages(found: HostFindings, samples: tuple[str, str]) -> Iterator[tuple[object, ...]]:
    for sample, one in _readings(found, samples):
        if one.unit == YEARS:
            yield sample, one.clock, one.value, one.coverage, one.imputed


def _counters(found: HostFindings, samples: tuple[str, str]) -> Iterator[tuple[object, ...]]:
    for sample, one in _readings(found, samples):
        if one.unit != YEARS:
            yield sample, one.clock, one.value, one.unit, one.coverage, one.imputed


def _readings(found: HostFindings, samples: tuple[str, str]) -> Iterator[tuple[str, ClockReading]]:
    """(sample of the study, reading): of the tumour called as that of the study, whose day is known, and of
    one other sample; of several others it is not said which counts."""
    for is_tumour in (False, True):
        own = [one for one in found.methylomes if one.is_tumour is is_tumour]
        own = [one for one in own if not is_tumour or one.sample == samples[1]]
        if len(own) == 1:
            yield from ((samples[is_tumour], one) for one in own[0].readings)


def _write(path: Path, columns: Sequence[str], rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
