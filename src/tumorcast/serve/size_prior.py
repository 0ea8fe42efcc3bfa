"""A bundle's word for the twin's prior of one patient: its head `size`, with its error on patients it had not seen."""

from __future__ import annotations

from math import sqrt

from scipy.stats import t as student

from tumorcast.clinic.twin.chosen import treatment_key
from tumorcast.clinic.twin.prior_size import ModelPrior, PriorSize
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.labels import SIZE_TARGET_DAY
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.guards.origin import watermark_of
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.manifest import Manifest, SizeResiduals
from tumorcast.serve.predict import predict_with
from tumorcast.serve.request import Request
from tumorcast.serve.rows import PredictionRow
from tumorcast.serve.session import BundlePredictor

_ONE_SIDED = 0.95
IN_TRAINING = "IN SAMPLE: THE MODEL MAY HAVE LEARNT FROM THIS PATIENT"


def size_prior(
    bundle: Bundle,
    study: Study,
    patient_id: str,
    request: Request,
    predictor: BundlePredictor | None = None,
    shared: Shared | None = None,
    course_id: str | None = None,
    arm: str = "",
) -> ModelPrior:
    """Of one course; refused where the bundle cannot say, or the guards let it say nothing.

    Args:
        course_id: under which the scans are; None: the patient's only one.
        arm: treatment of the scans, "" unknown; the course has to be of the same drugs.

    Raises:
        InputError: the study has no such patient.
    """
    source = bundle.manifest.model_id
    if why := _of_bundle(bundle.manifest):
        return ModelPrior(source, None, why)
    shared = shared or Shared(study, bundle.prepared)
    own = predict_with(bundle, study.keep([patient_id]), request, None, predictor, shared)
    rows = [row for row in own.rows if row.patient_id == patient_id and course_id in (None, row.course_id)]
    if why := _of_course(rows, study.keep([patient_id]), arm) or _of_row(rows[0]):
        return ModelPrior(source, None, why)
    size, value = bundle.manifest.size, rows[0].size_log_ratio
    assert size is not None
    assert value is not None
    marks = (
        watermark_of(bundle.manifest, study.origin, request.demonstrate),
        in_training(bundle.manifest, study),
    )
    return ModelPrior(source, calibrated(size, value), "", "; ".join(filter(None, marks)))


def in_training(manifest: Manifest, study: Study) -> str:
    """What stands across a word on patients whom the model may have learnt from, "" on others.

    A bundle keeps no patient's name: a study of the same name as the training study's is taken for it.
    """
    return IN_TRAINING if study.study_id == manifest.study_id else ""


def calibrated(size: SizeResiduals, log_ratio: float) -> PriorSize:
    """What held-out patients make of a prediction: the line of observed on predicted, with its own uncertainty.

    The slope is 1 at most and is drawn towards 0 by its own error (positive-part James-Stein), so that what is not
    certain of the head moves nobody from the mean.

    Args:
        size: with a line (`distrust` says nothing against it).
        log_ratio: as in `predictions.csv`, corrected by the bias.
    """
    assert size.mean is not None
    assert size.spread is not None
    assert size.slope is not None
    assert size.slope_error is not None
    assert size.line_sd is not None
    apart = log_ratio - size.mean
    error = size.line_sd**2 * (1 + 1 / size.n_patients) + (size.slope_error * apart) ** 2
    sure = max(0.0, 1 - (size.slope_error / size.slope) ** 2) if size.slope > 0 else 0.0
    middle = size.mean + min(size.slope, 1.0) * sure * apart
    return PriorSize(middle, sqrt(error), size.mean, size.spread, SIZE_TARGET_DAY)


def _of_bundle(manifest: Manifest) -> str:
    """Why a bundle says nothing of any patient's size."""
    if "size" not in manifest.heads:
        return "no_size_head: the bundle was not trained to predict tumour size"
    return distrust(manifest.size)


def distrust(size: SizeResiduals | None) -> str:
    """Why sizes of a head with this error move no prior; "" where they may."""
    if size is None:
        return "error_not_known: fewer than ten training patients had a scan near week 8"
    if size.mean is None or size.spread is None or size.slope is None or size.slope_error is None:
        return "error_not_known: the bundle was exported before the error of its sizes was kept; export the model again"
    least = float(student.ppf(_ONE_SIDED, max(size.n_patients - 2, 1))) * size.slope_error
    if size.spread <= 0 or size.slope <= least:
        return (
            "tells_nobody_apart: on patients that it had not seen its sizes are not told from chance (slope "
            f"{size.slope:.2f}, standard error {size.slope_error:.2f}, {size.n_patients} patients)"
        )
    return ""


def _of_course(rows: list[PredictionRow], study: Study, arm: str) -> str:
    """Why these rows are not those of one course of the treatment of the scans."""
    if not rows:
        return "no_course: the study has no such treatment course of this patient"
    if len(rows) > 1:
        return f"course_not_named: the patient has {len(rows)} courses, and it is not known which one the scans are of"
    courses = course_table(study)
    known = courses.index == rows[0].course_id
    drugs = str(courses["regimen"][known].iloc[0]) if known.any() else ""
    if arm and drugs and treatment_key(arm) != treatment_key(drugs):
        return f"other_treatment: the scans are of {arm[:60]}, the course {rows[0].course_id} of {drugs[:60]}"
    return ""


def _of_row(row: PredictionRow) -> str:
    """Why nothing is said of this patient's size."""
    if row.size_log_ratio is None:
        return f"{row.status}: {row.reason or 'no number'}"
    if any(found.code == "unlike_training" for found in row.findings):
        return "out_of_domain: the patient is unlike those whom the model learnt from"
    return ""
