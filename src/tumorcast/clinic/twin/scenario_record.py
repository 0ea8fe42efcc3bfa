"""A "what if" as a record: the patient's draws, each multiplied by what the change does to its virtual patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.checks import plausible_until
from tumorcast.clinic.twin.forecast import Draws, Posterior
from tumorcast.clinic.twin.readings import read_off
from tumorcast.clinic.twin.record import Progression, ScenarioRecord
from tumorcast.clinic.twin.scenarios import Scenario
from tumorcast.clinic.twin.summary import bands, progression_of, visits_of


def scenario_record(
    scenario: Scenario, after: Posterior, fan: Draws, visits: Draws, known: Floats, horizon: float,
    seen: Progression | None, seed: int,
) -> ScenarioRecord:  # fmt: skip
    """Refused, or the same fan, visits and progression as without the change."""
    series, days = after.series, len(fan.days)
    refusal = scenario.refusal(after.population, float(series.days[-1]), horizon)
    if refusal:
        return _refused(scenario, refusal)
    fan, visits = fan.until(scenario.end_day), visits.until(scenario.end_day)
    if not len(visits.days):
        return _refused(scenario, words.OTHER_HORIZON.format(day=scenario.end_day))
    fan, visits = (_changed(one, scenario, after, known, seed) for one in (fan, visits))
    end = plausible_until(fan, visits, after.population.tail)
    fan, visits = fan.until(end), visits.until(end)
    if not len(visits.days):
        return _refused(scenario, words.NO_VISIT)
    told = scenario.assumption
    if len(fan.days) < days:
        told = f"{told} {words.ENDS.format(day=fan.days[-1])}"
    return ScenarioRecord(
        scenario.name, told, words.WHAT_IF, "", bands(fan.days, fan.true_mm),
        visits_of(after.population, visits.days, known, visits.written_mm, seen),
        progression_of(seen, visits.days, known, visits.written_mm),
    )  # fmt: skip


def _changed(draws: Draws, scenario: Scenario, after: Posterior, known: Floats, seed: int) -> Draws:
    """The same draws under the change."""
    population, first = after.population, float(after.series.days[0])
    ratio = np.exp(scenario.log_ratio(population, draws.theta, draws.days, first, seed))
    measured = draws.measured_mm * ratio
    written = read_off(measured, known, population.readings, draws.luck, ratio)
    return replace(draws, true_mm=draws.true_mm * ratio, measured_mm=measured, written_mm=written)


def _refused(scenario: Scenario, why: str) -> ScenarioRecord:
    return ScenarioRecord(scenario.name, scenario.assumption, words.WHAT_IF, why, (), (), None)
