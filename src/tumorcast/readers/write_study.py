"""Writes tables as a cBioPortal study folder that `read_study` reads back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Origin, Study
from tumorcast.readers.study_files import (
    write_case_list,
    write_clinical,
    write_matrix,
    write_meta,
    write_table,
    write_text,
)

ExpressionScale = Literal["log2(TPM+1)", "z-score"]

_LAYER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RESERVED_LAYERS = {"slide", "mutations", "expression", "clinical", "copy_number"}
_TREATMENT_COLUMNS = {
    "patient_id": "PATIENT_ID", "start_day": "START_DATE", "stop_day": "STOP_DATE",
    "treatment_type": "TREATMENT_TYPE", "agent": "AGENT", "regimen": "REGIMEN", "line": "LINE",
}  # fmt: skip
_VARIANT_COLUMNS = {
    "gene": "Hugo_Symbol", "sample_id": "Tumor_Sample_Barcode", "variant_class": "Variant_Classification",
    "protein_change": "HGVSp_Short", "vaf": "VAF", "chromosome": "Chromosome", "start": "Start_Position",
    "ref": "Reference_Allele", "alt": "Tumor_Seq_Allele2",
}  # fmt: skip


def write_study(
    folder: Path,
    *,
    study_id: str,
    name: str,
    origin: Origin,
    patients: pd.DataFrame,
    samples: pd.DataFrame,
    treatments: pd.DataFrame | None,
    variants: pd.DataFrame | None,
    sequenced: Collection[str],
    sequenced_mb: Mapping[str, float] | None,
    expression: pd.DataFrame | None,
    copy_number: pd.DataFrame | None,
    layers: Mapping[str, pd.DataFrame],
    slides: pd.DataFrame | None,
    expression_scale: ExpressionScale = "log2(TPM+1)",
) -> None:
    """A cBioPortal study folder; each file appears whole or not at all, equal tables give equal bytes.

    Args:
        folder: made where it does not exist; files of the same name are replaced, others stay.
        patients: index patient id; any columns, labels among them; names are written in upper case.
        samples: index sample id; `patient_id`, optional `collected_day` and `procedure`, other columns.
        treatments: `patient_id`, `start_day`, `stop_day`, `agent`, `regimen`, `line`, `treatment_type`, and
            upper-case columns (labels of the course).
        variants: `sample_id`, `gene`, `variant_class`; optional `vaf`, `protein_change`, `chromosome`,
            `start`, `ref`, `alt`.
        sequenced: samples profiled for mutations, with or without one.
        sequenced_mb: megabases covered (sample column EXOME_MB).
        expression: sample x gene, on `expression_scale`.
        copy_number: sample x gene, -2..2.
        layers: name -> sample x feature, further numeric layers.
        slides: `slide_id`, `sample_id`, `path` (absolute ones inside `folder` become relative), `mpp`.

    Raises:
        InputError: a column is missing, or the name of a layer cannot be a file name.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_study_meta(folder, study_id, name, origin)
    _write_clinical_tables(folder, study_id, patients, samples, sequenced_mb or {})
    _write_specimens(folder, study_id, samples)
    if treatments is not None:
        _write_treatments(folder, study_id, treatments)
    if variants is not None:
        _write_variants(folder, study_id, variants)
    if sequenced:
        write_case_list(
            folder / "case_lists/cases_sequenced.txt",
            study_id,
            "sequenced",
            "Samples with mutation data",
            sequenced,
        )
    if expression is not None:
        _write_expression(folder, study_id, expression, expression_scale)
    if copy_number is not None:
        _write_copy_number(folder, study_id, copy_number)
    for layer, table in layers.items():
        _write_layer(folder, study_id, layer, table)
    if slides is not None and len(slides):
        _write_slides(folder, slides)


