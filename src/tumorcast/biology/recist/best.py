"""Best overall response of a patient, with or without confirmation (RECIST 1.1, section 4.4 and table 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tumorcast.biology.recist.points import TimePoint


@dataclass(frozen=True)
class ResponseRules:
    """What a protocol fixes.

    Attributes:
        is_confirmed: CR and PR need a second assessment (trials whose primary endpoint is response).
        confirm_days: least days between the two: 4 weeks.
        stable_days: least days from the start until stable disease counts: 6 weeks unless the protocol says
            otherwise. start_day: first day of treatment, or randomisation. last_day: later assessments do not
            count (a new treatment began); None all count.
    """

    is_confirmed: bool = False
    confirm_days: float = 28.0
    stable_days: float = 42.0
    start_day: float = 0.0
    last_day: float | None = None


@dataclass(frozen=True)
class BestResponse:
    """Best overall response.

    Attributes:
        day: of the assessment that first showed it, None for NE.
        response_day: on which a complete or partial response was first known: where it has to be confirmed, the day of
            the assessment that did. None: there was none.
    """

    response: str
    day: float | None
    why: str
    response_day: float | None = None


@dataclass(frozen=True)
class Dated:
    """A response with the day on which it counts."""

    response: str
    day: float


def counted(points: Sequence[TimePoint], rules: ResponseRules) -> list[Dated]:
    """Responses up to and with the first progression, before `last_day`."""
    made = []
    for point in points:
        if point.is_after_progression or not _is_in_time(point, rules):
            break
        is_pd = point.overall == "PD"
        made.append(Dated(point.overall, point.assessment.first_day if is_pd else point.assessment.last_day))
    return made


def best_response(points: Sequence[TimePoint], rules: ResponseRules | None = None) -> BestResponse:
    """The best overall response from the start until progression."""
    rules = rules or ResponseRules()
    return best_of(counted(points, rules), rules, ("CR", "PR", "SD", "NON-CR/NON-PD", "PD"))


def best_of(dated: Sequence[Dated], rules: ResponseRules, words: tuple[str, ...]) -> BestResponse:
    """The rules on any criteria's words for complete, partial, stable, non-measurable, progressive disease."""
    return replace(_best_of(dated, rules, words), response_day=_known_day(dated, words[:2], rules))


def _known_day(dated: Sequence[Dated], goal: tuple[str, ...], rules: ResponseRules) -> float | None:
    """When a response was known: nothing of what came after it is used."""
    if not rules.is_confirmed:
        first = _first(dated, goal)
        return None if first is None else first.day
    days = [pair[1].day for pair in _confirmations(dated, goal, rules)]
    return min(days, default=None)


def _best_of(dated: Sequence[Dated], rules: ResponseRules, words: tuple[str, ...]) -> BestResponse:
    complete, partial, stable, other, progressive = words
    for goal in ((complete,), (complete, partial)):
        first = _confirmed(dated, goal, rules) if rules.is_confirmed else _first(dated, goal)
        if first is not None:
            how = "confirmed" if rules.is_confirmed else "first seen"
            return BestResponse(goal[-1], first.day, f"{goal[-1]} {how} on day {first.day:g}")
    is_response = [one for one in dated if one.response in (complete, partial)]
    for one in dated:
        if one.response in (complete, partial, stable) and _lasts(one, rules):
            told = f", {one.response} was not confirmed" if is_response else ""
            return BestResponse(stable, one.day, f"at least {rules.stable_days:g} days from the start{told}")
    lasting = next((one for one in dated if one.response == other and _lasts(one, rules)), None)
    if lasting is not None:
        return BestResponse(other, lasting.day, "no target lesions")
    first = _first(dated, (progressive,))
    if first is not None:
        return BestResponse(
            progressive, first.day, f"progression on day {first.day:g}, nothing better before"
        )
    early = any(one.response in (complete, partial, stable, other) for one in dated)
    why = (
        f"before day {rules.start_day + rules.stable_days:g} only" if early else "nothing could be evaluated"
    )
    none = [one for one in dated if one.response == "NED"]
    return (
        BestResponse("NED", none[0].day, "no disease at baseline") if none else BestResponse("NE", None, why)
    )


def _is_in_time(point: TimePoint, rules: ResponseRules) -> bool:
    return rules.last_day is None or point.assessment.first_day <= rules.last_day


def _first(dated: Sequence[Dated], words: Sequence[str]) -> Dated | None:
    return next((one for one in dated if one.response in words), None)


def _confirmed(dated: Sequence[Dated], goal: tuple[str, ...], rules: ResponseRules) -> Dated | None:
    """The first response that another one confirms."""
    return next((one for one, _ in _confirmations(dated, goal, rules)), None)


def _confirmations(
    dated: Sequence[Dated], goal: tuple[str, ...], rules: ResponseRules
) -> Iterator[tuple[Dated, Dated]]:
    """Responses with the one, at least `confirm_days` later, that repeats them, nothing worse between but NE."""
    for k, one in enumerate(dated):
        if one.response not in goal:
            continue
        for later in dated[k + 1 :]:
            if later.response in goal and later.day - one.day >= rules.confirm_days:
                yield one, later
                break
            if later.response not in (*goal, "NE"):
                break


def _lasts(one: Dated, rules: ResponseRules) -> bool:
    return one.day - rules.start_day >= rules.stable_days
