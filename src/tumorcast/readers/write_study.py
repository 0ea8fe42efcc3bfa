"""`Study` -> a cBioPortal study folder that `read_study` reads back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import COVERED_MB
from tumorcast.readers.files import write_text
from tumorcast.readers.host_links import with_other_events
from tumorcast.readers.host_tables import HOST_KIND
from tumorcast.readers.laboratory import ANALYTES
from tumorcast.readers.study import Study
from tumorcast.readers.timeline import TREATMENT_COLUMNS
from tumorcast.readers.write_host import declared_of_host, exposure_events, host_files, host_specimens

ExpressionScale = Literal["log2(TPM+1)", "z-score"]

_LAYER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TAKEN = {
    "slide", "mutations", "expression", "clinical", "copy_number", "cna", "study", "clinical_patient",
    "clinical_sample", "timeline_treatment", "timeline_specimen", "timeline_lab_test", "timeline_exposure",
    "segments", "laboratory", "pgx", "pgs", "clock", "counter",
}  # fmt: skip
_VARIANT_NAMES = {
    "gene": "Hugo_Symbol", "chromosome": "Chromosome", "start": "Start_Position", "ref": "Reference_Allele",
    "alt": "Tumor_Seq_Allele2", "sample_id": "Tumor_Sample_Barcode", "variant_class": "Variant_Classification",
    "protein_change": "HGVSp_Short", "vaf": "VAF", "context": "CONTEXT",
}  # fmt: skip
_BUILD_NAMES = {"GRCh37": "hg19", "GRCh38": "hg38"}
_SEGMENT_NAMES = {
    "sample_id": "ID", "chromosome": "chrom", "start": "loc.start", "end": "loc.end", "log2": "seg.mean",
    "major": "nMajor", "minor": "nMinor",
}  # fmt: skip
_TIMELINE = {"genetic_alteration_type": "CLINICAL", "datatype": "TIMELINE"}
_TREATMENT_NAMES = {
    "patient_id": "PATIENT_ID", "start_day": "START_DATE", "stop_day": "STOP_DATE", "agent": "AGENT",
    "regimen": "REGIMEN", "line": "LINE", "treatment_type": "TREATMENT_TYPE",
}  # fmt: skip


def write_study(study: Study, folder: Path, expression_scale: ExpressionScale = "log2(TPM+1)") -> None:
    """Write every layer that the study has; each file atomically, the same study always in the same bytes."""
    _keys(folder / "meta_study.txt", {
        "type_of_cancer": "mixed", "cancer_study_identifier": study.study_id, "name": study.study_id,
        "description": f"{study.origin} data", "add_global_case_list": "true",
        "data_origin": study.origin, **({"reference_genome": _BUILD_NAMES[study.build]} if study.build else {}),
    })  # fmt: skip
    _clinical(study, folder)
    _timelines(study, folder)
    if study.variants is not None:
        _variants(study, study.variants, folder)
    if study.expression is not None:
        _expression(study, study.expression, folder, expression_scale)
    if study.copy_number is not None:
        told = "-2 deep loss, -1 loss, 0 two copies, 1 gain, 2 amplification"
        keys = _profile("COPY_NUMBER_ALTERATION", "DISCRETE", "gistic", told)
        _matrix(study, folder, "cna", study.copy_number, "Hugo_Symbol", keys)
    if len(study.segments):
        keys = {**_profile("COPY_NUMBER_ALTERATION", "SEG", "segments", "copy-number segments"),
                "reference_genome_id": _BUILD_NAMES.get(study.build, "hg19")}  # fmt: skip
        table = study.segments.astype({"start": int, "end": int}).rename(columns=_SEGMENT_NAMES)
        _table(study, folder, "segments", table, keys, digits="%.6g")
    for name, layer in study.layers.items():
        write_layer(study, folder, name, layer)
    for datatype, name, text in host_files(study.host):
        write_text(folder / name, text)
        _keys(folder / f"meta_{datatype.lower()}.txt", {
            "cancer_study_identifier": study.study_id, "genetic_alteration_type": HOST_KIND, "datatype": datatype,
            "data_filename": name,
        })  # fmt: skip
    if len(study.slides):
        _slides(study, folder)


def write_layer(study: Study, folder: Path, name: str, layer: pd.DataFrame) -> None:
    """One further numeric layer (sample x feature) as a generic assay of the study in `folder`."""
    _check_name(name)
    keys = _profile("GENERIC_ASSAY", "LIMIT-VALUE", name, f"numeric layer {name}")
    assay = {"generic_assay_type": name.upper(), "patient_level": "false"}
    _matrix(study, folder, name, layer, "ENTITY_STABLE_ID", {**keys, **assay})


def _expression(study: Study, layer: pd.DataFrame, folder: Path, scale: ExpressionScale) -> None:
    kind, stable = (
        ("Z-SCORE", "mrna_seq_tpm_Zscores") if scale == "z-score" else ("CONTINUOUS", "mrna_seq_tpm")
    )
    keys = _profile("MRNA_EXPRESSION", kind, stable, f"expression by RNA sequencing, {scale}")
    _matrix(study, folder, "expression", layer, "Hugo_Symbol", {**keys, "data_scale": scale})


def _profile(alteration: str, datatype: str, stable: str, told: str) -> dict[str, str]:
    """What cBioPortal wants to know of a molecular profile."""
    return {
        "genetic_alteration_type": alteration, "datatype": datatype, "stable_id": stable,
        "show_profile_in_analysis_tab": "false", "profile_name": told, "profile_description": told,
    }  # fmt: skip


def _check_name(layer: str) -> None:
    """A layer's name is a part of file names, and must not be that of another table."""
    if not _LAYER_NAME.fullmatch(layer) or layer in _TAKEN:
        raise InputError(
            "a layer cannot have this name",
            got=layer,
            expected=f"letters, digits, _ or -, and none of {', '.join(sorted(_TAKEN))}",
        )


