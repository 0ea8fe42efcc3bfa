"""One candidate of a ranking: what the network says, on what evidence, and what sources say beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tumorcast.biology.combinations.independent import independent_response
from tumorcast.biology.drugs import Agent
from tumorcast.biology.regimens.access import availability_of
from tumorcast.biology.regimens.cautions import Fact, cautions_of
from tumorcast.biology.regimens.regimen import Dose, Regimen, Source, Statement, verification
from tumorcast.clinic.ranking.candidate import Candidate, Estimate, OverlapFact, Reference, Tier
from tumorcast.clinic.ranking.stated import CautionFact, Cited, DoseText, Drug, Entry, Stated
from tumorcast.clinic.ranking.words import NO_SYNERGY
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.candidates import CandidateAnswer
from tumorcast.serve.ranking_evidence import (
    TrainingTreatments,
    effective_patients,
    is_combination,
    overlap_of,
    tier_of,
)
from tumorcast.serve.ranking_numbers import Numbers, is_number, numbers_of

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
    has_contrast = found.support in ("overlap", "counts")
    numbers = Numbers() if reason else numbers_of(bundle, answer, tier, seen, has_contrast)
    bare = Regimen(answer.key, tuple(map(Dose, answer.agents)), (), "", (), _NO_SOURCE)
    first = regimens[0] if regimens else bare
    return Candidate(
        key=answer.key, name=first.name, kind=first.kind,
        drugs=tuple(Drug(agent.name, agent.cls, agent.targets) for agent in answer.agents),
        is_standard=any(one.standard is not None for one in regimens), is_cell_therapy=first.is_cell_therapy,
        entries=tuple(_entry(one) for one in regimens), has_number=not reason, reason=reason,
        response=numbers.response, event_free=numbers.event_free, risk=numbers.risk, time=numbers.time,
        tier=tier, tier_text=tier_text, n_here=seen.here.get(answer.key, 0),
        n_effective=effective_patients(bundle, answer.agents, seen), n_elsewhere=seen.elsewhere.get(answer.key, 0),
        overlap=found, group=None, reference=None, cautions=_cautions(first, facts),
        availability=_stated(one for regimen in regimens or [bare] for one in availability_of(regimen)),
        cost=_stated(one for regimen in regimens for one in regimen.cost), flags=answer.row.flags,
    )  # fmt: skip


def with_reference(candidate: Candidate, parts: Sequence[Candidate]) -> Candidate:
    """With what independent action of its parts expects, where each of them has a number.

    A number of the network's own that is higher says synergy of which there are no data: the reference stands instead.
    A combination that nobody received and that has no reference has no number.
    """
    numbers = [part.number.value for part in parts if part.number is not None]
    if not candidate.has_number:
        return candidate
    if len(parts) < 2 or len(numbers) < len(parts):
        is_unseen = candidate.tier == "extrapolated" and is_combination(drug.cls for drug in candidate.drugs)
        return _without_number(candidate, UNSEEN_COMBINATION) if is_unseen else candidate
    expected = [float(independent_response(numbers, correlation)) for correlation in _CORRELATIONS]
    keys = tuple(part.key for part in parts)
    reference = Reference(expected[1], min(expected), max(expected), keys, NO_SYNERGY)
    own = candidate.number
    if own is None or own.value <= reference.high:
        return replace(candidate, reference=reference)
    capped = Estimate(reference.value, reference.low, reference.high, _CAPPED)
    if candidate.response is not None:
        return replace(candidate, reference=reference, response=capped)
    return replace(candidate, reference=reference, event_free=capped, risk=None, time=None)


def _without_number(candidate: Candidate, reason: str) -> Candidate:
    return replace(
        candidate, has_number=False, reason=reason, response=None, event_free=None, risk=None, time=None
    )


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
    if not is_number(row.probability) and not is_number(row.risk):
        return "no number: the model has none for it"
    return ""


def _cautions(regimen: Regimen, facts: Mapping[str, Fact]) -> tuple[CautionFact, ...]:
    made = ((one.caution, one.state) for one in cautions_of(regimen, facts))
    return tuple(CautionFact(of.drug, of.kind, of.flag, state, of.source, of.date) for of, state in made)


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
        source=_cited(regimen.source, regimen.origin),
        standard=None if regimen.standard is None else _cited(regimen.standard, regimen.origin),
        origin=regimen.origin,
        doses_verification=verification(regimen.doses_check, regimen.origin),
    )


def _cited(source: Source, origin: str) -> Cited:
    return Cited(source.key, source.citation, source.doi, source.date, verification(source.check, origin))


def _stated(statements: Iterable[Statement]) -> tuple[Stated, ...]:
    return tuple(dict.fromkeys(Stated(one.text, one.source, one.date) for one in statements))


def agents_by_name(regimens: Sequence[Regimen]) -> dict[str, Agent]:
    """Every drug of these regimens."""
    return {agent.name: agent for regimen in regimens for agent in regimen.agents}
