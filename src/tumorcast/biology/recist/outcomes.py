"""Reported outcomes against each other and against what the lesions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tumorcast.biology.recist.problems import Problem
from tumorcast.biology.recist.progression import ProgressionFree
from tumorcast.domain.errors import InputError

_NEAR_DAYS = 7.0
_LEAST_PATIENTS = 5


@dataclass(frozen=True)
class Outcome:
    """What a table reports of a patient; None unknown. Flags are True where it happened."""

    patient_id: str
    pfs_days: float | None = None
    is_pfs_event: bool | None = None
    os_days: float | None = None
    is_dead: bool | None = None


def outcome_problems(outcomes: Sequence[Outcome]) -> tuple[Problem, ...]:
    """What cannot be true of a patient's reported times; told, as our responses do not rest on them."""
    made = []
    for one in outcomes:
        for name, days in (("PFS", one.pfs_days), ("OS", one.os_days)):
            if days is not None and days < 0:
                made.append(Problem(one.patient_id, "negative_time", f"{name} {days:g}", False))
        if one.pfs_days is None or one.os_days is None:
            continue
        if one.pfs_days > one.os_days + 0.5:
            told = f"PFS {one.pfs_days:g}, OS {one.os_days:g}"
            made.append(Problem(one.patient_id, "pfs_after_os", told, False))
        elif one.is_dead and one.is_pfs_event is False and abs(one.pfs_days - one.os_days) < 0.5:
            told = f"died on day {one.os_days:g}, PFS censored that day"
            made.append(Problem(one.patient_id, "death_without_pfs_event", told, False))
    return tuple(made)


def need_flags_upright(outcomes: Sequence[Outcome], computed: Mapping[str, ProgressionFree]) -> None:
    """Raise where the reported PFS flags say the opposite of the lesions, so that 1 seems to mean censored.

    Compared are patients whose reported and computed times agree to a week.

    Raises:
        InputError: most of at least five such patients contradict their lesions.
    """
    pairs = [(one, computed[one.patient_id]) for one in outcomes if one.patient_id in computed]
    near = [
        (one.is_pfs_event, ours.is_event)
        for one, ours in pairs
        if one.is_pfs_event is not None
        and one.pfs_days is not None
        and abs(one.pfs_days - ours.time_days) <= _NEAR_DAYS
    ]
    wrong = sum(reported is not ours for reported, ours in near)
    if len(near) >= _LEAST_PATIENTS and wrong > len(near) / 2:
        raise InputError(
            "the flags of progression-free survival look inverted",
            got=f"{wrong} of {len(near)} patients whose times agree have the opposite flag",
            expected="1 happened, 0 censored",
            fix="turn the flags round (a column named CNSR, or ADaM's, has 1 for censored)",
        )
