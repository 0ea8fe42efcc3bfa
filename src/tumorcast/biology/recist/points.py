"""RECIST 1.1 at every assessment of a patient."""

from __future__ import annotations

from dataclasses import dataclass

from tumorcast.biology.recist.lesions import Assessment, Lesion, PatientLesions
from tumorcast.biology.recist.overall import NonTarget, Overall, Target, overall_response
from tumorcast.biology.recist.target import (
    TargetJudgement,
    TargetSum,
    has_grown,
    judge_target,
    target_sum,
)


@dataclass(frozen=True)
class TimePoint:
    """The responses of one assessment after baseline.

    Attributes:
        assessment: what was seen.
        sums: of the target lesions; None where the patient has none.
        baseline_mm: sum at baseline.
        nadir_mm: smallest complete sum before this one, the baseline included.
        target: None where the patient has no target lesions.
        non_target: None where there are no non-target lesions.
        new: ids of new lesions that are there, or were equivocal and are confirmed later.
        overall: the response of this assessment.
        why: its grounds in a few words.
        again: ids of baseline lesions that are seen again after an overall CR.
        is_after_progression: an earlier assessment was PD: of no effect on the best response or PFS.
    """

    assessment: Assessment
    sums: TargetSum | None
    baseline_mm: float
    nadir_mm: float
    target: Target | None
    non_target: NonTarget | None
    new: tuple[str, ...]
    overall: Overall
    why: str
    again: tuple[str, ...] = ()
    is_after_progression: bool = False

    @property
    def change_from_baseline(self) -> float | None:
        """As a share; None where the sum is incomplete or nothing was there."""
        if self.sums is None or self.sums.missing or self.baseline_mm == 0:
            return None
        return self.sums.sum_mm / self.baseline_mm - 1

    @property
    def mm_from_nadir(self) -> float | None:
        """None where the sum is incomplete."""
        return None if self.sums is None or self.sums.missing else self.sums.sum_mm - self.nadir_mm


def time_points(patient: PatientLesions) -> tuple[TimePoint, ...]:
    """RECIST 1.1 at each assessment after baseline, in order.

    After an overall CR any disease that is seen again is PD (footnote of table 3); a node that has grown back
    to 10 mm or more needs 20% and 5 mm besides, as one at 10 to 11 mm may be a normal node measured twice.
    """
    targets = patient.of_kind("target")
    baseline = target_sum(targets, patient.assessments[0]).sum_mm
    nadir, had_cr, had_pd = baseline, False, False
    made: list[TimePoint] = []
    for k, assessment in enumerate(patient.assessments[1:], start=1):
        sums = target_sum(targets, assessment) if targets else None
        target = None if sums is None else judge_target(sums, baseline, nadir)
        non_target, seen = non_target_response(patient, assessment)
        new = new_lesions(patient, k)
        overall = overall_response(target.response if target else None, non_target, bool(new))
        why = _why(overall, target, non_target, seen, new)
        back = reappeared(patient, k) if had_cr else ()
        if back and overall != "PD":
            overall, why = "PD", f"disease seen again after complete response: {', '.join(back)}"
        made.append(
            TimePoint(
                assessment, sums, baseline, nadir, target.response if target else None, non_target, new,
                overall, why, back, had_pd,
            )
        )  # fmt: skip
        had_cr, had_pd = had_cr or overall == "CR", had_pd or overall == "PD"
        if sums is not None and not sums.missing:
            nadir = min(nadir, sums.sum_mm)
    return tuple(made)


def non_target_response(patient: PatientLesions, assessment: Assessment) -> tuple[NonTarget | None, str]:
    """Response of the non-target lesions and the lesions that it rests on; "increased" alone is no progression."""
    lesions = patient.of_kind("non_target")
    if not lesions:
        return None, ""
    found = [(lesion, assessment.of(lesion)) for lesion in lesions]
    progressed = [lesion.id for lesion, one in found if one.state == "progressed"]
    if progressed:
        return "PD", ", ".join(progressed)
    seen = [(lesion, one.is_seen(lesion.is_node)) for lesion, one in found]
    unknown = [lesion.id for lesion, is_seen in seen if is_seen is None]
    if unknown:
        return "NE", ", ".join(unknown)
    left = [lesion.id for lesion, is_seen in seen if is_seen]
    return ("NON-CR/NON-PD", ", ".join(left)) if left else ("CR", "")


def new_lesions(patient: PatientLesions, k: int) -> tuple[str, ...]:
    """New lesions at assessment `k`; an equivocal one counts where the next clear assessment shows it for certain."""
    later = patient.assessments[k:]
    return tuple(
        lesion.id for lesion in patient.of_kind("new") if _is_new(lesion, patient.assessments[k], later)
    )


def _is_new(lesion: Lesion, now: Assessment, later: tuple[Assessment, ...]) -> bool:
    if now.of(lesion).state == "equivocal":
        seen = (one.of(lesion).is_seen(lesion.is_node) for one in later)
        return next((is_seen for is_seen in seen if is_seen is not None), False)
    return bool(now.of(lesion).is_seen(lesion.is_node))


def reappeared(patient: PatientLesions, k: int) -> tuple[str, ...]:
    """Lesions of the baseline that are seen at assessment `k`, after a CR.

    Nodes of the targets are judged by the sum; those of the non-targets that are measured have to have grown by
    20% and 5 mm from their smallest size after baseline.
    """
    known = (lesion for lesion in patient.lesions if lesion.kind != "new")
    return tuple(lesion.id for lesion in known if _is_back(lesion, patient.assessments[1 : k + 1]))


def _is_back(lesion: Lesion, until_now: tuple[Assessment, ...]) -> bool:
    *before, now = (one.of(lesion) for one in until_now)
    if not now.is_seen(lesion.is_node):
        return False
    if not lesion.is_node:
        return True
    if lesion.kind == "target":
        return False
    sizes = [size for one in before if (size := one.counted_mm()) is not None]
    return now.size_mm is None or has_grown(now.size_mm, min(sizes, default=0.0))


def _why(
    overall: Overall,
    target: TargetJudgement | None,
    non_target: NonTarget | None,
    seen: str,
    new: tuple[str, ...],
) -> str:
    grounds = []
    if overall == "PD":
        grounds += [f"target: {target.why}"] if target and target.response == "PD" else []
        grounds += [f"unequivocal progression of {seen}"] if non_target == "PD" else []
        grounds += [f"new lesion {', '.join(new)}"] if new else []
        return "; ".join(grounds)
    grounds += [f"target: {target.why}"] if target else ["no target lesions"]
    told = {
        "CR": "non-target gone",
        "NON-CR/NON-PD": f"non-target left: {seen}",
        "NE": f"not evaluated: {seen}",
    }
    grounds += [told[non_target]] if non_target in told else []
    return "; ".join(grounds)
