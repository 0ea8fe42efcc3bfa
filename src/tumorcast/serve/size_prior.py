"""A bundle's word for the twin's prior of one patient: its head `size`, with its error on patients it had not seen."""

from __future__ import annotations

from math import sqrt

from scipy.stats import norm

from tumorcast.clinic.twin.prior_size import ModelPrior, PriorSize
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

_ONE_SIDED = float(norm.ppf(0.95))
_FARTHEST = 1e-3


def size_prior(
    bundle: Bundle,
    study: Study,
    patient_id: str,
    request: Request,
    predictor: BundlePredictor | None = None,
    shared: Shared | None = None,
) -> ModelPrior:
    """Of the patient's last course; refused where the bundle cannot say, or the guards let it say nothing.

    Raises:
        InputError: the study has no such patient.
    """
    source = bundle.manifest.model_id
    if why := _of_bundle(bundle.manifest):
        return ModelPrior(source, None, why)
    shared = shared or Shared(study, bundle.prepared)
    own = predict_with(bundle, study.keep([patient_id]), request, None, predictor, shared)
    rows = [row for row in own.rows if row.patient_id == patient_id]
    if not rows:
        return ModelPrior(source, None, "no_course: the study has no treatment course of this patient")
    if why := _of_row(rows[-1]):
        return ModelPrior(source, None, why)
    size, value = bundle.manifest.size, rows[-1].size_log_ratio
    assert size is not None
    assert value is not None
    mark = watermark_of(bundle.manifest, study.origin, request.demonstrate)
    said = calibrated(size, value)
    return ModelPrior(source, said, "", mark)


def calibrated(size: SizeResiduals, log_ratio: float) -> PriorSize:
    """What held-out patients make of a prediction: the line of observed on predicted, with its own uncertainty.

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
    sd = min(sqrt(error), size.spread * (1 - _FARTHEST))
    return PriorSize(size.mean + size.slope * apart, sd, size.mean, size.spread, SIZE_TARGET_DAY)


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
    if size.spread <= 0 or size.slope - _ONE_SIDED * size.slope_error <= 0:
        return (
            "tells_nobody_apart: on patients that it had not seen its sizes are not told from chance (slope "
            f"{size.slope:.2f}, standard error {size.slope_error:.2f}, {size.n_patients} patients)"
        )
    return ""


def _of_row(row: PredictionRow) -> str:
    """Why nothing is said of this patient's size."""
    if row.size_log_ratio is None:
        return f"{row.status}: {row.reason or 'no number'}"
    if any(found.code == "unlike_training" for found in row.findings):
        return "out_of_domain: the patient is unlike those whom the model learnt from"
    return ""
