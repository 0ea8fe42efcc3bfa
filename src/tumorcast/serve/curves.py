"""Bundle + study + patient (+ regimens, a landmark) -> the record of survival curves, through every guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tumorcast.biology.drugs import UNKNOWN_CLASS, Agent, normalise_agents
from tumorcast.biology.regimens.regimen import key_of
from tumorcast.biology.treatment_families import treatment_key
from tumorcast.clinic.curves.record import Given, Milestone, PatientCurves, RegimenCurve
from tumorcast.cohort.baseline import baseline_numbers
from tumorcast.cohort.courses import course_table
from tumorcast.domain.errors import BundleError, InputError
from tumorcast.evaluation.survival_curves import Curve, SurvivalRecord
from tumorcast.readers.lesion_units import DAYS_PER_MONTH
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.candidates import CandidateAnswer, CandidateAnswers, predict_candidates
from tumorcast.serve.landmark_check import check_at_risk
from tumorcast.serve.patient_cancer import cancer_of
from tumorcast.serve.ranking_evidence import FEWEST, TrainingTreatments, tier_of, training_treatments
from tumorcast.serve.report import check_patients
from tumorcast.serve.request import Request
from tumorcast.serve.session import BundlePredictor

_MONTHS = (3, 6, 12, 24)
_LEAST_CROSSING = 0.02


@dataclass(frozen=True)
class CurvesRequest:
    """What is asked for beside bundle, study and patient.

    Attributes:
        predict: as for `predict_with`.
        regimens: sets of drugs besides the recorded one.
        landmark: day of treatment from which on it is asked, given that the event has not happened by then.
        line: of the course; None: the patient's last.
        cancer: OncoTree code or name; None: what the study declares.
        is_event_free: the user says that the event had not happened by the landmark; counts where the study records
            no event by then.
        predictor: of the bundle, where it is open already.
        endpoint: whose curves, of those that the bundle has; None: that of the model's own risk.
    """

    predict: Request
    regimens: tuple[tuple[Agent, ...], ...] = ()
    landmark: float = 0.0
    line: float | None = None
    cancer: str | None = None
    is_event_free: bool = False
    predictor: BundlePredictor | None = None
    endpoint: str | None = None


def parse_regimen(text: str) -> tuple[Agent, ...]:
    """Drugs of a regimen's free text ("Carboplatin + Paclitaxel").

    Raises:
        InputError: a drug that is not known, or none.
    """
    agents = normalise_agents(text)
    unknown = [agent.name for agent in agents if agent.cls == UNKNOWN_CLASS]
    if unknown or not agents:
        raise InputError(
            f"no regimen: {text!r}",
            got=", ".join(unknown) or "no drug",
            expected="names of drugs, joined by +",
            fix="check the spelling",
        )
    return agents


def make_curves(bundle: Bundle, study: Study, patient_id: str, request: CurvesRequest) -> PatientCurves:
    """The record of one course.

    A regimen that is not the recorded one has a curve only where enough training patients of this cancer received
    exactly this, and patients like this one its family (`Bundle.overlap`). What happened under way is no part of it
    but for this: that the event had not happened by the landmark.

    Raises:
        BundleError: the bundle has nothing to draw curves from.
        InputError: no such patient or course, or a landmark that is outside of the follow-up, or at which the patient
            is not known to be at risk.
    """
    whole = _record_of(bundle)
    record = _of_endpoint(whole, request.endpoint)
    check_patients(study, [patient_id])
    sets = _sets(_recorded(study, patient_id, request), request.regimens)
    answers = predict_candidates(
        bundle, study, patient_id, [agents for _, agents in sets.values()],
        request.predict, request.line, request.predictor,
    )  # fmt: skip
    record.curve(record.centre, request.landmark)
    if request.landmark:
        check_at_risk(
            study, patient_id, answers.course_id, record.endpoint, request.landmark, request.is_event_free
        )
    seen = _training(bundle, study, patient_id, request)
    made = tuple(
        _curve(bundle, whole, record, answers, answers.answers[key], given, request.landmark, seen)
        for key, (given, _) in sets.items()
    )
    return PatientCurves(
        patient_id, answers.course_id, record.endpoint, request.landmark, record.horizon, record.n_patients,
        record.n_events, record.slope, made, bundle.manifest.model_id, answers.watermark, risk_of=record.risk_of,
        also=tuple(one.endpoint for one in (whole, *whole.further) if one.endpoint != record.endpoint),
    )  # fmt: skip


def _record_of(bundle: Bundle) -> SurvivalRecord:
    if bundle.survival is None:
        raise BundleError(
            "the bundle draws no survival curves",
            expected="survival.json: a model with a survival head, of at least 50 patients and 20 events",
            fix="train with model.heads=[response,survival], or export the model again",
        )
    return bundle.survival


def _of_endpoint(record: SurvivalRecord, endpoint: str | None) -> SurvivalRecord:
    found = record if endpoint is None else record.of(endpoint)
    if found is None:
        raise InputError(
            f"the bundle draws no curves of {endpoint}", got="none in survival.json",
            expected=", ".join(one.endpoint for one in (record, *record.further)),
            fix="both are kept where 50 training patients and 20 events have both times; export the model again",
        )  # fmt: skip
    return found


def _crossing(whole: SurvivalRecord, record: SurvivalRecord, risk: float) -> str:
    """That more patients are said to be without progression or death than alive; "" where they are not."""
    progression, overall = whole.of("PFS"), whole.of("OS")
    if progression is None or overall is None or record.endpoint not in ("PFS", "OS"):
        return ""
    free, alive = progression.curve(risk), overall.curve(risk)
    days = free.days[free.days <= alive.horizon]
    over = np.interp(days, free.days, free.survival) - np.interp(days, alive.days, alive.survival)
    return "" if over.max() <= _LEAST_CROSSING else "the curves of PFS and OS cross for this risk: doubt both"


def _sets(
    recorded: tuple[Agent, ...], asked: Sequence[tuple[Agent, ...]]
) -> dict[str, tuple[Given, tuple[Agent, ...]]]:
    """Each set of drugs once, the recorded one first."""
    sets: dict[str, tuple[Given, tuple[Agent, ...]]] = {}
    if recorded:
        sets[key_of(agent.name for agent in recorded)] = ("recorded", recorded)
    for agents in asked:
        sets.setdefault(key_of(agent.name for agent in agents), ("asked", agents))
    if not sets:
        raise InputError("no drug is recorded for the patient and none was asked for", fix="give --regimen")
    return sets


def _recorded(study: Study, patient_id: str, request: CurvesRequest) -> tuple[Agent, ...]:
    """Drugs of the course that is meant."""
    courses = course_table(study.keep([patient_id]))
    if request.line is not None:
        courses = courses[courses["line"].astype(float).eq(request.line)]
    names = () if courses.empty else courses["agents"].iloc[-1]
    return tuple(agent for name in names for agent in normalise_agents(name))


def _training(
    bundle: Bundle, study: Study, patient_id: str, request: CurvesRequest
) -> TrainingTreatments | None:
    """Who received what, seen from the patient's cancer; None where that is not known."""
    try:
        cancer, _ = cancer_of(study, patient_id, request.cancer)
    except InputError:
        if request.cancer is not None:
            raise
        return None
    return training_treatments(bundle, cancer)


