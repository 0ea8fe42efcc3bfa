"""The sheet of a cohort's own files: one YAML that says which file holds what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tumorcast.domain.errors import InputError

PER_SAMPLE = ("VCF", "EXPRESSION", "SEGMENTS", "FUSIONS", "SLIDE")
"""Columns of the sample table that hold a path for each sample."""


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpressionFiles(_Closed):
    """Expression as one matrix.

    Attributes:
        matrix: genes x samples.
        scale: `log2(TPM+1)`, `linear`, `z-score`, ...; "" judges by the values; "counts" needs `lengths`.
        lengths: of genes in bases: a table of two columns, or a GTF.
    """

    matrix: Path
    scale: str = ""
    lengths: Path | None = None


class MethylationFiles(_Closed):
    """Methylation as one matrix of probes; with the array's manifest also promoters of genes.

    Attributes:
        betas: probes x samples.
        manifest: Illumina's, or a table probe, gene, region.
        probes: keep the probes themselves as a layer too.
    """

    betas: Path
    manifest: Path | None = None
    probes: bool = True


class FilesSheet(_Closed):
    """What `tumorcast import files` reads; paths are relative to the sheet.

    Attributes:
        study: identifier.
        origin: "simulated" where the data are.
        build: genome build of variants and segments.
        patients: PATIENT_ID and clinical columns; None where nothing is known of them.
        samples: SAMPLE_ID, PATIENT_ID, and optionally COLLECTED_DAY, PROCEDURE, and paths in columns `PER_SAMPLE`.
        timelines: treatments, laboratory values, exposures, specimens as cBioPortal's timelines.
        variants: one MAF of all samples.
        sequenced: sample ids profiled for mutations; None: those of the VCFs, else those that the MAF names.
        covered_mb: megabases of coding sequence covered, the same for all samples.
        copy_number: levels -2..2, genes x samples; copy_number_log2: ratios; segments: of all samples.
        gene_places: GTF, GFF3, BED or table: segments become levels or ratios of genes.
        fusions, proteins, metabolites: one table of all samples.
        layers: further matrices, features x samples, by name.
        transcripts: table transcript, gene for quantifications of transcripts.
        gene_lengths: for counts of single samples.
        pharmacogenes, polygenic_scores, ancestry, clocks, counters: tables that `tumorcast pgx`, `pgs`, `clock` write.
        slides: slides.csv (slide_id, sample_id, path[, mpp]).
        gene_table: HGNC's complete set, for identifiers outside the embedded table.
    """

    study: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    samples: Path
    origin: Literal["real", "simulated"] = "real"
    build: Literal["GRCh37", "GRCh38"] | None = None
    patients: Path | None = None
    timelines: tuple[Path, ...] = ()
    variants: Path | None = None
    sequenced: tuple[str, ...] | None = None
    covered_mb: Annotated[float, Field(gt=0)] | None = None
    expression: ExpressionFiles | None = None
    copy_number: Path | None = None
    copy_number_log2: Path | None = None
    segments: Path | None = None
    gene_places: Path | None = None
    fusions: Path | None = None
    proteins: Path | None = None
    metabolites: Path | None = None
    methylation: MethylationFiles | None = None
    layers: dict[str, Path] = {}
    transcripts: Path | None = None
    gene_lengths: Path | None = None
    pharmacogenes: Path | None = None
    polygenic_scores: Path | None = None
    ancestry: Path | None = None
    clocks: Path | None = None
    counters: Path | None = None
    slides: Path | None = None
    gene_table: Path | None = None


def read_files_sheet(path: Path) -> FilesSheet:
    """The sheet with absolute paths.

    Raises:
        InputError: not there, no YAML mapping, an unknown key, or a file that it names is missing.
    """
    if not path.is_file():
        raise InputError("no sheet of files", got=path, expected="a YAML file; see docs/omics.md")
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        sheet = FilesSheet.model_validate(_absolute(tree, path.parent.absolute()))
    except yaml.YAMLError as error:
        raise InputError(f"{path.name} is not valid YAML", got=str(error).splitlines()[0]) from None
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise InputError(
            f"{path.name}: {'; '.join(problems)}", expected=", ".join(FilesSheet.model_fields)
        ) from None
    missing = sorted(str(file) for file in _paths(sheet) if not file.is_file())
    if missing:
        raise InputError(f"{path.name} names files that are not there", got=", ".join(missing))
    return sheet


_TEXT = {"study", "origin", "build", "scale", "sequenced"}


def _absolute(tree: object, folder: Path, key: str = "") -> object:
    """The tree with text of path keys made absolute."""
    if isinstance(tree, dict):
        return {name: _absolute(value, folder, str(name)) for name, value in tree.items()}
    if isinstance(tree, list) and key not in _TEXT:
        return [_absolute(value, folder, key) for value in tree]
    return str(folder / tree) if isinstance(tree, str) and key not in _TEXT else tree


def _paths(model: BaseModel) -> list[Path]:
    """Every path that a model holds."""
    found: list[Path] = []
    for value in vars(model).values():
        many = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        for one in many:
            found += _paths(one) if isinstance(one, BaseModel) else [one] if isinstance(one, Path) else []
    return found
