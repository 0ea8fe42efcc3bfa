"""Candidates -> the record: which of them are compared, their contrasts, groups of ties, and why there is no order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from tumorcast.clinic.ranking import words
from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.contrast import Contrast
from tumorcast.clinic.ranking.order import LEVEL, Compared, contrasts_of, tie_groups
from tumorcast.clinic.ranking.record import (
    RESPONSE,
    SCHEMA_VERSION,
    Interaction,
    Model,
    Outcome,
    Prognosis,
    Ranking,
    Subject,
)
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.candidates import CandidateAnswers
from tumorcast.serve.ranking_adjusted import with_adjusted
from tumorcast.serve.ranking_evidence import FEWEST, TrainingTreatments
from tumorcast.serve.ranking_numbers import counted_patients, outcome_of

_ROUNDED_AWAY = 0.005
"""A difference of two shares that moves by less is the same number on the page (whole percent)."""
_STEEPEST = {"response": 0.25}
_STEEPEST_SURVIVAL = 0.368
"""Most that a share changes by a logit (p (1 - p)), or by a unit of log-risk (-S log S, 1/e)."""


@dataclass(frozen=True)
class _Order:
    reason: str
    compared: tuple[Compared, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()


def ordered(
    bundle: Bundle,
    subject: Subject,
    found: Sequence[Candidate],
    answers: CandidateAnswers,
    seen: TrainingTreatments,
) -> Ranking:
    """The record without facts about the patient."""
    outcome = outcome_of(bundle)
    order = _order_of(bundle, subject.cancer, found, seen, outcome)
    group_of = {key: number for number, group in enumerate(order.groups, start=1) for key in group}
    placed = [replace(one, group=group_of.get(one.key)) for one in found]
    has_number = any(one.has_number for one in found)
    told = bundle.manifest
    return Ranking(
        schema=SCHEMA_VERSION,
        subject=subject,
        model=Model(told.model_id, told.training_data, told.n_patients, seen.n_of_cancer),
        status="compared" if order.compared else "no_order" if has_number else "refused",
        reason=order.reason,
        watermark=answers.watermark,
        statement=words.STATEMENT,
        prognosis=_prognosis(order.compared),
        interaction=_interaction(answers.interaction, order.contrasts, outcome or RESPONSE),
        candidates=tuple(sorted(placed, key=_place)),
        contrasts=order.contrasts,
        tie_groups=order.groups,
        level=LEVEL,
        facts=(),
        left_out=(),
        limits=(words.SIMULATED, *words.LIMITS) if told.training_data == "simulated" else words.LIMITS,
        outcome=outcome or RESPONSE,
    )


def _order_of(
    bundle: Bundle, cancer: str, found: Sequence[Candidate], seen: TrainingTreatments, outcome: Outcome | None
) -> _Order:
    compared = tuple(
        Compared(
            one.key,
            one.number.value,
            counted_patients(bundle, one.n_effective),
            one.number.low,
            one.number.high,
        )
        for one in found
        if one.number is not None and one.overlap.support in ("overlap", "counts")
    )
    reason = _why_no_order(found, compared, seen, outcome)
    if reason or outcome is None:
        return _Order(reason)
    contrasts = with_adjusted(contrasts_of(compared), found, bundle.effects, cancer, outcome.name)
    return _Order("", compared, contrasts, tie_groups(compared, contrasts))


def _why_no_order(
    found: Sequence[Candidate],
    compared: Sequence[Compared],
    seen: TrainingTreatments,
    outcome: Outcome | None,
) -> str:
    """Why candidates are not put in order; "" where at least two are."""
    if not any(one.has_number for one in found):
        reasons = list(dict.fromkeys(one.reason.removeprefix("no number: ") for one in found))
        return reasons[0] if len(reasons) == 1 else "no candidate has a number; each says why"
    if seen.single_arm:
        return (
            f"{seen.single_arm} is the only regimen that {FEWEST} or more training patients received: data of a single "
            "arm say nothing about the difference between regimens"
        )
    if not seen.here:
        return (
            "no training patient is known to have had this cancer (the training study's column CANCER_TYPE or "
            "ONCOTREE_CODE): no contrast is supported"
        )
    if outcome is None:
        return "the model has no response head and its bundle no curves: a log-risk alone is not compared"
    if len(compared) < 2:
        return (
            f"fewer than two candidates were given to {FEWEST} training patients of this cancer, with overlap: no "
            "contrast is supported"
        )
    return ""


def _place(one: Candidate) -> tuple[bool, float, str, str]:
    """Standards first, then groups, then by name; those without a number last of their own."""
    rank = float("inf") if one.group is None else float(one.group)
    return (
        not one.is_standard,
        rank if one.has_number else float("inf"),
        "" if one.has_number else "~",
        one.name.lower(),
    )


def _prognosis(compared: Sequence[Compared]) -> Prognosis | None:
    if not compared:
        return None
    values = [one.probability for one in compared]
    told = (
        f"Under every regimen compared: {words.percent(min(values))} to {words.percent(max(values))}, mean "
        f"{words.percent(fmean(values))}. That level is this patient's prognosis; it speaks for no regimen."
    )
    return Prognosis(fmean(values), min(values), max(values), told)


def _interaction(moved: float | None, contrasts: Sequence[Contrast], outcome: Outcome) -> Interaction:
    """Additive: where the tumour moves differences by less than the page rounds away, whatever the shares are."""
    if not contrasts:
        return Interaction(None, None, words.NOT_COMPARED)
    if moved is None:
        return Interaction(None, None, words.interaction_text(None, None))
    points = moved * _STEEPEST.get(outcome.name, _STEEPEST_SURVIVAL)
    is_additive = points < _ROUNDED_AWAY
    open_points = min((one.high - one.low) / 2 for one in contrasts)
    return Interaction(moved, is_additive, words.interaction_text(points, is_additive, open_points))
