"""Which course gets a number, which does not, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.derived import DERIVED
from tumorcast.cohort.host import HOST_LAYERS
from tumorcast.cohort.laboratory import LABORATORY
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import BUILTIN_MODALITIES, DataConfig, GraphConfig
from tumorcast.evaluation.conformal import set_names
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.findings import Finding, flags, reasons
from tumorcast.serve.manifest import Manifest
from tumorcast.serve.rows import PredictionRow
from tumorcast.serve.session import Prediction
from tumorcast.serve.unlike import UNKNOWN, Unlike

_NOT_ASKED = ("nothing_usable", "line_not_seen")
"""Refusals of a course that the model was not made for, rather than of a number that would mislead."""


def rules_for(manifest: Manifest, prepared: Preprocessor, study: Study, features: Path | None) -> DataConfig:
    """The training cohort's rules for this study; lines of therapy are judged course by course.

    Layers and columns that the study lacks are left out: to lack them is no error here.
    """
    known = {*BUILTIN_MODALITIES, "copy_number", LABORATORY, *HOST_LAYERS, *DERIVED, *study.layers}
    columns = manifest.rules.clinical_columns
    if columns is not None:
        columns = tuple(name for name in columns if name in study.patients.columns)
    on_nodes = prepared.graph.layers if prepared.graph else {}
    return DataConfig(
        study=study.folder,
        features=features,
        modalities=tuple(name for name in manifest.modalities if name in known) or ("clinical",),
        tissue_days_before=manifest.rules.tissue_days_before,
        procedures=manifest.rules.procedures,
        laboratory_days_before=manifest.rules.laboratory_days_before,
        clinical_columns=columns,
        graph=GraphConfig(layers=tuple(name for name in on_nodes if name in known)),
    )


def refused_row(patient_id: str, course_id: str, findings: Sequence[Finding]) -> PredictionRow:
    """The row of a course that gets no number: its reasons, and nothing that could be read as an answer."""
    codes = {found.code for found in findings if found.level == "refusal"}
    return PredictionRow(
        patient_id,
        course_id,
        "not_predicted" if codes & {*_NOT_ASKED} else "refused",
        reasons(findings),
        flags=flags(findings),
        findings=tuple(findings),
    )


def predicted_row(
    bundle: Bundle,
    course: CourseArrays,
    said: Prediction,
    unlike: Unlike | None,
    findings: Sequence[Finding],
) -> PredictionRow:
    """The row of a course with a number, calibrated where the bundle can, and what speaks against it."""
    manifest, trust = bundle.manifest, bundle.trust
    probability, answers = said.probability, ""
    if trust is not None:
        (probability,) = trust.probability([said.probability]).tolist()
        (answers,) = set_names(trust.sets([said.probability]))
    if any(found.code == "unlike_training" for found in findings):
        answers = UNKNOWN
    modalities = zip(bundle.prepared.modalities, course.is_present, strict=True)
    return PredictionRow(
        course.patient_id,
        course.course_id,
        "predicted_partly" if any(found.level == "warning" for found in findings) else "predicted",
        reasons(findings),
        "+".join(name for name, is_present in modalities if is_present),
        len(course.tiles),
        probability,
        said.risk if "survival" in manifest.heads else None,
        answers,
        None if unlike is None else unlike.p,
        flags(findings),
        tuple(findings),
        *_size_of(said, manifest),
    )


def _size_of(said: Prediction, manifest: Manifest) -> tuple[float | None, float | None]:
    """(log ratio, corrected by how far the members were off on average; standard deviation of the rest).

    None of either where nothing tells how far the head is off.
    """
    if "size" not in manifest.heads or manifest.size is None:
        return None, None
    return said.size_log_ratio + manifest.size.bias, manifest.size.sd
