"""Progression-free survival from assessments, with the reason of every censoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tumorcast.biology.recist.immune import ImmunePoint, points_until
from tumorcast.biology.recist.points import TimePoint


@dataclass(frozen=True)
class FollowUp:
    """What is known besides the assessments; None unknown or not happened.

    Attributes:
        start_day: first day of treatment, or randomisation: times are counted from it.
        death_day: day of death.
        new_therapy_day: first day of another anticancer treatment.
    """

    start_day: float = 0.0
    death_day: float | None = None
    new_therapy_day: float | None = None


@dataclass(frozen=True)
class ProgressionFree:
    """Time to progression or death.

    Attributes:
        time_days: from the start.
        is_event: True: progression or death happened.
        reason: progression, death, unconfirmed_progression, no_progression, new_therapy, missed_assessments
            or
            no_assessment_after_baseline.
    """

    time_days: float
    is_event: bool
    reason: str


@dataclass(frozen=True)
class _Seen:
    first_day: float
    last_day: float
    is_evaluable: bool


def progression_free(
    points: Sequence[TimePoint], follow_up: FollowUp | None = None, longest_gap_days: float | None = None
) -> ProgressionFree:
    """PFS by RECIST 1.1.

    Rules, in this order: another treatment before progression censors at the last evaluable assessment before
    it (new_therapy); progression or death later than `longest_gap_days` after the last evaluable assessment
    censors there (missed_assessments; None never); progression is dated to the first scan of its assessment;
    death without progression is an event; without both, censored at the last evaluable assessment
    (no_progression), at the start where there is none (no_assessment_after_baseline). An assessment is
    evaluable where its response is not NE.
    """
    first = next((point for point in points if point.overall == "PD"), None)
    seen = [_Seen(p.assessment.first_day, p.assessment.last_day, p.overall != "NE") for p in points]
    day = None if first is None else first.assessment.first_day
    return _censored(seen, day, "progression", follow_up or FollowUp(), longest_gap_days)


def immune_progression_free(
    points: Sequence[ImmunePoint], follow_up: FollowUp | None = None, longest_gap_days: float | None = None
) -> ProgressionFree:
    """iPFS: dated to the iUPD that an iCPD confirms.

    An iUPD that stays open at the end counts (unconfirmed_progression); one that was dropped does not.
    Assessments after another treatment began neither confirm nor drop it.
    """
    follow_up = follow_up or FollowUp()
    points = points_until(points, follow_up.new_therapy_day)
    confirmed = next((one for one in points if one.response == "iCPD"), None)
    open_end = points[-1] if points and points[-1].progression_day is not None else None
    last, reason = (confirmed, "progression") if confirmed else (open_end, "unconfirmed_progression")
    seen = [
        _Seen(one.point.assessment.first_day, one.point.assessment.last_day, one.response != "NE")
        for one in points
    ]
    day = None if last is None else last.progression_day
    return _censored(seen, day, reason, follow_up, longest_gap_days)


def _censored(
    seen: Sequence[_Seen], day: float | None, reason: str, follow_up: FollowUp, gap: float | None
) -> ProgressionFree:
    start, death, other = follow_up.start_day, follow_up.death_day, follow_up.new_therapy_day
    if day is None or (death is not None and death < day):
        day, reason = death, "death"
    evaluable = [one.last_day for one in seen if one.is_evaluable and (day is None or one.first_day < day)]
    if other is not None and (day is None or other < day):
        before = [last for last in evaluable if last <= other]
        return ProgressionFree(max([start, *before]) - start, False, "new_therapy")
    last = max([start, *evaluable])
    if day is not None and gap is not None and day - last > gap:
        return ProgressionFree(last - start, False, "missed_assessments")
    if day is not None:
        return ProgressionFree(day - start, True, reason)
    return ProgressionFree(
        last - start, False, "no_progression" if evaluable else "no_assessment_after_baseline"
    )
