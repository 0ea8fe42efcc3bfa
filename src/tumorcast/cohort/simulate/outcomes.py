"""Best response, progression-free and overall survival of every course, from its linear predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.simulate.courses import SimulatedCourse
from tumorcast.cohort.simulate.formula import probability
from tumorcast.cohort.simulate.patients import F64

DAYS_PER_MONTH = 365.25 / 12

_MEDIAN_PFS_MONTHS = {"CR": 24.0, "PR": 11.0, "SD": 5.5, "PD": 1.8}
_WEIBULL_SHAPE = 1.6
_LONGEST_PD_MONTHS = 3.5


@dataclass(frozen=True)
class Outcomes:
    """n courses: `best_response` (CR, PR, SD, PD), times in months, True where the event happened."""

    best_response: list[str]
    pfs_months: F64
    is_progression: NDArray[np.bool_]
    os_months: F64
    is_death: NDArray[np.bool_]


@dataclass(frozen=True)
class PotentialOutcomes:
    """What happens to n courses if nobody stops looking: `best_response`, and months to progression and death."""

    best_response: list[str]
    pfs_months: F64
    os_months: F64


def draw_potential(random: np.random.Generator, linear: F64) -> PotentialOutcomes:
    """Draw outcomes; CR or PR with the probability of `linear`, times longer where it is higher.

    Progressive disease is seen at the first scan. The same random numbers serve every regimen of a patient: what was
    observed is what is drawn for the regimen that was given.
    """
    n = len(linear)
    chance = probability(linear)
    is_response = random.random(n) < chance
    is_upper = random.random(n) < np.where(is_response, 0.1 + 0.25 * chance, 0.35 + 0.35 * chance)
    category = np.where(is_response, np.where(is_upper, "CR", "PR"), np.where(is_upper, "SD", "PD"))
    longer = np.exp(0.2 * linear)
    spread = (-np.log(random.random(n)) / np.log(2)) ** (1 / _WEIBULL_SHAPE)
    pfs = np.array([_MEDIAN_PFS_MONTHS[c] for c in category]) * longer * spread
    pfs = np.where(category == "PD", np.clip(pfs, 0.8, _LONGEST_PD_MONTHS), np.maximum(pfs, 3.6))
    return PotentialOutcomes([str(c) for c in category], pfs, pfs + random.exponential(8.0 * longer))


def draw_outcomes(random: np.random.Generator, linear: F64) -> Outcomes:
    """What is observed of `draw_potential`: follow-up ends after 5 to 45 months, never before progressive disease."""
    n, potential = len(linear), draw_potential(random, linear)
    pfs, survival = potential.pfs_months, potential.os_months
    is_pd = np.array(potential.best_response) == "PD"
    follow_up = np.where(is_pd, np.maximum(random.uniform(5, 45, n), pfs), random.uniform(5, 45, n))
    return Outcomes(
        best_response=potential.best_response,
        pfs_months=np.minimum(pfs, follow_up).round(2),
        is_progression=pfs <= follow_up,
        os_months=np.minimum(survival, follow_up).round(2),
        is_death=survival <= follow_up,
    )


def in_order(outcomes: Outcomes, courses: Sequence[SimulatedCourse]) -> Outcomes:
    """The same outcomes, with each patient's courses one after the other.

    A first course has progressed when the second begins, and the patient lives as long as the second lasts.
    """
    pfs, overall = outcomes.pfs_months.copy(), outcomes.os_months.copy()
    is_progression, is_death = outcomes.is_progression.copy(), outcomes.is_death.copy()
    for second in (i for i, course in enumerate(courses) if course.number == 2):
        first = second - 1
        gap_months = round((courses[second].start_day - courses[first].start_day) / DAYS_PER_MONTH, 2)
        is_progression[first] |= pfs[first] >= gap_months
        pfs[first] = min(pfs[first], gap_months)
        overall[first] = round(gap_months + overall[second], 2)
        is_death[first] = is_death[second]
    return Outcomes(outcomes.best_response, pfs, is_progression, overall, is_death)
