"""Patients unlike those of training: told, and given no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.host import GERMLINE_LAYERS
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.summaries import modality_tables
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.out_of_distribution import Judgement, Reference, judge_patients

UNKNOWN = "unknown"
"""Answer for a patient unlike those of training."""
_RARE, _LESS_RARE = 0.01, 0.05


@dataclass(frozen=True)
class Unlike:
    """p value of being like the training patients; `note` is "" for who is."""

    p: float
    note: str


def judge_courses(
    reference: Reference, prepared: Preprocessor, courses: Sequence[CourseArrays]
) -> dict[str, Unlike]:
    """By course. Of patients like those of training 1% are flagged, 5% if fewer than 100 a modality were held out."""
    held_out = max(len(modality.held_out) for modality in reference.modalities.values())
    alpha = _RARE if held_out + 1 >= len(reference.modalities) / _RARE else _LESS_RARE
    made = {}
    for course in courses:
        report: list[Exclusion] = []
        tables = modality_tables(prepared, [course])
        known = {name: table for name, table in tables.items() if name in reference.modalities}
        if not known:
            continue
        (judged,) = judge_patients(reference, known, report)
        made[course.course_id] = Unlike(judged.p, _note(judged) if judged.p <= alpha else "")
    return made


def _note(judged: Judgement) -> str:
    """Features of the germline are not named: nothing of it is shown that was not asked for."""
    told = f"unlike the training patients (p {judged.p:.3g}), most of all in {judged.oddest}"
    if judged.oddest in GERMLINE_LAYERS:
        return told
    odd = ", ".join(f"{f.feature} {f.z:+.1f} SD" for f in judged.features[:3])
    return f"{told}: {odd}"
