"""What RECIST 1.1 asks of a baseline: how many target lesions, where, and how large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from tumorcast.biology.recist.lesions import Lesion, PatientLesions
from tumorcast.biology.recist.problems import Problem

MAX_TARGETS, MAX_IN_ORGAN = 5, 2
LEAST_TARGET_MM, LEAST_NODE_MM = 10.0, 15.0
_NODES = "lymph nodes"
_TENTH = (0.07, 0.14)


def baseline_problems(
    patient: PatientLesions, is_strict: bool = False, start_day: float = 0.0
) -> tuple[Problem, ...]:
    """What the baseline does not keep; refusals where `is_strict`, else told.

    Targets that are all below 10 mm, and a target that was not measured, are refused in any case; so is
    more than one assessment on `start_day` (of treatment) or before it.
    """
    early = [f"{one.first_day:g}" for one in patient.assessments if one.first_day <= start_day]
    if len(early) > 1:
        told = f"days {', '.join(early)}; treatment from day {start_day:g}"
        return (Problem(patient.patient_id, "assessment_before_baseline", told),)
    found: list[tuple[str, str, bool]] = []
    targets, start = patient.of_kind("target"), patient.assessments[0]
    sizes = {lesion.id: start.of(lesion).counted_mm() for lesion in targets}
    unmeasured = [name for name, size in sizes.items() if size is None or size == 0]
    if unmeasured:
        found.append(("target_without_baseline", ", ".join(unmeasured), True))
    at_start = [one.id for one in patient.of_kind("new") if start.of(one).is_seen(one.is_node)]
    if at_start:
        found.append(("new_at_baseline", ", ".join(at_start), True))
    if len(targets) > MAX_TARGETS:
        found.append(("more_than_5_targets", f"{len(targets)}", is_strict))
    organs = Counter(_organ(one) for one in targets if _organ(one))
    crowded = [f"{n} in {organ}" for organ, n in organs.items() if n > MAX_IN_ORGAN]
    if crowded:
        found.append(("more_than_2_in_organ", ", ".join(crowded), is_strict))
    found += _small(targets, sizes, is_strict)
    if len(patient.assessments) == 1:
        found.append(("no_assessment_after_baseline", "one assessment", False))
    if start.first_day > start_day:
        found.append(("baseline_after_start", f"day {start.first_day:g}", False))
    return tuple(Problem(patient.patient_id, *one) for one in found)


def size_problems(patient: PatientLesions) -> tuple[Problem, ...]:
    """Told: an assessment where every measured target has about a tenth of the size that it had before."""
    for before, now in pairwise(patient.assessments):
        sizes = [(before.of(one).size_mm, now.of(one).size_mm) for one in patient.of_kind("target")]
        shares = [later / first for first, later in sizes if first and later]
        if shares and all(_TENTH[0] <= share <= _TENTH[1] for share in shares):
            told = f"every target, day {before.first_day:g} to {now.first_day:g}"
            return (Problem(patient.patient_id, "sizes_fall_tenfold", told, False),)
    return ()


def _organ(lesion: Lesion) -> str:
    return _NODES if lesion.is_node else lesion.organ.strip().lower()


def _small(
    targets: Sequence[Lesion], sizes: dict[str, float | None], is_strict: bool
) -> list[tuple[str, str, bool]]:
    known = [(lesion, sizes[lesion.id] or 0.0) for lesion in targets if sizes[lesion.id]]
    if known and all(size < LEAST_TARGET_MM for _, size in known):
        return [("targets_below_10_mm", ", ".join(f"{size:g}" for _, size in known), True)]
    made = []
    for code, is_node, least in (
        ("target_below_10_mm", False, LEAST_TARGET_MM),
        ("node_below_15_mm", True, LEAST_NODE_MM),
    ):
        small = [f"{one.id} {size:g} mm" for one, size in known if one.is_node is is_node and size < least]
        made += [(code, ", ".join(small), is_strict)] if small else []
    return made
