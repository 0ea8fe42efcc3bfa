"""Whom a report is of, and by what it was made."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast import __version__
from tumorcast.clinic.report.record import Provenance, Subject
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.scaling import ClinicalScaler
from tumorcast.domain.timestamp import utc_now
from tumorcast.readers.files import digest
from tumorcast.readers.study import Study
from tumorcast.serve.answer import Answer
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.naming import label_of, with_unit
from tumorcast.serve.rows import PredictionRow

_ALWAYS = (
    "AGE",
    "SEX",
    "CANCER_TYPE",
    "CANCER_TYPE_DETAILED",
    "ONCOTREE_CODE",
    "STAGE",
    "PRIMARY_SITE",
    "SAMPLE_TYPE",
)
_LIBRARIES = ("numpy", "onnxruntime", "pandas", "reportlab")


def subject_of(study: Study, row: PredictionRow, answer: Answer | None = None) -> Subject:
    """Of a study that is narrowed to the patient; outcomes are left out."""
    courses = course_table(study) if len(study.patients) else pd.DataFrame()
    course = courses.loc[row.course_id] if row.course_id in courses.index else None
    line = "" if course is None or not np.isfinite(course["line"]) else f"{course['line']:g}"
    return Subject(
        study_id=study.study_id,
        patient_id=row.patient_id,
        course_id=row.course_id,
        regimen="" if course is None else str(course["regimen"] or ""),
        line=line,
        samples=_samples(study, answer),
        clinical=() if answer is None else _clinical(study, row.patient_id, answer.given.prepared),
    )


def provenance_of(bundle: Bundle, study: Study, answer: Answer | None = None) -> Provenance:
    """Model, bundle, inputs and libraries."""
    manifest = bundle.manifest
    encoder = manifest.tile_encoder
    told = "" if encoder is None else f"{encoder.id or 'unknown'} at {encoder.target_mpp or 0:g} um/px"
    return Provenance(
        model_id=manifest.model_id,
        bundle_format=manifest.format,
        bundle_seal=manifest.seal,
        signature=bundle.verdict.sentence,
        training_data=manifest.training_data,
        training_study=manifest.study_id,
        n_training_patients=manifest.n_patients,
        tile_encoder=told,
        tumorcast=__version__,
        created=utc_now(),
        digests=(*sorted(study.digests.items()), *_features(answer)),
        libraries=(("python", platform.python_version()), *_versions()),
    )


def _versions() -> Iterator[tuple[str, str]]:
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def _samples(study: Study, answer: Answer | None) -> tuple[str, ...]:
    """The samples that the number rests on; of a refused course all that the patient has."""
    if answer is None:
        return tuple(map(str, study.samples.index))
    course = answer.cohort.courses.loc[answer.course.course_id]
    present = zip(answer.given.prepared.modalities, answer.course.is_present, strict=True)
    chosen = [course.get(f"sample_{name}") for name, is_present in present if is_present]
    return tuple(dict.fromkeys(str(name) for name in chosen if isinstance(name, str)))


def _clinical(study: Study, patient_id: str, prepared: Preprocessor) -> tuple[tuple[str, str], ...]:
    scaler = prepared.layers.get("clinical")
    read = (
        (*scaler.numeric.features, *(name for name, _ in scaler.categories))
        if isinstance(scaler, ClinicalScaler)
        else ()
    )
    values = {**_first(study.samples), **study.patients.loc[patient_id]}
    names = dict.fromkeys([*(name for name in _ALWAYS if name in values), *read])
    told = ((name, values.get(name)) for name in names)
    return tuple((label_of(name), with_unit(name, value)) for name, value in told if pd.notna(value))


def _first(table: pd.DataFrame) -> dict[str, object]:
    return {} if table.empty else {str(name): value for name, value in table.iloc[0].items()}


def _features(answer: Answer | None) -> list[tuple[str, str]]:
    """Digests of the files of tile features that were read."""
    if answer is None or answer.bag is None:
        return []
    slides = answer.cohort.slides
    own = slides[slides["course_id"] == answer.course.course_id]
    return [(f"tiles of {row.slide_id}", digest(Path(str(row.feature_path)))) for row in own.itertuples()]
