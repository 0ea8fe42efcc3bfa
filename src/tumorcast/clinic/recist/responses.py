"""Every patient's responses by RECIST 1.1 and, where asked for, iRECIST."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tumorcast.biology.recist.best import BestResponse, ResponseRules, best_response
from tumorcast.biology.recist.immune import (
    ImmunePoint,
    immune_best_response,
    immune_points,
)
from tumorcast.biology.recist.lesions import PatientLesions
from tumorcast.biology.recist.outcomes import need_flags_upright, outcome_problems
from tumorcast.biology.recist.points import TimePoint, time_points
from tumorcast.biology.recist.problems import Problem
from tumorcast.biology.recist.progression import (
    FollowUp,
    ProgressionFree,
    immune_progression_free,
    progression_free,
)
from tumorcast.readers.lesion_tables import LesionTables

Criteria = Literal["recist", "irecist"]


@dataclass(frozen=True)
class PatientResponse:
    """One patient's responses.

    Attributes:
        points: RECIST 1.1 at each assessment.
        immune: iRECIST at each, () where it was not asked for.
        best: by the criteria that were asked for.
        progression: time to progression or death by them.
        new_therapy_day: first day of another treatment, None where there was none.
        start_day: first day of treatment, as the assessments count.
    """

    patient: PatientLesions
    points: tuple[TimePoint, ...]
    immune: tuple[ImmunePoint, ...]
    best: BestResponse
    progression: ProgressionFree
    new_therapy_day: float | None = None
    start_day: float = 0.0

    def is_before_new_therapy(self, point: TimePoint) -> bool:
        """Whether an assessment began before another treatment did, or on its first day."""
        return self.new_therapy_day is None or point.assessment.first_day <= self.new_therapy_day


def respond(
    patient: PatientLesions,
    criteria: Criteria = "recist",
    rules: ResponseRules | None = None,
    follow_up: FollowUp | None = None,
    longest_gap_days: float | None = None,
) -> PatientResponse:
    """One patient's responses; the start and another treatment of `follow_up` bound the best response."""
    known = follow_up or FollowUp()
    rules = replace(rules or ResponseRules(), start_day=known.start_day, last_day=known.new_therapy_day)
    points = time_points(patient)
    if criteria == "irecist":
        immune = immune_points(patient)
        best = immune_best_response(immune, rules)
        free = immune_progression_free(immune, known, longest_gap_days)
        return PatientResponse(patient, points, immune, best, free, known.new_therapy_day, known.start_day)
    free = progression_free(points, known, longest_gap_days)
    best = best_response(points, rules)
    return PatientResponse(patient, points, (), best, free, known.new_therapy_day, known.start_day)


def respond_all(
    tables: LesionTables, criteria: Criteria, rules: ResponseRules, longest_gap_days: float | None = None
) -> tuple[tuple[PatientResponse, ...], tuple[Problem, ...]]:
    """All patients' responses, and what is wrong with the reported outcomes.

    Raises:
        InputError: the reported flags are inverted.
    """
    made = tuple(
        respond(one, criteria, rules, tables.follow_up.get(one.patient_id), longest_gap_days)
        for one in tables.patients
    )
    need_flags_upright(tables.outcomes, {one.patient.patient_id: one.progression for one in made})
    return made, outcome_problems(tables.outcomes)
