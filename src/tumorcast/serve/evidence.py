"""What a prediction rests on: its probability with an interval, what each layer adds, which layers there are."""

from __future__ import annotations

import numpy as np

from tumorcast.clinic.report.record import Contribution, Pattern, Response, Survival
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.predict import Answer
from tumorcast.serve.rows import PredictionRow
from tumorcast.serve.session import Prediction

BASELINE = "baseline"
_EDGE = 1e-6


def response_of(bundle: Bundle, row: PredictionRow) -> Response | None:
    """The probability; None where the model has no such head."""
    if row.probability is None or not np.isfinite(row.probability):
        return None
    trust = bundle.trust
    return Response(
        probability=row.probability,
        low=None,
        high=None,
        level=0.0,
        interval_method="",
        answers=row.answers,
        alpha=None if trust is None else trust.alpha,
        calibration="",
        base_rate=None,
    )


def survival_of(row: PredictionRow) -> Survival | None:
    """The log-risk; None where the model has no such head."""
    if row.risk is None or not np.isfinite(row.risk):
        return None
    return Survival(row.risk, None)


def contributions_of(bundle: Bundle, answer: Answer) -> tuple[Contribution, ...]:
    """What each modality adds, and what no layer says alone."""
    prepared, course = bundle.prepared, answer.course
    scores = answer.said.single_scores[:, 0].astype(float)
    rest = score_of(answer.said) - float(scores.sum())
    what = "regimen, intercept, and what layers say together"
    found = [Contribution(BASELINE, True, rest, what)]
    for name, value, is_present in zip(prepared.modalities, scores, course.is_present, strict=True):
        told = _detail(prepared, course, name) if is_present else "not measured"
        found.append(Contribution(name, bool(is_present), float(value) if is_present else None, told))
    return tuple(found)


def score_of(said: Prediction) -> float:
    """Logit of the model's own probability; log-risk where there is none."""
    if not np.isfinite(said.probability):
        return said.risk
    probability = min(max(said.probability, _EDGE), 1 - _EDGE)
    return float(np.log(probability / (1 - probability)))


def _detail(prepared: Preprocessor, course: CourseArrays, name: str) -> str:
    if name == "slide":
        return f"{len(course.tiles):,} tiles"
    if name == "mutations":
        tmb = f", {np.expm1(course.burden[1]):.1f} nonsynonymous per Mb" if course.burden[2] > 0 else ""
        count = len(course.graph.node_gene)
        return f"{count} altered gene{'' if count == 1 else 's'} known to the model{tmb}"
    measured = course.is_measured[name]
    return f"{int(measured.sum())} of {len(measured)} values measured"


def pattern_of(answer: Answer) -> Pattern:
    """Which layers the course has."""
    present = zip(answer.given.prepared.modalities, answer.course.is_present, strict=True)
    layers = tuple(name for name, is_present in present if is_present)
    note = "the bundle does not say how many training patients had these layers: not validated for this combination"
    return Pattern(layers, 0, False, note)