def write_record(study: Study, folder: Path, name: str = "") -> None:
    """`write_study` for a `Study`; `name` is the title, the study's identifier where empty."""
    write_study(
        folder,
        study_id=study.study_id,
        name=name or study.study_id,
        origin=study.origin,
        patients=study.patients,
        samples=study.samples,
        treatments=study.treatments if len(study.treatments) else None,
        variants=study.variants,
        sequenced=study.sequenced,
        sequenced_mb=study.sequenced_mb,
        expression=study.expression,
        copy_number=study.copy_number,
        layers=study.layers,
        slides=study.slides,
    )


def _write_study_meta(folder: Path, study_id: str, name: str, origin: Origin) -> None:
    told = "Simulated data, not of real patients." if origin == "simulated" else "Data of real patients."
    fields = {
        "type_of_cancer": "mixed",
        "cancer_study_identifier": study_id,
        "name": name,
        "description": told,
    }
    write_meta(folder / "meta_study.txt", {**fields, "add_global_case_list": "true", "data_origin": origin})


def _write_clinical_tables(
    folder: Path,
    study_id: str,
    patients: pd.DataFrame,
    samples: pd.DataFrame,
    sequenced_mb: Mapping[str, float],
) -> None:
    _need(samples, "samples", ("patient_id",))
    table = patients.rename(columns=lambda column: str(column).upper())
    table.insert(0, "PATIENT_ID", patients.index.astype(str))
    _meta(folder, study_id, "clinical_patient", "CLINICAL", "PATIENT_ATTRIBUTES")
    write_clinical(folder / "data_clinical_patient.txt", table, "patient")

    own = samples.drop(columns=["patient_id", "collected_day"], errors="ignore")
    own = own.rename(columns=lambda column: str(column).upper())
    own.insert(0, "SAMPLE_ID", samples.index.astype(str))
    own.insert(0, "PATIENT_ID", samples["patient_id"].astype(str))
    if sequenced_mb:
        own["EXOME_MB"] = [float(sequenced_mb.get(str(sample), float("nan"))) for sample in samples.index]
    _meta(folder, study_id, "clinical_sample", "CLINICAL", "SAMPLE_ATTRIBUTES")
    write_clinical(folder / "data_clinical_sample.txt", own, "sample")


def _write_specimens(folder: Path, study_id: str, samples: pd.DataFrame) -> None:
    """The timeline of samples whose day is known; the procedure of all stands in the sample table too."""
    if "collected_day" not in samples or not samples["collected_day"].notna().any():
        return
    dated = samples[samples["collected_day"].notna()]
    table = pd.DataFrame(
        {
            "PATIENT_ID": dated["patient_id"].astype(str),
            "START_DATE": dated["collected_day"],
            "STOP_DATE": None,
            "EVENT_TYPE": "Specimen",
            "SAMPLE_ID": dated.index.astype(str),
            "SPECIMEN_TYPE": dated.get("procedure", pd.Series("unknown", index=dated.index)),
        }
    )
    _meta(folder, study_id, "timeline_specimen", "CLINICAL", "TIMELINE")
    write_table(folder / "data_timeline_specimen.txt", table)


def _write_treatments(folder: Path, study_id: str, treatments: pd.DataFrame) -> None:
    _need(treatments, "treatments", tuple(_TREATMENT_COLUMNS))
    table = treatments.rename(columns=_TREATMENT_COLUMNS)
    table.columns = pd.Index([str(column).upper() for column in table.columns])
    table["EVENT_TYPE"] = "Treatment"
    first = [
        "PATIENT_ID",
        "START_DATE",
        "STOP_DATE",
        "EVENT_TYPE",
        "TREATMENT_TYPE",
        "AGENT",
        "REGIMEN",
        "LINE",
    ]
    _meta(folder, study_id, "timeline_treatment", "CLINICAL", "TIMELINE")
    write_table(
        folder / "data_timeline_treatment.txt", table[first + [c for c in table.columns if c not in first]]
    )


