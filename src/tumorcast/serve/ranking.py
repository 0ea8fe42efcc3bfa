"""Bundle + study + patient + formulary -> the record of a ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite

from tumorcast.biology.drugs import Agent
from tumorcast.biology.regimens.cancers import name_of
from tumorcast.biology.regimens.cautions import Fact
from tumorcast.biology.regimens.formulary import Formulary
from tumorcast.biology.regimens.regimen import Regimen, key_of
from tumorcast.clinic.ranking.record import Ranking, Subject
from tumorcast.cohort.courses import course_table
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.candidates import predict_candidates
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.host import Host, of_candidate
from tumorcast.serve.patient_cancer import cancer_of
from tumorcast.serve.ranking_candidate import agents_by_name, candidate_of, with_reference
from tumorcast.serve.ranking_evidence import (
    FEWEST,
    TrainingTreatments,
    agents_of_key,
    parts_of,
    training_treatments,
)
from tumorcast.serve.ranking_facts import facts_of
from tumorcast.serve.ranking_order import ordered
from tumorcast.serve.report import check_patients
from tumorcast.serve.request import Request
from tumorcast.serve.session import BundlePredictor


@dataclass(frozen=True)
class RankingRequest:
    """What is asked for beside bundle, study and patient.

    Attributes:
        predict: as for `predict_with`.
        cancer: OncoTree code or name; None: what the study declares.
        line: None: that of the patient's last course.
        setting: None: every one.
        only, exclude: names of regimens, drugs, classes or kinds.
        facts: about the patient (`biology.regimens.cautions.facts_asked`).
        host: outputs of `tumorcast pgx`; they stand beside a regimen and never move it.
    """

    predict: Request
    formulary: Formulary = field(default_factory=Formulary.embedded)
    cancer: str | None = None
    line: int | None = None
    setting: str | None = None
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    host: Host | None = None
    predictor: BundlePredictor | None = None
    shared: Shared | None = None


def make_ranking(bundle: Bundle, study: Study, patient_id: str, request: RankingRequest) -> Ranking:
    """The record of one patient.

    Raises:
        InputError: no such patient or course, a cancer type that is not known, no candidates, or names in `only` and
            `exclude` that no candidate has.
    """
    check_patients(study, [patient_id])
    cancer, told = cancer_of(study, patient_id, request.cancer)
    line = request.line if request.line is not None else _line_of(study, patient_id)
    seen = training_treatments(bundle, cancer)
    of_key, left_out = _candidates(request, cancer, line, seen)
    known = agents_by_name(request.formulary.regimens)
    agents = {key: own[0].agents if own else agents_of_key(key, known) for key, own in of_key.items()}
    parts = {key: parts_of(agents[key], seen) if key not in seen.here else () for key in agents}
    asked = {**{part: agents_of_key(part, known) for own in parts.values() for part in own}, **agents}
    answers = predict_candidates(
        bundle, study, patient_id, list(asked.values()), request.predict,
        request.line, request.predictor, request.shared,
    )  # fmt: skip
    own_line = float(answers.given.course_row(answers.course_id)["line"])
    facts, said = facts_of(study, patient_id, request.facts)
    made = {
        key: candidate_of(bundle, answer, of_key.get(key, ()), seen, facts, own_line)
        for key, answer in answers.answers.items()
    }
    found = [with_reference(made[key], [made[part] for part in parts[key]]) for key in of_key]
    subject = Subject(
        patient_id, answers.course_id, cancer, name_of(cancer), told, line, request.setting or "",
        key_of(answers.given.course_row(answers.course_id)["agents"]),
    )  # fmt: skip
    ranking = ordered(bundle, subject, found, answers, seen)
    host = None
    if request.host is not None:
        at_hand = [of_candidate(one) for one in ranking.candidates]
        host = request.host.for_regimens(study, patient_id, at_hand)
    return replace(ranking, facts=said, left_out=left_out, host=host)


def _candidates(
    request: RankingRequest, cancer: str, line: int | None, seen: TrainingTreatments
) -> tuple[dict[str, tuple[Regimen, ...]], tuple[str, ...]]:
    """Key -> its rows of the formulary: those described for the patient, and what training patients received often."""
    rows = request.formulary.of(cancer, line, request.setting)
    known = agents_by_name(request.formulary.regimens)
    found: dict[str, tuple[Regimen, ...]] = {}
    for row in rows:
        found[row.key] = (*found.get(row.key, ()), row)
    for key, n in seen.here.items():
        if key and n >= FEWEST:
            found.setdefault(key, ())
    labels = {key: _labels(key, own, known) for key, own in found.items()}
    for word in (*request.only, *request.exclude):
        everything = {label for own in labels.values() for label in own}
        if word.lower() not in everything:
            raise InputError(
                f"no candidate is named '{word}'", expected="a regimen, a drug, a class or a kind of the candidates",
                fix=did_you_mean(word.lower(), everything),
            )  # fmt: skip
    only, exclude = ({word.lower() for word in given} for given in (request.only, request.exclude))
    kept = {
        key: own
        for key, own in found.items()
        if (not only or labels[key] & only) and not labels[key] & exclude
    }
    if not kept:
        raise InputError(
            "there is no candidate regimen",
            got=f"cancer {cancer}, line {line or 'any'}, setting {request.setting or 'any'}",
            expected="a cancer, line and setting of the formulary",
            fix="give another --line, or a --formulary of your own",
        )
    return kept, tuple(sorted(found.keys() - kept.keys()))


def _labels(key: str, rows: Sequence[Regimen], known: Mapping[str, Agent]) -> set[str]:
    agents = rows[0].agents if rows else agents_of_key(key, known)
    told = {key, *(row.name for row in rows), *(row.kind for row in rows)}
    return {word.lower() for word in (*told, *(a.name for a in agents), *(a.cls for a in agents))}


def _line_of(study: Study, patient_id: str) -> int | None:
    """Line of the patient's last course; None where it is not recorded."""
    table = course_table(study.keep([patient_id]))
    own = table.loc[table["patient_id"] == patient_id, "line"].astype(float)
    return int(own.iloc[-1]) if len(own) and isfinite(own.iloc[-1]) else None
