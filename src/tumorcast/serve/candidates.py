"""Bundle + study + patient + treatments -> the network's answer for each, through the guards of every prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tumorcast.biology.drugs import Agent
from tumorcast.biology.regimens.regimen import key_of
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.bags import TileBag
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.drugs import Drug, treatment_columns
from tumorcast.domain.errors import InputError
from tumorcast.metrics.logistic import bounded_logit
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.findings import Finding, is_refused
from tumorcast.serve.guards.case import Case
from tumorcast.serve.guards.check import findings_after, findings_before, without
from tumorcast.serve.guards.origin import study_findings, watermark_of
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.notes import Given
from tumorcast.serve.opening import bags_of, open_study
from tumorcast.serve.request import Request
from tumorcast.serve.rows import PredictionRow
from tumorcast.serve.session import BundlePredictor, Prediction
from tumorcast.serve.unlike import Unlike, judge_courses
from tumorcast.serve.verdicts import predicted_row, refused_row


@dataclass(frozen=True)
class CandidateAnswer:
    """What the network says of the patient's course under one treatment.

    Attributes:
        key: of the set of drugs (`regimen.key_of`).
        row: as in `predictions.csv`; its status tells whether there is a number.
        raw: the model's own probability, not calibrated; NaN without a number or without such a head.
        course: what the network saw; None where the course was refused before.
    """

    key: str
    agents: tuple[Agent, ...]
    row: PredictionRow
    raw: float = float("nan")
    course: CourseArrays | None = None


@dataclass(frozen=True)
class CandidateAnswers:
    """Answers by key, sorted; the treatment that the study records for the course is not among them by itself.

    Attributes:
        interaction: how far the difference of two treatments moves when a layer of the patient is hidden, in logits
            (log-risk without a response); near zero for a model that adds treatment and patient up. None where it
            cannot be told: fewer than two answers or layers.
        given: the study's cohort, for what else is asked of the course.
    """

    patient_id: str
    course_id: str
    answers: dict[str, CandidateAnswer]
    interaction: float | None
    given: Given
    watermark: str


class Seen(NamedTuple):
    """Findings of the course under a treatment, its arrays, and how unlike training it is."""

    findings: list[Finding]
    course: CourseArrays | None
    unlike: Unlike | None


def predict_candidates(
    bundle: Bundle,
    study: Study,
    patient_id: str,
    treatments: Sequence[Sequence[Agent]],
    request: Request,
    line: float | None = None,
    predictor: BundlePredictor | None = None,
    shared: Shared | None = None,
) -> CandidateAnswers:
    """The patient's course with its treatment replaced by each of these sets of drugs; all else is unchanged.

    Args:
        treatments: sets of drugs; order, and order within, change nothing.
        line: which of the patient's courses; None: the last.
        predictor, shared: of the bundle and the whole study, where they are open already.

    Raises:
        InputError: the study has no such patient, or the patient no course of this line.
    """
    own = study.keep([patient_id])
    given, usable = (opened := open_study(bundle, own, request)).given, opened.usable
    course_id = _course_of(given.cohort, patient_id, line)
    shared = shared or Shared(study, bundle.prepared)
    bags, part = bags_of(bundle.prepared, usable.keep([course_id]), given)
    work = _Work(bundle, given, part, request, shared, course_id, patient_id, bags.get(course_id))
    sets = {key_of(agent.name for agent in agents): tuple(agents) for agents in treatments}
    of_study = [
        request.policy.settled(one, request.demonstrate) for one in study_findings(bundle.manifest, study)
    ]
    if is_refused(of_study):
        found = {key: Seen(list(of_study), None, None) for key in sets}
    else:
        found = work.seen(sets, of_study)
    answers, interaction = work.answered(sets, found, predictor)
    mark = watermark_of(bundle.manifest, study.origin, request.demonstrate)
    return CandidateAnswers(patient_id, course_id, answers, interaction, given, mark)


def with_treatment(cohort: Cohort, course_id: str, agents: Sequence[Agent]) -> Cohort:
    """The cohort with another treatment of one course."""
    courses = cohort.courses.copy()
    columns: dict[str, Any] = {
        **treatment_columns(Drug(agent.name, agent.cls, agent.targets) for agent in agents),
        "regimen": key_of(agent.name for agent in agents),
    }
    for name, value in columns.items():
        courses.at[course_id, name] = value
    return replace(cohort, courses=courses)


def _course_of(cohort: Cohort, patient_id: str, line: float | None) -> str:
    own = cohort.courses[cohort.courses["patient_id"].astype(str) == patient_id]
    if line is not None:
        lines = own["line"].astype(float)
        own = own[(lines == line) | lines.isna()]
        if own.empty:
            has = ", ".join(f"{one:g}" for one in lines)
            raise InputError(
                f"the patient has no course of line {line:g}",
                got=f"lines {has}",
                fix="write the planned course into the treatment timeline (LINE, START_DATE), or give another --line",
            )
    if own.empty:
        raise InputError(f"the study has no course of patient '{patient_id}'")
    return str(own.index[-1])


@dataclass
class _Work:
    """One patient's course.

    Attributes:
        part: the cohort of this course alone, without slides that could not be read.
        bag: its tiles, read once for all treatments; None without a slide.
    """

    bundle: Bundle
    given: Given
    part: Cohort
    request: Request
    shared: Shared
    course_id: str
    patient_id: str
    bag: TileBag | None

    def seen(self, sets: Mapping[str, Sequence[Agent]], of_study: Sequence[Finding]) -> dict[str, Seen]:
        """Findings and arrays of the course under each treatment."""
        before = {key: self._before(sets[key]) for key in sorted(sets)}
        unlike = self._unlike({key: course for key, (_, _, course) in before.items()})
        made = {}
        for key, (case, found, course) in before.items():
            after = findings_after(case, course, unlike.get(key), found, self.request.demonstrate)
            made[key] = Seen([*of_study, *found, *after], course, unlike.get(key))
        return made

    def _before(self, agents: Sequence[Agent]) -> tuple[Case, list[Finding], CourseArrays]:
        given = replace(self.given, cohort=with_treatment(self.given.cohort, self.course_id, agents))
        case = Case(self.bundle, given, self.request.policy, self.shared, self.course_id)
        found = findings_before(case, self.request.demonstrate)
        part = without(with_treatment(self.part, self.course_id, agents), self.course_id, found)
        return case, found, self.bundle.prepared.arrays(part, self.course_id, self.bag)

    def _unlike(self, courses: Mapping[str, CourseArrays]) -> dict[str, Unlike]:
        """By key of the treatment; it is of the patient's measurements, so the same where the same of them are used."""
        reference, judged, made = self.bundle.reference, dict[bytes, dict[str, Unlike]](), {}
        if reference is None:
            return {}
        for key, course in courses.items():
            used = course.is_present.tobytes() + course.burden.tobytes()
            if used not in judged:
                judged[used] = judge_courses(reference, self.bundle.prepared, [course])
            if self.course_id in judged[used]:
                made[key] = judged[used][self.course_id]
        return made

    def answered(
        self,
        sets: Mapping[str, tuple[Agent, ...]],
        found: Mapping[str, Seen],
        predictor: BundlePredictor | None,
    ) -> tuple[dict[str, CandidateAnswer], float | None]:
        """Answers by key; those that findings refuse get none."""
        said = _with_shared_tiles(
            {
                key: one.course
                for key, one in found.items()
                if one.course is not None and not is_refused(one.findings)
            }
        )
        told: dict[str, Prediction] = {}
        interaction = None
        if said:
            predictor = predictor or BundlePredictor(self.bundle)
            told = dict(zip(said, predictor.predict(list(said.values())), strict=True))
            interaction = _interaction(predictor, said, told)
        answers = {}
        for key in sorted(found):
            seen = found[key]
            if key not in told:
                row = refused_row(self.patient_id, self.course_id, seen.findings)
                answers[key] = CandidateAnswer(key, sets[key], row)
                continue
            row = predicted_row(self.bundle, said[key], told[key], seen.unlike, seen.findings)
            answers[key] = CandidateAnswer(key, sets[key], row, told[key].probability, said[key])
        return answers, interaction


