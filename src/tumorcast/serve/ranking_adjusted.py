"""Contrasts of candidates beside the adjusted ones of their families, where the bundle has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tumorcast.biology.regimens.cancers import are_related, code_of
from tumorcast.biology.treatment_families import treatment_key
from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.contrast import Adjusted, Contrast
from tumorcast.evaluation.causal.effects import Effects, OutcomeEffects

_FIRST = "response"


def with_adjusted(
    contrasts: Sequence[Contrast], candidates: Sequence[Candidate], effects: Effects | None, cancer: str
) -> tuple[Contrast, ...]:
    """Each with what the bundle says of the two families; a tie where that does not lie above 0.

    Args:
        effects: of the bundle; None: nothing is adjusted.
        cancer: OncoTree code that is asked for.
    """
    known = None if effects is None else effects_of(effects, cancer)
    if known is None:
        return tuple(contrasts)
    family = {one.key: treatment_key(drug.cls for drug in one.drugs) for one in candidates}
    return tuple(_with(one, known, family[one.first], family[one.second]) for one in contrasts)


def effects_of(effects: Effects, cancer: str) -> OutcomeEffects | None:
    """Of the cancer type itself, else of the one type that holds it or that it holds; response before times."""
    found = [(code, one) for one in effects.outcomes if (code := code_of(one.cancer)) is not None]
    own = [one for code, one in found if code == cancer]
    related = [one for code, one in found if are_related(code, cancer)]
    if not own and len({one.cancer for one in related}) != 1:
        return None
    return min(own or related, key=lambda one: (one.outcome != _FIRST, -one.n))


def _with(contrast: Contrast, known: OutcomeEffects, first: str, second: str) -> Contrast:
    told = known.contrast(first, second)
    if told is None or told.difference is None or told.low is None or told.high is None:
        return contrast
    adjusted = Adjusted(
        first, second, known.outcome, known.horizon, known.n, known.n_measured,
        told.difference, told.low, told.high, told.e_value, told.e_bound,
    )  # fmt: skip
    return replace(contrast, adjusted=adjusted, is_tie=contrast.is_tie or told.low <= 0)
