"""Which course gets a number, which does not, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import BUILTIN_MODALITIES, DataConfig, GraphConfig
from tumorcast.evaluation.conformal import set_names
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.manifest import Manifest
from tumorcast.serve.notes import Given
from tumorcast.serve.rows import PredictionRow, joined
from tumorcast.serve.session import Prediction
from tumorcast.serve.unlike import UNKNOWN, Unlike


def rules_for(manifest: Manifest, prepared: Preprocessor, study: Study, features: Path | None) -> DataConfig:
    """The training cohort's rules for this study; lines of therapy are judged course by course.

    Layers and columns that the study lacks are left out: to lack them is no error here.
    """
    known = {*BUILTIN_MODALITIES, "copy_number", *study.layers}
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
        clinical_columns=columns,
        graph=GraphConfig(layers=tuple(name for name in on_nodes if name in known)),
    )


def refusal(
    manifest: Manifest, given: Given, course: CourseArrays, demonstrate: bool
) -> PredictionRow | None:
    """The row of a course that gets no number; None for one that gets one.

    Not predicted: a line of therapy that was not in training, or nothing that the model reads. Refused: a
    treatment of which neither an agent nor a class was in training, unless demonstrating.
    """
    row, lines = given.course_row(course.course_id), manifest.rules.lines
    if lines is not None and row["line"] not in lines:
        line = f"line {row['line']:g}" if np.isfinite(row["line"]) else "an unknown line"
        reason = f"{line} of therapy; the model was trained on {', '.join(map(str, lines))}"
        return PredictionRow(course.patient_id, course.course_id, "not_predicted", reason)
    if not course.is_present.any():
        reasons = ["nothing that the model reads is there", *given.unused(course)]
        return PredictionRow(course.patient_id, course.course_id, "not_predicted", joined(reasons))
    if not demonstrate and _is_foreign(row, given.prepared):
        reason = f"treatment unlike any of training: {', '.join(row['agents'])}"
        return PredictionRow(course.patient_id, course.course_id, "refused", reason)
    return None


def predicted_row(
    bundle: Bundle, given: Given, course: CourseArrays, said: Prediction, unlike: Unlike | None
) -> PredictionRow:
    """The row of a course with a number, calibrated where the bundle can, and what was given but not used."""
    manifest, trust = bundle.manifest, bundle.trust
    probability, answers = said.probability, ""
    if trust is not None:
        (probability,) = trust.probability([said.probability]).tolist()
        (answers,) = set_names(trust.sets([said.probability]))
    odd = [unlike.note] if unlike is not None and unlike.note else []
    if odd:
        answers = UNKNOWN
    notes = [*odd, *given.unused(course), *_of_treatment(given.course_row(course.course_id), given.prepared)]
    modalities = zip(given.prepared.modalities, course.is_present, strict=True)
    return PredictionRow(
        course.patient_id,
        course.course_id,
        "predicted_partly" if notes else "predicted",
        joined(notes),
        "+".join(name for name, is_present in modalities if is_present),
        len(course.tiles),
        probability,
        said.risk if "survival" in manifest.heads else None,
        answers,
        None if unlike is None else unlike.p,
    )


def _of_treatment(row: pd.Series, prepared: Preprocessor) -> list[str]:
    """What of the treatment is unknown, or unknown to the model."""
    known = prepared.treatment.agents
    if known and not row["agents"]:
        return ["treatment: no drug is recorded, the number is for no treatment in particular"]
    return [f"treatment: {name} was not seen in training" for name in row["agents"] if name not in known]


def _is_foreign(row: pd.Series, prepared: Preprocessor) -> bool:
    """True where agents are named and training saw neither one of them nor one of their classes."""
    seen = prepared.treatment
    if not row["agents"] or not seen.agents:
        return False
    return not {*row["agents"]} & {*seen.agents} and not {*row["agent_classes"]} & {*seen.classes}