def _with_shared_tiles(said: Mapping[str, CourseArrays]) -> dict[str, CourseArrays]:
    """Courses with one object of tiles where they have the same, so that they are read once."""
    first: dict[int, CourseArrays] = {}
    return {key: replace(one, tiles=first.setdefault(len(one.tiles), one).tiles) for key, one in said.items()}


def _interaction(
    predictor: BundlePredictor, said: Mapping[str, CourseArrays], told: Mapping[str, Prediction]
) -> float | None:
    """How far differences between treatments move when one layer of the patient is hidden."""
    courses = list(said.values())
    present = np.flatnonzero(courses[0].is_present)
    same = [course for course in courses if (course.is_present == courses[0].is_present).all()]
    if len(courses) < 2 or len(present) < 2 or len(same) < len(courses):
        return None
    whole = _scores([told[key] for key in said])
    moved = 0.0
    for layer in present:
        mask = courses[0].is_present.copy()
        mask[layer] = False
        hidden = _scores(predictor.predict([replace(course, is_present=mask) for course in courses]))
        change = hidden - whole
        moved = max(moved, float(change.max() - change.min()))
    return moved


def _scores(said: Sequence[Prediction]) -> np.ndarray:
    probability = np.array([one.probability for one in said])
    if np.isfinite(probability).all():
        return bounded_logit(probability)
    return np.array([one.risk for one in said])
