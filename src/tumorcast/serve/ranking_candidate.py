"""One candidate of a ranking: what the network says, on what evidence, and what sources say beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tumorcast.biology.combinations.independent import independent_response
from tumorcast.biology.drugs import Agent
from tumorcast.biology.regimens.access import availability_of
from tumorcast.biology.regimens.cautions import Fact, cautions_of
from tumorcast.biology.regimens.regimen import Dose, Regimen, Source, Statement
from tumorcast.clinic.ranking.candidate import Candidate, Estimate, Months, OverlapFact, Reference, Tier
from tumorcast.clinic.ranking.order import LEVEL, count_reach
from tumorcast.clinic.ranking.stated import CautionFact, Cited, DoseText, Drug, Entry, Stated
from tumorcast.clinic.ranking.words import NO_SYNERGY
from tumorcast.evaluation.probability_interval import probability_interval
from tumorcast.readers.lesion_units import DAYS_PER_MONTH
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.candidates import CandidateAnswer
from tumorcast.serve.ranking_evidence import (
    TrainingTreatments,
    effective_patients,
    is_combination,
    overlap_of,
    tier_of,
)

_CORRELATIONS = (0.0, 0.3, 0.6)
"""Of responses to two drugs between patients: not known, so a range of them (Palmer and Sorger 2017)."""
_NO_SOURCE = Source("", "in no formulary: given to training patients", "")
_CAPPED = (
    "independent action of its parts, no synergy assumed: the network's own number is higher, and no data of the "
    "combination itself show that"
)
SINGLE_ARM = "no number: {arm} is the only regimen that enough training patients received"
UNSEEN_COMBINATION = (
    "no number: no training patient received this combination, and independent action of its parts has no number "
    "either to set beside the network's"
)
_NOT_SEEN = "no number: {told}"


def candidate_of(
    bundle: Bundle,
    answer: CandidateAnswer,
    regimens: Sequence[Regimen],
    seen: TrainingTreatments,
    facts: Mapping[str, Fact],
    line: float,
) -> Candidate:
    """The candidate, without group and reference.

    Args:
        regimens: of the formulary that are this set of drugs; may be none.
        line: of the course, NaN unknown.
    """
    tier, tier_text = tier_of(answer.agents, seen)
    found = overlap_of(bundle, answer.agents, answer.course, line, seen)
    reason = _abstains(answer, tier, tier_text, found, seen)
    has_number = not reason
    row = answer.row
    bare = Regimen(answer.key, tuple(map(Dose, answer.agents)), (), "", (), _NO_SOURCE)
    first = regimens[0] if regimens else bare
    return Candidate(
        key=answer.key,
        name=first.name,
        kind=first.kind,
        drugs=tuple(Drug(agent.name, agent.cls, agent.targets) for agent in answer.agents),
        is_standard=any(one.standard is not None for one in regimens),
        is_cell_therapy=first.is_cell_therapy,
        entries=tuple(_entry(one) for one in regimens),
        has_number=has_number,
        reason=reason,
        response=_response(bundle, answer, tier, seen) if has_number else None,
        risk=row.risk if has_number and _is_number(row.risk) else None,
        time=_median(bundle, row.risk) if has_number and found.support in ("overlap", "counts") else None,
        tier=tier,
        tier_text=tier_text,
        n_here=seen.here.get(answer.key, 0),
        n_effective=effective_patients(bundle, answer.agents, seen),
        n_elsewhere=seen.elsewhere.get(answer.key, 0),
        overlap=found,
        group=None,
        reference=None,
        cautions=tuple(
            CautionFact(
                c.caution.drug, c.caution.kind, c.caution.flag, c.state, c.caution.source, c.caution.date
            )
            for c in cautions_of(first, facts)
        ),
        availability=_stated(one for regimen in regimens or [bare] for one in availability_of(regimen)),
        cost=_stated(one for regimen in regimens for one in regimen.cost),
        flags=row.flags,
    )


def with_reference(candidate: Candidate, parts: Sequence[Candidate]) -> Candidate:
    """With what independent action of its parts expects, where each of them has a number.

    A number of the network's own that is higher says synergy of which there are no data: the reference stands instead.
    A combination that nobody received and that has no reference has no number.
    """
    numbers = [part.response.value for part in parts if part.response is not None]
    if not candidate.has_number:
        return candidate
    if len(parts) < 2 or len(numbers) < len(parts):
        is_unseen = candidate.tier == "extrapolated" and is_combination(drug.cls for drug in candidate.drugs)
        return _without_number(candidate, UNSEEN_COMBINATION) if is_unseen else candidate
    expected = [float(independent_response(numbers, correlation)) for correlation in _CORRELATIONS]
    keys = tuple(part.key for part in parts)
    reference = Reference(expected[1], min(expected), max(expected), keys, NO_SYNERGY)
    own = candidate.response
    if own is not None and own.value > reference.high:
        own = Estimate(reference.value, reference.low, reference.high, _CAPPED)
    return replace(candidate, reference=reference, response=own)


def _without_number(candidate: Candidate, reason: str) -> Candidate:
    return replace(candidate, has_number=False, reason=reason, response=None, risk=None, time=None)


def _abstains(
    answer: CandidateAnswer, tier: Tier, tier_text: str, overlap: OverlapFact, seen: TrainingTreatments
) -> str:
    """Why there is no number; "" where there is one."""
    row = answer.row
    if row.status in ("refused", "not_predicted"):
        return f"no number: {row.reason}"
    if tier == "not_seen":
        return _NOT_SEEN.format(told=tier_text)
    if seen.single_arm and answer.key != seen.single_arm:
        return SINGLE_ARM.format(arm=seen.single_arm)
    if overlap.support == "none":
        return f"no number: no overlap; {overlap.text}"
    if not _is_number(row.probability) and not _is_number(row.risk):
        return "no number: the model has none for it"
    return ""


def _response(
    bundle: Bundle, answer: CandidateAnswer, tier: Tier, seen: TrainingTreatments
) -> Estimate | None:
    value = answer.row.probability
    if value is None or not np.isfinite(value):
        return None
    if tier != "seen_here":
        return Estimate(value, None, None, "No interval: no training patient of this cancer received it")
    n = seen.here[answer.key]
    reach = count_reach(value, effective_patients(bundle, answer.agents, seen))
    low, high = max(value - reach, 0.0), min(value + reach, 1.0)
    method = f"{LEVEL:.0%}: what {n} training patients who received it leave open"
    if bundle.trust is None:
        return Estimate(value, low, high, f"{method}; not calibrated")
    found = probability_interval(bundle.trust, answer.raw)
    told = f"{method}, or the calibration on held-out patients, whichever is wider"
    return Estimate(value, min(low, found.low), max(high, found.high), told)


def _median(bundle: Bundle, risk: float | None) -> Months | None:
    """Where the curve of this risk and its band reach a half; None without curves."""
    record = bundle.survival
    if record is None or risk is None or not np.isfinite(risk):
        return None
    curve = record.curve(risk)
    low, high = replace(curve, survival=curve.low), replace(curve, survival=curve.high)
    median, early, late = (_months(one.median_days()) for one in (curve, low, high))
    method = (
        f"{record.endpoint} of {record.n_patients} training patients; the band is of baseline and calibration of the "
        f"risk, nothing is said beyond {record.horizon / DAYS_PER_MONTH:.1f} months"
    )
    return Months(record.endpoint, median, early, late, method)


def _months(days: float | None) -> float | None:
    return None if days is None else days / DAYS_PER_MONTH


def _entry(regimen: Regimen) -> Entry:
    return Entry(
        name=regimen.name,
        setting=regimen.setting,
        lines=regimen.lines,
        cancers=regimen.cancers,
        biomarker=regimen.biomarker,
        cycle_days=regimen.cycle_days,
        route=regimen.route,
        doses=tuple(DoseText(dose.agent.name, dose.text) for dose in regimen.doses),
        source=_cited(regimen.source),
        standard=None if regimen.standard is None else _cited(regimen.standard),
        origin=regimen.origin,
    )


def _cited(source: Source) -> Cited:
    return Cited(source.key, source.citation, source.doi, source.date)


def _stated(statements: Iterable[Statement]) -> tuple[Stated, ...]:
    return tuple(dict.fromkeys(Stated(one.text, one.source, one.date) for one in statements))


def _is_number(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def agents_by_name(regimens: Sequence[Regimen]) -> dict[str, Agent]:
    """Every drug of these regimens."""
    return {agent.name: agent for regimen in regimens for agent in regimen.agents}
