"""`Study`: everything that a study folder says, before any rule of the cohort is applied."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.host import Host
from tumorcast.readers.host_links import SPECIMEN_COLUMNS
from tumorcast.readers.laboratory import LABORATORY_COLUMNS
from tumorcast.readers.segments import SEGMENT_TABLE

Origin = Literal["real", "simulated"]


@dataclass(frozen=True)
class Study:
    """Tables of one study; a layer that the study lacks is None (or an empty dict or table).

    Days are counted on the study's own clock (cBioPortal: days since the patient's first diagnosis);
    NaN is unknown. Identifiers are strings, stripped.

    Attributes:
        study_id: identifier from `meta_study.txt`.
        origin: "simulated" where `meta_study.txt` says `data_origin: simulated`, else "real".
        folder: where it was read from.
        patients: index `patient_id`; the clinical patient table, its own (upper-case) column names,
            numbers as numbers, `NA`-like text as NaN.
        samples: index `sample_id`; `patient_id` (str), `collected_day` (float), `procedure`
            ("biopsy" | "resection" | "unknown"), then the clinical sample table's own columns.
        treatments: one row a treatment record: `patient_id`, `start_day`, `stop_day` (float),
            `agent` (str), `regimen` (str, may be ""), `line` (float), `treatment_type` (str), then any
            further columns of the timeline (responses per course among them), upper case.
        variants: one row a somatic call: `sample_id`, `gene` (harmonised symbol), `variant_class`
            (MAF Variant_Classification), `vaf` (float, NaN unknown), `impact` ("truncating",
            "missense", "inframe", "splice", "promoter", "silent", "other", "unknown": altered, not said how,
            "fusion": partner of a rearrangement), `protein_change` (str); where the source has them
            `chromosome`, `start`, `ref`, `alt`, and `context` (reference bases around the place).
        sequenced: sample ids profiled for mutations (case list or gene panel matrix); a sample in it
            without a row in `variants` has no mutation, a sample outside it is not measured.
        sequenced_mb: megabases of exome covered, per sequenced sample, where known (for TMB).
        expression: sample x gene symbol, log2(TPM + 1), float32, NaN not measured.
        copy_number: sample x gene symbol, discrete -2..2 (GISTIC levels), float32, NaN not measured.
        segments: copy-number segments, `segments.SEGMENT_TABLE`; empty where there are none.
        build: genome build of the positions, "GRCh37" or "GRCh38"; "" unknown.
        layers: further numeric layers (`proteins`, `methylation`, `copy_number_log2`, generic assays): name ->
            sample x feature, NaN not measured.
        laboratory: `laboratory.LABORATORY_COLUMNS`, one row a value of a patient on a day.
        host: what is known of the patients' own genome, methylome and habits.
        specimens: specimen events of timelines (`host_links.SPECIMEN_COLUMNS`), one row an event that names a sample.
        slides: one row a slide: `slide_id`, `sample_id`, `path` (absolute), `mpp` (float um/px of
            level 0, NaN: the file's metadata decides).
        report: what was left out or repaired while reading.
        digests: file name -> sha256 of every file read (the data hash of a run is made from it).
    """

    study_id: str
    origin: Origin
    folder: Path
    patients: pd.DataFrame
    samples: pd.DataFrame
    treatments: pd.DataFrame
    variants: pd.DataFrame | None = None
    sequenced: frozenset[str] = frozenset()
    sequenced_mb: dict[str, float] = field(default_factory=dict)
    expression: pd.DataFrame | None = None
    copy_number: pd.DataFrame | None = None
    segments: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SEGMENT_TABLE)))
    build: str = ""
    layers: dict[str, pd.DataFrame] = field(default_factory=dict)
    laboratory: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LABORATORY_COLUMNS)))
    host: Host = field(default_factory=Host)
    specimens: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SPECIMEN_COLUMNS)))
    slides: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["slide_id", "sample_id", "path", "mpp"])
    )
    report: list[Exclusion] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    def keep(self, patient_ids: Collection[str]) -> Study:
        """The study of these patients alone; what is said of the others in `report` goes too."""
        known = set(patient_ids)
        samples = self.samples[self.samples["patient_id"].isin(known)]
        own = set(samples.index.astype(str))
        return replace(
            self,
            patients=self.patients[self.patients.index.isin(known)],
            samples=samples,
            treatments=_of(self.treatments, "patient_id", known),
            variants=None if self.variants is None else _of(self.variants, "sample_id", own),
            sequenced=self.sequenced & own,
            sequenced_mb={name: mb for name, mb in self.sequenced_mb.items() if name in own},
            expression=_rows(self.expression, own),
            copy_number=_rows(self.copy_number, own),
            segments=_of(self.segments, "sample_id", own),
            layers={name: table[table.index.isin(own)] for name, table in self.layers.items()},
            laboratory=_of(self.laboratory, "patient_id", known),
            host=self.host.keep(known),
            specimens=_of(self.specimens, "PATIENT_ID", known),
            slides=_of(self.slides, "sample_id", own),
            report=[note for note in self.report if note.kind != "patient" or note.id in known],
        )


def _of(table: pd.DataFrame, column: str, known: set[str]) -> pd.DataFrame:
    return table[table[column].isin(known)].reset_index(drop=True) if column in table else table


def _rows(table: pd.DataFrame | None, known: set[str]) -> pd.DataFrame | None:
    return None if table is None else table[table.index.isin(known)]