def _write_variants(folder: Path, study_id: str, variants: pd.DataFrame) -> None:
    _need(variants, "variants", ("sample_id", "gene", "variant_class"))
    table = variants[[column for column in _VARIANT_COLUMNS if column in variants]]
    table = table.rename(columns=_VARIANT_COLUMNS)
    if "HGVSp_Short" not in table:
        table["HGVSp_Short"] = None
    _meta(
        folder, study_id, "mutations", "MUTATION_EXTENDED", "MAF",
        stable_id="mutations", profile_name="Mutations", profile_description="Somatic mutations.",
    )  # fmt: skip
    write_table(folder / "data_mutations.txt", table)


def _write_expression(folder: Path, study_id: str, table: pd.DataFrame, scale: ExpressionScale) -> None:
    is_z = scale == "z-score"
    stable = "mrna_seq_tpm_Zscores" if is_z else "mrna_seq_tpm"
    _meta(
        folder, study_id, "mrna_seq_tpm", "MRNA_EXPRESSION", "Z-SCORE" if is_z else "CONTINUOUS",
        stable_id=stable, profile_name=f"mRNA expression, {scale}",
        profile_description=f"Expression by RNA sequencing, {scale}.", data_scale=scale,
    )  # fmt: skip
    write_matrix(folder / "data_mrna_seq_tpm.txt", table, "Hugo_Symbol")


def _write_copy_number(folder: Path, study_id: str, table: pd.DataFrame) -> None:
    _meta(
        folder, study_id, "cna", "COPY_NUMBER_ALTERATION", "DISCRETE",
        stable_id="gistic", profile_name="Copy number",
        profile_description="-2 deep loss, -1 loss, 0 two copies, 1 gain, 2 amplification.",
    )  # fmt: skip
    write_matrix(folder / "data_cna.txt", table, "Hugo_Symbol")


def _write_layer(folder: Path, study_id: str, layer: str, table: pd.DataFrame) -> None:
    if not _LAYER_NAME.fullmatch(layer) or layer in _RESERVED_LAYERS:
        raise InputError(
            "a layer cannot have this name",
            got=layer,
            expected=f"letters, digits, _ or -, and none of {', '.join(sorted(_RESERVED_LAYERS))}",
        )
    _meta(
        folder, study_id, layer, "GENERIC_ASSAY", "LIMIT-VALUE", generic_assay_type=layer.upper(),
        stable_id=layer, profile_name=layer, profile_description=f"Numeric layer {layer}.",
    )  # fmt: skip
    write_matrix(folder / f"data_{layer}.txt", table, "ENTITY_STABLE_ID")


def _write_slides(folder: Path, slides: pd.DataFrame) -> None:
    _need(slides, "slides", ("slide_id", "sample_id", "path"))
    columns = ["slide_id", "sample_id", "path", *(["mpp"] if "mpp" in slides else [])]
    table = slides[columns].assign(path=[_inside(folder, Path(str(path))) for path in slides["path"]])
    write_text(folder / "slides.csv", table.to_csv(index=False, lineterminator="\n"))


def _inside(folder: Path, path: Path) -> str:
    """The path relative to the folder where it lies inside, else as it is."""
    if path.is_absolute() and path.is_relative_to(folder.resolve()):
        return path.relative_to(folder.resolve()).as_posix()
    if path.is_absolute() and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.as_posix()


def _meta(folder: Path, study_id: str, stem: str, alteration: str, datatype: str, **further: str) -> None:
    fields = {
        "cancer_study_identifier": study_id,
        "genetic_alteration_type": alteration,
        "datatype": datatype,
    }
    if further:
        further["show_profile_in_analysis_tab"] = "false"
    write_meta(folder / f"meta_{stem}.txt", {**fields, **further, "data_filename": f"data_{stem}.txt"})


def _need(table: pd.DataFrame, what: str, columns: tuple[str, ...]) -> None:
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise InputError(
            f"the table of {what} lacks {', '.join(lacking)}",
            got=", ".join(map(str, table.columns)),
            expected=", ".join(columns),
        )
