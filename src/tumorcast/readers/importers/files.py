"""A cohort's own files, as pipelines write them -> a study folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.gene_copies import gene_levels, gene_log2
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import TumorcastError
from tumorcast.domain.exclusions import Exclusion, summarise
from tumorcast.readers.clinical import patients_of, read_patients, read_samples
from tumorcast.readers.exposures import exposures_of
from tumorcast.readers.files import write_text
from tumorcast.readers.gene_places import read_gene_places
from tumorcast.readers.host_links import specimen_events
from tumorcast.readers.host_tables import read_host_files
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.importers.files_sheet import PER_SAMPLE, FilesSheet, read_files_sheet
from tumorcast.readers.laboratory import laboratory_of
from tumorcast.readers.maf import VARIANT_COLUMNS, read_maf
from tumorcast.readers.matrix import read_copy_number, read_expression, read_gene_values, read_generic_assay
from tumorcast.readers.metabolites import read_metabolites
from tumorcast.readers.methylation import read_methylation
from tumorcast.readers.probe_manifest import gene_methylation, read_probe_manifest
from tumorcast.readers.proteins import read_proteins
from tumorcast.readers.quantification import read_counts_matrix, read_quantifications
from tumorcast.readers.samples import sample_ids
from tumorcast.readers.segments import SEGMENT_TABLE, read_segments
from tumorcast.readers.slides_csv import SLIDE_COLUMNS, read_slides
from tumorcast.readers.structural import read_structural_variants
from tumorcast.readers.study import Study
from tumorcast.readers.timeline import add_specimens, read_timelines, treatments_of
from tumorcast.readers.vcf import read_vcf

Tell = Callable[[str], None]
TELL: Tell = partial(print, file=sys.stderr, flush=True)
REPORT_FILE = "import_report.csv"


def import_files(path: Path, out: Path, tell: Tell = TELL) -> list[str]:
    """Read every file of the sheet, write the study, and `import_report.csv` with all that was renamed, merged, left
    out or judged; returns lines of counts.

    A file of one sample that cannot be read is reported, and the others go on.

    Raises:
        InputError: the sheet, or a file of the whole cohort, cannot be read.
    """
    sheet = read_files_sheet(path)
    report: list[Exclusion] = []
    genes = GeneTable.from_hgnc(sheet.gene_table) if sheet.gene_table else GeneTable.embedded()
    study = _Import(sheet, path.parent.absolute(), genes, report, tell).study(out)
    counts = write_import(study, out)
    rows = pd.DataFrame([asdict(note) for note in report], columns=["kind", "id", "reason", "detail"])
    write_text(out / REPORT_FILE, rows.to_csv(index=False, lineterminator="\n"))
    return [*counts, f"read from {path.name}:", *(f"  {line}" for line in summarise(report))]


class _Import:
    """One sheet being read: where things are, how genes are named, what is reported."""

    def __init__(
        self, sheet: FilesSheet, folder: Path, genes: GeneTable, report: list[Exclusion], tell: Tell
    ) -> None:
        self.sheet, self.folder, self.genes, self.report, self.tell = sheet, folder, genes, report, tell
        self.patients = (
            read_patients(sheet.patients, report) if sheet.patients else patients_of(sheet.samples)
        )
        samples = read_samples(sheet.samples, self.patients.index, report)
        events = read_timelines(list(sheet.timelines))
        self.samples = add_specimens(samples, events, report)
        self.specimens = specimen_events(events)
        self.treatments = treatments_of(events, self.patients.index, report)
        self.laboratory = laboratory_of(events, self.patients.index, report)
        named = {
            "PGX": sheet.pharmacogenes, "PGS": sheet.polygenic_scores, "CLOCK": sheet.clocks,
            "COUNTER": sheet.counters, "ANCESTRY": sheet.ancestry,
        }  # fmt: skip
        found = {kind: path for kind, path in named.items() if path is not None}
        host = read_host_files(found, self.samples, self.patients.index, events, report)
        self.host = replace(host, exposures=exposures_of(events, self.patients.index, report))

    def study(self, out: Path) -> Study:
        """Everything that the sheet names."""
        variants, sequenced = self._variants()
        segments = self._segments()
        layers = self._layers()
        copy_number = self._matrix(
            self.sheet.copy_number, lambda p: read_copy_number(p, self.genes, self.report)
        )
        if self.sheet.gene_places and len(segments):
            levels, ratios = self._genes_of(segments)
            copy_number = levels if copy_number is None else copy_number
            layers.setdefault("copy_number_log2", ratios)
        covered = (
            {} if self.sheet.covered_mb is None else dict.fromkeys(sorted(sequenced), self.sheet.covered_mb)
        )
        return Study(
            study_id=self.sheet.study, origin=self.sheet.origin, folder=out.absolute(), patients=self.patients,
            samples=self.samples.drop(columns=list(PER_SAMPLE), errors="ignore"), treatments=self.treatments,
            variants=variants, sequenced=sequenced, sequenced_mb=covered, expression=self._expression(),
            copy_number=copy_number, segments=segments, build=self.sheet.build or "", layers=layers,
            laboratory=self.laboratory, host=self.host, specimens=self.specimens, slides=self._slides(),
        )  # fmt: skip

    def _files(self, column: str) -> dict[str, Path]:
        """Sample -> its file; those that are not there are reported."""
        if column not in self.samples:
            return {}
        named = self.samples[column].dropna().astype(str)
        paths = {str(sample): (self.sheet.samples.parent / name).absolute() for sample, name in named.items()}
        for sample, path in paths.items():
            if not path.is_file():
                self.report.append(Exclusion("sample", sample, "file_missing", f"{column}: no {path.name}"))
        return {sample: path for sample, path in paths.items() if path.is_file()}

    def _each(self, column: str, read: Callable[[Path, str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Sample -> what was read of its file."""
        found = {}
        files = self._files(column)
        for number, (sample, path) in enumerate(files.items(), start=1):
            self.tell(f"{column} {number} of {len(files)}: {path.name}")
            try:
                found[sample] = read(path, sample)
            except TumorcastError as error:
                told = str(error).splitlines()[0]
                self.report.append(Exclusion("sample", sample, "unreadable", f"{path.name}: {told}"))
        return found

    def _variants(self) -> tuple[pd.DataFrame | None, frozenset[str]]:
        build = self.sheet.build
        called = self._each("VCF", lambda p, s: read_vcf(p, self.genes, self.report, sample=s, build=build))
        tables, sequenced = list(called.values()), set(called)
        if self.sheet.variants:
            maf = self._own(
                read_maf(self.sheet.variants, self.genes, self.report, build or ""), self.sheet.variants
            )
            tables.append(maf)
            sequenced |= set(maf["sample_id"])
        if self.sheet.sequenced is not None:
            sequenced = set(self.sheet.sequenced) & set(self.samples.index)
        elif self.sheet.variants:
            told = "no list of sequenced samples: those without a variant count as not sequenced"
            self.report.append(Exclusion("layer", "mutations", "sequenced_judged", told))
        broken = self._each("FUSIONS", lambda p, s: read_structural_variants(p, self.genes, self.report, s))
        tables += broken.values()
        if self.sheet.fusions:
            fusions = read_structural_variants(self.sheet.fusions, self.genes, self.report)
            tables.append(self._own(fusions, self.sheet.fusions))
        if not tables and not sequenced:
            return None, frozenset()
        empty = pd.DataFrame(columns=list(VARIANT_COLUMNS))
        return pd.concat(tables or [empty], ignore_index=True), frozenset(sequenced)

    def _segments(self) -> pd.DataFrame:
        build = self.sheet.build or "GRCh37"
        own = self._each("SEGMENTS", lambda p, s: read_segments(p, build, self.report, s).assign(sample_id=s))
        tables = list(own.values())
        if self.sheet.segments:
            tables.append(
                self._own(read_segments(self.sheet.segments, build, self.report), self.sheet.segments)
            )
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SEGMENT_TABLE))

    def _genes_of(self, segments: pd.DataFrame) -> tuple[pd.DataFrame | None, pd.DataFrame]:
        """(levels where any tumour has copies of both alleles, log2 ratios), sample x gene."""
        assert self.sheet.gene_places is not None
        places = read_gene_places(self.sheet.gene_places, self.genes, self.report)
        by_sample = [(str(sample), rows) for sample, rows in segments.groupby("sample_id")]
        ratios = {sample: gene_log2(rows, places) for sample, rows in by_sample}
        levels = {
            sample: gene_levels(rows, places) for sample, rows in by_sample if rows["minor"].notna().any()
        }
        return (_table(levels) if levels else None), _table(ratios)

    def _expression(self) -> pd.DataFrame | None:
        if told := self.sheet.expression:
            if told.scale.lower() == "counts":
                lengths = told.lengths
                return self._matrix(
                    told.matrix, lambda p: read_counts_matrix(p, lengths, self.genes, self.report)
                )
            return self._matrix(
                told.matrix, lambda p: read_expression(p, told.scale, self.genes, self.report)
            )
        files = self._files("EXPRESSION")
        if not files:
            return None
        return read_quantifications(
            files, self.genes, self.report, lengths=self.sheet.gene_lengths, tx2gene=self.sheet.transcripts,
            tell=self.tell,
        )  # fmt: skip

    def _layers(self) -> dict[str, pd.DataFrame]:
        sheet, genes, report = self.sheet, self.genes, self.report
        found = {
            "copy_number_log2": self._matrix(
                sheet.copy_number_log2, lambda p: read_gene_values(p, genes, report)
            ),
            "proteins": self._matrix(sheet.proteins, lambda p: read_proteins(p, genes, report)),
            "metabolites": self._matrix(sheet.metabolites, lambda p: read_metabolites(p, report)),
            **{
                n: self._matrix(p, lambda p: read_generic_assay(p, [], report))
                for n, p in sheet.layers.items()
            },
        }
        if told := sheet.methylation:
            betas = self._matrix(told.betas, lambda p: read_methylation(p, report))
            if betas is not None and told.manifest:
                manifest = read_probe_manifest(told.manifest)
                found["methylation"] = gene_methylation(betas, manifest, genes, report)
            if told.probes or not told.manifest:
                found["methylation_probes"] = betas
        return {name: table for name, table in found.items() if table is not None}

    def _matrix(self, path: Path | None, read: Callable[[Path], pd.DataFrame]) -> pd.DataFrame | None:
        """The matrix of the study's samples; None where no file is named, or no sample is the study's (reported)."""
        if path is None:
            return None
        self.tell(f"reading {path.name}")
        table = read(path)
        table.index = pd.Index(
            sample_ids(table.index.to_series(), self.samples.index).to_numpy(), name="sample_id"
        )
        is_known = table.index.isin(self.samples.index)
        self._tell_unknown(is_known, path)
        return table[is_known] if is_known.any() else None

    def _own(self, table: pd.DataFrame, path: Path) -> pd.DataFrame:
        """Rows of the study's samples."""
        table = table.assign(sample_id=sample_ids(table["sample_id"], self.samples.index))
        is_known = table["sample_id"].isin(self.samples.index)
        self._tell_unknown(is_known, path)
        return table[is_known].reset_index(drop=True)

    def _tell_unknown(self, is_known: Iterable[bool], path: Path) -> None:
        known = np.asarray(is_known, bool)
        if len(known) and not known.any():
            told = f"none of its {len(known)} rows or columns is of a sample of the study"
            self.report.append(Exclusion("layer", path.name, "no_overlap", told))
        elif not known.all():
            told = f"{int((~known).sum())} of {len(known)} rows or columns are of other samples"
            self.report.append(Exclusion("layer", path.name, "unknown_samples", told))

    def _slides(self) -> pd.DataFrame:
        files = self._files("SLIDE")
        rows = [(path.stem, sample, str(path), float("nan")) for sample, path in files.items()]
        own = pd.DataFrame(rows, columns=list(SLIDE_COLUMNS))
        if self.sheet.slides is None:
            return own
        listed = read_slides(self.sheet.slides, self.samples.index, self.report)
        return pd.concat([own, listed], ignore_index=True).drop_duplicates("slide_id") if len(own) else listed


def _table(rows: dict[str, pd.Series]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="sample_id", columns=None)
    return table.dropna(axis=1, how="all").astype(np.float32)
