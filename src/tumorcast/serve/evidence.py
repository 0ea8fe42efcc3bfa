"""What a prediction rests on: its probability with an interval, what each layer adds, which layers there are."""

from __future__ import annotations

import numpy as np

from tumorcast.clinic.report.record import Contribution, Response, Survival
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.evaluation.probability_interval import LEVEL, Held, held_out, neighbours, probability_interval
from tumorcast.evaluation.trust import Trust
from tumorcast.metrics.intervals import Interval
from tumorcast.serve.answer import Answer
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.occlusion import score_of
from tumorcast.serve.rows import PredictionRow

BASELINE = "baseline"
_INTERVAL = (
    "Share of responders to be expected among patients with such a score, from how well probabilities fitted {n:.0f} "
    "held-out training patients. It does not say what happens to one patient, and does not cover another hospital, "
    "patients unlike those of training, or other errors of the inputs."
)
_NO_INTERVAL = "No interval: training had too few patients of one answer."
_NOT_CALIBRATED = (
    "Not calibrated: training had too few patients of one answer to say what this probability is worth."
)


def response_of(bundle: Bundle, answer: Answer) -> Response | None:
    """The probability with its interval, its set of answers and what is known of its calibration; None where the model
    has no such head."""
    row, trust = answer.row, bundle.trust
    if row.probability is None or not np.isfinite(row.probability):
        return None
    if trust is None:
        return Response(
            row.probability, None, None, LEVEL, _NO_INTERVAL, row.answers, None, _NOT_CALIBRATED, None
        )
    found = probability_interval(trust, answer.said.probability)
    held = held_out(trust.local_conformal or trust.conformal)
    return Response(
        probability=row.probability,
        low=min(found.low, row.probability),
        high=max(found.high, row.probability),
        level=LEVEL,
        interval_method=_INTERVAL.format(n=held.patients) + _edge(found),
        answers=row.answers,
        alpha=trust.alpha,
        calibration=_calibration(trust, held, row.probability),
        base_rate=held.base_rate,
    )


def _edge(found: Interval) -> str:
    """What it means that the number stands at an end of its interval."""
    if found.value not in (found.low, found.high):
        return ""
    often = "more" if found.value == found.low else "less"
    return f" The number stands at the edge: held-out patients with such scores responded {often} often than it says."


def _calibration(trust: Trust, held: Held, probability: float) -> str:
    """How true such probabilities were on held-out patients."""
    method = trust.calibration.method
    how = "as the model gives it" if method == "none" else f"recalibrated ({method})"
    near = neighbours(trust, probability)
    told = [
        f"The probability is {how}, checked on {held.patients:.0f} patients that the models had not seen.",
        f"Of the {near.count} with the nearest probabilities ({near.low:.0%} to {near.high:.0%}), "
        f"{near.responded.value:.0%} responded (95% interval {near.responded.low:.0%} to {near.responded.high:.0%}).",
    ]
    if trust.local is not None:
        told.append(
            f"Corrected with {trust.local.patients} patients of this hospital ({trust.local.chosen})."
        )
    return " ".join(told)


def survival_of(bundle: Bundle, row: PredictionRow) -> Survival | None:
    """The log-risk; None where the model has no such head."""
    if row.risk is None or not np.isfinite(row.risk):
        return None
    known = None if bundle.comparison is None else bundle.comparison.outputs.get("risk")
    return Survival(row.risk, None if known is None else known.percentile(row.risk))


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


def _detail(prepared: Preprocessor, course: CourseArrays, name: str) -> str:
    if name == "slide":
        return f"{len(course.tiles):,} tiles"
    if name == "mutations":
        tmb = f", {np.expm1(course.burden[1]):.1f} nonsynonymous per Mb" if course.burden[2] > 0 else ""
        count = len(course.graph.node_gene)
        return f"{count} altered gene{'' if count == 1 else 's'} known to the model{tmb}"
    measured = course.is_measured[name]
    return f"{int(measured.sum())} of {len(measured)} values measured"