def _number(answers: CandidateAnswers, column: str) -> float:
    """Of the course; NaN unknown."""
    return float(answers.given.cohort.courses[column].astype(float)[answers.course_id])


def _curve(
    bundle: Bundle,
    whole: SurvivalRecord,
    record: SurvivalRecord,
    answers: CandidateAnswers,
    answer: CandidateAnswer,
    given: Given,
    landmark: float,
    seen: TrainingTreatments | None,
) -> RegimenCurve:
    name = " + ".join(sorted(agent.name for agent in answer.agents))
    risk, warnings = answer.row.risk, answer.row.reason
    bare = RegimenCurve(name, given, evidence=_evidence(answer, seen), n_here=_n_here(answer, seen))
    if risk is None or answer.course is None:
        return replace(bare, reason=warnings or "the model gives no risk")
    overlap, is_supported = _overlap(bundle, answers, answer)
    bare = replace(bare, overlap=overlap, warnings=warnings)
    if given == "asked" and not is_supported:
        return replace(bare, reason=f"no overlap: {overlap}")
    if given == "asked" and bare.n_here < FEWEST:
        return replace(
            bare, reason=f"not given to {FEWEST} training patients of this cancer: {bare.evidence}"
        )
    crossing = _crossing(whole, record, risk)
    bare = replace(bare, warnings="; ".join(filter(None, (warnings, crossing))))
    curve = record.curve(risk, landmark)
    days, survival, low, high = (
        tuple(values.round(5).tolist()) for values in (curve.days, curve.survival, curve.low, curve.high)
    )
    return replace(
        bare, days=days, survival=survival, low=low, high=high, median_days=curve.median_days(),
        milestones=_milestones(curve, landmark),
    )  # fmt: skip


def _evidence(answer: CandidateAnswer, seen: TrainingTreatments | None) -> str:
    return "the patient's cancer type is not known" if seen is None else tier_of(answer.agents, seen)[1]


def _n_here(answer: CandidateAnswer, seen: TrainingTreatments | None) -> int:
    return 0 if seen is None else seen.here.get(answer.key, 0)


def _overlap(bundle: Bundle, answers: CandidateAnswers, answer: CandidateAnswer) -> tuple[str, bool]:
    if bundle.overlap is None or answer.course is None:
        return "the bundle does not say who received what", False
    numbers = baseline_numbers(bundle.prepared, answer.course, _number(answers, "line"))
    family = treatment_key(agent.cls for agent in answer.agents)
    verdict = bundle.overlap.judge(numbers, family)
    return f"{family}: {verdict.reason}", verdict.is_supported


def _milestones(curve: Curve, landmark: float) -> tuple[Milestone, ...]:
    made = []
    for months in _MONTHS:
        day = months * DAYS_PER_MONTH
        if day > landmark:
            told: Sequence[float | None] = curve.at(day) or (None, None, None)
            made.append(Milestone(day, *told))
    return tuple(made)