def write_patients(study: Study, folder: Path) -> None:
    """`data_clinical_patient.txt` and its meta file, from the study's patients."""
    _clinical_table(study, folder, study.patients.rename_axis("PATIENT_ID").reset_index(), "patient")


def _clinical(study: Study, folder: Path) -> None:
    samples = study.samples.rename_axis("SAMPLE_ID").reset_index()
    samples = samples.rename(columns={"patient_id": "PATIENT_ID"}).drop(
        columns=["collected_day", "procedure"], errors="ignore"
    )
    if study.sequenced_mb:
        samples[COVERED_MB] = samples["SAMPLE_ID"].map(study.sequenced_mb)
    write_patients(study, folder)
    _clinical_table(study, folder, samples, "sample")


def _clinical_table(study: Study, folder: Path, table: pd.DataFrame, kind: str) -> None:
    names = [str(column).replace("_", " ").title() for column in table]
    header = [names, names, [_type_of(table[column]) for column in table], ["1"] * len(table.columns)]
    lines = "".join("#" + "\t".join(row) + "\n" for row in header)
    keys = {"genetic_alteration_type": "CLINICAL", "datatype": f"{kind.upper()}_ATTRIBUTES"}
    _table(study, folder, f"clinical_{kind}", table, keys, lines)


def _type_of(column: pd.Series) -> str:
    """cBioPortal's word for the type of a clinical column."""
    if pd.api.types.is_bool_dtype(column):
        return "BOOLEAN"
    return "NUMBER" if pd.api.types.is_numeric_dtype(column) else "STRING"


def write_treatments(study: Study, folder: Path) -> None:
    """`data_timeline_treatment.txt` and its meta file, from the study's treatments."""
    rest = [column for column in study.treatments if column not in TREATMENT_COLUMNS]
    table = study.treatments[[*TREATMENT_COLUMNS, *rest]].rename(columns=_TREATMENT_NAMES)
    table.insert(3, "EVENT_TYPE", "Treatment")
    _table(study, folder, "timeline_treatment", table, _TIMELINE)


