"""iRECIST: progression is unconfirmed (iUPD) until a later assessment shows further growth (Seymour et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tumorcast.biology.recist.best import BestResponse, Dated, ResponseRules, best_of
from tumorcast.biology.recist.lesions import Assessment, PatientLesions
from tumorcast.biology.recist.overall import overall_response
from tumorcast.biology.recist.points import TimePoint, time_points

FURTHER_MM = 5.0
LEAST_DAYS, MOST_DAYS = 28.0, 56.0
_ROUNDING = 1e-9
_FREE = ("iCR", "iPR", "iSD", "NON-iCR/NON-iUPD")


@dataclass(frozen=True)
class ImmunePoint:
    """iRECIST at one assessment.

    Attributes:
        point: RECIST 1.1 of the same assessment.
        response: iCR, iPR, iSD, NON-iCR/NON-iUPD, iUPD, iCPD, NE or NED.
        why: its grounds.
        progression_day: of the iUPD that this assessment confirms or continues; None otherwise.
        is_after_progression: an earlier assessment was iCPD.
    """

    point: TimePoint
    response: str
    why: str
    progression_day: float | None = None
    is_after_progression: bool = False


@dataclass(frozen=True)
class Unconfirmed:
    """An open iUPD: when it was, what it rests on, and what further growth is measured against.

    Attributes:
        day: of the first assessment that showed it.
        causes: "target", "non_target", "new"; disease seen again after a complete response counts with its kind.
        sum_mm: smallest target sum since then; None where none is complete.
        non_target: ids of its non-target lesions. new: of its new lesions.
        new_mm: smallest size of each new lesion that was measured.
    """

    day: float
    causes: frozenset[str]
    sum_mm: float | None
    non_target: frozenset[str]
    new: frozenset[str]
    new_mm: Mapping[str, float]


def immune_points(patient: PatientLesions) -> tuple[ImmunePoint, ...]:
    """iRECIST at each assessment after baseline.

    An iUPD is confirmed at the next assessment that can be evaluated, four weeks or more later, by: 5 mm more
    of the target sum or of the sum of measured new lesions (against the smallest such sum since the iUPD),
    "increased" non-target or new lesions, more new lesions, or progression of a kind that the iUPD did not
    rest on. It is dropped where target, non-target and new lesions are progressive no longer; then
    progression has to come again, from the nadir.
    """
    made: list[ImmunePoint] = []
    pending: Unconfirmed | None = None
    is_over = False
    for point in time_points(patient):
        now = _unconfirmed(patient, point)
        one = _judged(patient, point, pending, now)
        made.append(replace(one, is_after_progression=is_over))
        is_over = is_over or one.response == "iCPD"
        if one.response == "iUPD":
            pending = now if pending is None else _joined(pending, now)
        elif one.response not in ("NE", "iCPD"):
            pending = None
    return tuple(made)


def _judged(
    patient: PatientLesions, point: TimePoint, pending: Unconfirmed | None, now: Unconfirmed
) -> ImmunePoint:
    if pending is None:
        if now.causes:
            return ImmunePoint(point, "iUPD", f"first progression: {point.why or 'new lesion'}", now.day)
        return _not_progressive(point)
    further = _further(patient, point, pending, now)
    waited = point.assessment.first_day - pending.day
    if further and waited >= LEAST_DAYS - _ROUNDING:
        late = "" if waited <= MOST_DAYS else f", {waited:.0f} days after it (later than 8 weeks)"
        return ImmunePoint(point, "iCPD", f"{further} since day {pending.day:g}{late}", pending.day)
    if further:
        told = f"{further}, but only {waited:.0f} days after the iUPD: 28 are needed"
        return ImmunePoint(point, "iUPD", told, pending.day)
    if now.causes:
        return ImmunePoint(point, "iUPD", "still progressive, no further growth", pending.day)
    unknown = _unknown(patient, point.assessment, pending)
    if unknown:
        return ImmunePoint(point, "NE", f"{unknown}, of the iUPD, not evaluated", pending.day)
    made = _not_progressive(point)
    if made.response == "NE":
        return replace(made, progression_day=pending.day)
    return replace(made, why=f"{made.why}; the iUPD of day {pending.day:g} is dropped")


def _not_progressive(point: TimePoint) -> ImmunePoint:
    plain = overall_response(
        "SD" if point.target == "PD" else point.target,
        "NON-CR/NON-PD" if point.non_target == "PD" else point.non_target,
        False,
    )
    words = {"NE": "NE", "NED": "NED", "NON-CR/NON-PD": "NON-iCR/NON-iUPD"}
    return ImmunePoint(point, words.get(plain, f"i{plain}"), point.why)


def _unconfirmed(patient: PatientLesions, point: TimePoint) -> Unconfirmed:
    """What an iUPD at this assessment would rest on; no causes where it is not progressive."""
    non_target = frozenset(
        one.id
        for one in patient.of_kind("non_target")
        if one.id in point.again or point.assessment.of(one).state == "progressed"
    )
    causes = {
        "target": point.target == "PD" or any(one.id in point.again for one in patient.of_kind("target")),
        "non_target": bool(non_target),
        "new": bool(point.new),
    }
    known = None if point.sums is None or point.sums.missing else point.sums.sum_mm
    sizes = {one.id: point.assessment.of(one).counted_mm() for one in patient.of_kind("new")}
    measured = {name: size for name, size in sizes.items() if size is not None}
    return Unconfirmed(
        point.assessment.first_day, frozenset(name for name, is_so in causes.items() if is_so), known,
        non_target, frozenset(point.new), measured,
    )  # fmt: skip


def _joined(before: Unconfirmed, now: Unconfirmed) -> Unconfirmed:
    """An iUPD that goes on: its first day, all that it rests on, the smallest sizes to grow from."""
    known = [each for each in (before.sum_mm, now.sum_mm) if each is not None]
    new_mm = {
        name: min(each.get(name, math.inf) for each in (before.new_mm, now.new_mm))
        for name in {**before.new_mm, **now.new_mm}
    }
    return Unconfirmed(
        before.day, before.causes | now.causes, min(known) if known else None,
        before.non_target | now.non_target, before.new | now.new, new_mm,
    )  # fmt: skip


def _further(patient: PatientLesions, point: TimePoint, before: Unconfirmed, now: Unconfirmed) -> str:
    """What grew further, in words; "" nothing. A sum without some lesions may show growth, never be grown from."""
    grounds, seen = [], point.assessment
    if before.sum_mm is not None and point.sums is not None and "target" in before.causes & now.causes:
        grown = point.sums.sum_mm - before.sum_mm
        grounds += [f"target sum {grown:+.1f} mm"] if grown >= FURTHER_MM - _ROUNDING else []
    increased = {one.kind for one in patient.lesions if seen.of(one).state == "increased"}
    grounds += ["non-target increased"] if "non_target" in increased & before.causes else []
    if "new" in before.causes:
        grown = sum(
            now.new_mm[name] - before.new_mm[name] for name in before.new_mm.keys() & now.new_mm.keys()
        )
        grounds += ["more new lesions"] if now.new - before.new else []
        grounds += ["new lesions increased"] if "new" in increased else []
        grounds += [f"new lesions {grown:+.1f} mm"] if grown >= FURTHER_MM - _ROUNDING else []
    other = sorted(now.causes - before.causes)
    grounds += [f"progression of another kind ({', '.join(other)})"] if other else []
    return ", ".join(grounds)


def _unknown(patient: PatientLesions, seen: Assessment, before: Unconfirmed) -> str:
    """Non-target and new lesions that the iUPD rests on and that were not evaluated."""
    lesions = (one for one in patient.lesions if one.id in before.non_target | before.new)
    return ", ".join(one.id for one in lesions if seen.of(one).is_seen(one.is_node) is None)


def immune_best_response(points: Sequence[ImmunePoint], rules: ResponseRules | None = None) -> BestResponse:
    """iBOR: the best from the start until iCPD; an iUPD that is never confirmed nor dropped stands as iUPD."""
    rules = rules or ResponseRules()
    counted = [one for one in points_until(points, rules.last_day) if not one.is_after_progression]
    best = best_of([_dated(one) for one in counted], rules, (*_FREE, "iCPD"))
    if best.response == "NE" and counted and counted[-1].progression_day is not None:
        return BestResponse("iUPD", counted[-1].progression_day, "never confirmed, never dropped")
    return best


def points_until(points: Sequence[ImmunePoint], last_day: float | None) -> list[ImmunePoint]:
    """Assessments that began on `last_day` at the latest (another treatment began); None all."""
    return [one for one in points if last_day is None or one.point.assessment.first_day <= last_day]


def _dated(one: ImmunePoint) -> Dated:
    seen = one.point.assessment
    if one.response in _FREE:
        return Dated(one.response, seen.last_day)
    return Dated(one.response, seen.first_day if one.progression_day is None else one.progression_day)
