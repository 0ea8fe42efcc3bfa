"""Numbers of a candidate: response, or without such a head the share without the event, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tumorcast.clinic.ranking.candidate import Estimate, Months, Tier
from tumorcast.clinic.ranking.order import LEVEL, count_reach
from tumorcast.clinic.ranking.record import RESPONSE, Outcome
from tumorcast.evaluation.probability_interval import probability_interval
from tumorcast.evaluation.survival_curves import SurvivalRecord
from tumorcast.readers.lesion_units import DAYS_PER_MONTH
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.candidates import CandidateAnswer
from tumorcast.serve.ranking_evidence import TrainingTreatments, effective_patients

_RESPONSE_HEADS = {"response", "ordinal"}
_MONTHS = (12.0, 6.0, 3.0)
NOT_RECEIVED = "No interval: no training patient of this cancer received it"


@dataclass(frozen=True)
class Numbers:
    """Of one candidate; None where there is none (`Candidate` says what each is)."""

    response: Estimate | None = None
    event_free: Estimate | None = None
    risk: float | None = None
    time: Months | None = None


def outcome_of(bundle: Bundle) -> Outcome | None:
    """What regimens are compared by: the response; without such a head the share without the event at month 12, else
    6, 3, or the last that its curves reach; None where the model has neither."""
    if _RESPONSE_HEADS & set(bundle.manifest.heads):
        return RESPONSE
    if bundle.survival is None:
        return None
    reach = bundle.survival.horizon / DAYS_PER_MONTH
    month = next((month for month in _MONTHS if month <= reach), np.floor(10 * reach) / 10)
    return Outcome(bundle.survival.endpoint, float(month))


def numbers_of(
    bundle: Bundle, answer: CandidateAnswer, tier: Tier, seen: TrainingTreatments, has_contrast: bool
) -> Numbers:
    """What the model says of a candidate that it may speak of.

    Args:
        has_contrast: a contrast of it is supported: the median is told.
    """
    risk, outcome = answer.row.risk, outcome_of(bundle)
    if not is_number(risk):
        risk = None
    curves = bundle.survival if risk is not None else None
    return Numbers(
        response=_response(bundle, answer, tier, seen),
        event_free=None
        if risk is None or curves is None or outcome in (None, RESPONSE)
        else _event_free(bundle, curves, risk, answer, tier, seen),
        risk=risk,
        time=_median(curves, risk) if curves is not None and risk is not None and has_contrast else None,
    )


def counted_patients(bundle: Bundle, effective: float) -> float:
    """How many patients' worth they tell of the outcome: of shares without an event, by the share of events seen."""
    outcome = outcome_of(bundle)
    if outcome in (None, RESPONSE) or bundle.survival is None:
        return effective
    return effective * _followed(bundle.survival)


def is_number(value: float | None) -> bool:
    """Whether there is one."""
    return value is not None and bool(np.isfinite(value))


def _response(
    bundle: Bundle, answer: CandidateAnswer, tier: Tier, seen: TrainingTreatments
) -> Estimate | None:
    value = answer.row.probability
    if value is None or not np.isfinite(value):
        return None
    if tier != "seen_here":
        return Estimate(value, None, None, NOT_RECEIVED)
    reach = count_reach(value, effective_patients(bundle, answer.agents, seen))
    low, high = max(value - reach, 0.0), min(value + reach, 1.0)
    method = f"{LEVEL:.0%}: what {seen.here[answer.key]} training patients who received it leave open"
    if bundle.trust is None:
        return Estimate(value, low, high, f"{method}; not calibrated")
    found = probability_interval(bundle.trust, answer.raw)
    told = f"{method}, or the calibration on held-out patients, whichever is wider"
    return Estimate(value, min(low, found.low), max(high, found.high), told)


def _event_free(
    bundle: Bundle,
    curves: SurvivalRecord,
    risk: float,
    answer: CandidateAnswer,
    tier: Tier,
    seen: TrainingTreatments,
) -> Estimate | None:
    outcome = outcome_of(bundle)
    if outcome is None or outcome.month is None:
        return None
    said = curves.curve(risk).at(min(outcome.month * DAYS_PER_MONTH, curves.horizon))
    if said is None:
        return None
    value, early, late = said
    if tier != "seen_here":
        return Estimate(value, None, None, NOT_RECEIVED)
    reach = count_reach(value, counted_patients(bundle, effective_patients(bundle, answer.agents, seen)))
    method = (
        f"{LEVEL:.0%}: what {seen.here[answer.key]} training patients who received it leave open, or the band of the "
        "curve, whichever is wider"
    )
    return Estimate(value, max(min(value - reach, early), 0.0), min(max(value + reach, late), 1.0), method)


def _followed(curves: SurvivalRecord) -> float:
    """Share of the events up to the horizon that were seen: the rest is censored, and tells less."""
    expected = 1 - float(np.exp(-curves.cumulative[-1]))
    return min(1.0, curves.n_events / curves.n_patients / max(expected, 1e-9))


def _median(curves: SurvivalRecord, risk: float) -> Months:
    """Where the curve of this risk and its band reach a half."""
    curve = curves.curve(risk)
    low, high = replace(curve, survival=curve.low), replace(curve, survival=curve.high)
    median, early, late = (_months(one.median_days()) for one in (curve, low, high))
    method = (
        f"{curves.endpoint} of {curves.n_patients} training patients; the band is of baseline and calibration of the "
        f"risk, nothing is said beyond {curves.horizon / DAYS_PER_MONTH:.1f} months"
    )
    return Months(curves.endpoint, median, early, late, method)


def _months(days: float | None) -> float | None:
    return None if days is None else days / DAYS_PER_MONTH
