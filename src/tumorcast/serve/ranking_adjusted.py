"""Contrasts of candidates beside the adjusted ones of their families, where the bundle has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tumorcast.biology.regimens.cancers import are_related, code_of
from tumorcast.biology.treatment_families import treatment_key
from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.contrast import Adjusted, Contrast
from tumorcast.evaluation.causal.effects import Effects, OutcomeEffects


def with_adjusted(
    contrasts: Sequence[Contrast],
    candidates: Sequence[Candidate],
    effects: Effects | None,
    cancer: str,
    outcome: str = "response",
) -> tuple[Contrast, ...]:
    """Each with what the bundle says of the two families; a tie where that does not lie above 0, and where it says
    nothing of these two families of drugs, though it does of others: they could not be compared.

    Args:
        effects: of the bundle; None: nothing is adjusted.
        cancer: OncoTree code that is asked for.
        outcome: that the candidates are compared by.
    """
    known = None if effects is None else effects_of(effects, cancer, outcome)
    if known is None:
        return tuple(contrasts)
    family = {one.key: treatment_key(drug.cls for drug in one.drugs) for one in candidates}
    return tuple(_with(one, known, family[one.first], family[one.second]) for one in contrasts)


def effects_of(effects: Effects, cancer: str, outcome: str = "response") -> OutcomeEffects | None:
    """Of the cancer type itself, else of the one type that holds it or that it holds; the outcome before others."""
    found = [(code, one) for one in effects.outcomes if (code := code_of(one.cancer)) is not None]
    own = [one for code, one in found if code == cancer]
    related = [one for code, one in found if are_related(code, cancer)]
    if not own and len({one.cancer for one in related}) != 1:
        return None
    return min(own or related, key=lambda one: (one.outcome != outcome, -one.n))


def _with(contrast: Contrast, known: OutcomeEffects, first: str, second: str) -> Contrast:
    told = known.contrast(first, second)
    if told is None or told.difference is None or told.low is None or told.high is None:
        if first == second:
            return contrast
        why = told.reason if told is not None and told.reason else "too few training patients of one of them"
        reason = f"{first} and {second} tie: no adjusted difference of them, {why}"
        return replace(contrast, unsupported=reason, is_tie=True)
    adjusted = Adjusted(
        first, second, known.outcome, known.horizon, known.n, known.n_measured,
        told.difference, told.low, told.high, told.e_value, told.e_bound,
    )  # fmt: skip
    return replace(contrast, adjusted=adjusted, is_tie=contrast.is_tie or told.low <= 0)