def _timelines(study: Study, folder: Path) -> None:
    keys = _TIMELINE
    if len(study.treatments):
        write_treatments(study, folder)
    if len(study.laboratory):
        tests = study.laboratory.rename(
            columns={"patient_id": "PATIENT_ID", "day": "START_DATE", "value": "RESULT"}
        )
        tests["UNITS"] = [ANALYTES[name].unit if name in ANALYTES else "" for name in tests["analyte"]]
        tests = tests.rename(columns={"analyte": "TEST"}).assign(STOP_DATE="", EVENT_TYPE="LAB_TEST")
        order = ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "TEST", "RESULT", "UNITS"]
        _table(study, folder, "timeline_lab_test", tests[order], keys)
    samples = study.samples
    specimens = pd.DataFrame(
        {
            "PATIENT_ID": samples["patient_id"],
            "START_DATE": samples["collected_day"] if "collected_day" in samples else float("nan"),
            "STOP_DATE": "",
            "EVENT_TYPE": "Specimen",
            "SAMPLE_ID": samples.index,
            "SPECIMEN_TYPE": samples.get("procedure", "unknown"),
        }
    )
    is_host = specimens["SAMPLE_ID"].isin(declared_of_host(study.host))
    specimens["SPECIMEN_TYPE"] = (specimens["SPECIMEN_TYPE"] + " host").where(
        is_host, specimens["SPECIMEN_TYPE"]
    )
    if len(others := host_specimens(study.host, samples.index)):
        specimens = pd.concat([specimens, others], ignore_index=True)
    specimens = with_other_events(specimens, study.samples, study.specimens)
    _table(study, folder, "timeline_specimen", specimens, keys)
    if len(study.host.exposures):
        _table(study, folder, "timeline_exposure", exposure_events(study.host), keys)


def _variants(study: Study, variants: pd.DataFrame, folder: Path) -> None:
    known = {ours: maf for ours, maf in _VARIANT_NAMES.items() if ours in variants}
    keys = _profile("MUTATION_EXTENDED", "MAF", "mutations", "somatic mutations")
    _table(study, folder, "mutations", variants[list(known)].rename(columns=known), keys)
    _keys(folder / "case_lists" / "cases_sequenced.txt", {
        "cancer_study_identifier": study.study_id, "stable_id": f"{study.study_id}_sequenced",
        "case_list_name": "Sequenced", "case_list_description": "Samples profiled for mutations",
        "case_list_ids": "\t".join(sorted(study.sequenced)),
    })  # fmt: skip


def _matrix(
    study: Study, folder: Path, name: str, layer: pd.DataFrame, corner: str, keys: Mapping[str, str]
) -> None:
    table = layer.T.rename_axis(corner).reset_index()
    _table(study, folder, name, table, keys, digits="%.5g")


def _slides(study: Study, folder: Path) -> None:
    table = study.slides.copy()
    inside = folder.absolute().as_posix() + "/"
    told = study.folder.absolute().as_posix() + "/"
    table["path"] = [str(path).removeprefix(inside).removeprefix(told) for path in table["path"]]
    write_text(folder / "slides.csv", table.to_csv(index=False, lineterminator="\n"))


def _table(
    study: Study,
    folder: Path,
    name: str,
    table: pd.DataFrame,
    keys: Mapping[str, str],
    header: str = "",
    digits: str | None = None,
) -> None:
    """`data_NAME.txt` and `meta_NAME.txt`."""
    text = table.to_csv(sep="\t", index=False, na_rep="NA", float_format=digits, lineterminator="\n")
    write_text(folder / f"data_{name}.txt", header + text)
    named = {"cancer_study_identifier": study.study_id, **keys, "data_filename": f"data_{name}.txt"}
    _keys(folder / f"meta_{name}.txt", named)


def _keys(path: Path, keys: Mapping[str, str]) -> None:
    write_text(path, "".join(f"{key}: {value}\n" for key, value in keys.items()))
