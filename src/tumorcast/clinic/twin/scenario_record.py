"""A "what if" as a record: the patient's draws, each multiplied by what the change does to its virtual patient."""

from __future__ import annotations

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin import words
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
    population, series = after.population, after.series
    refusal = scenario.refusal(population, float(series.days[-1]), horizon)
    if refusal:
        return ScenarioRecord(scenario.name, scenario.assumption, words.WHAT_IF, refusal, (), (), None)
    first = float(series.days[0])
    on_fan = np.exp(scenario.log_ratio(population, fan.theta, fan.days, first, seed))
    at_visits = np.exp(scenario.log_ratio(population, visits.theta, visits.days, first, seed))
    written = read_off(visits.measured_mm * at_visits, known, population.readings, visits.luck, at_visits)
    return ScenarioRecord(
        scenario.name, scenario.assumption, words.WHAT_IF, "", bands(population, fan.days, fan.true_mm * on_fan),
        visits_of(population, visits.days, known, written, seen), progression_of(seen, visits.days, known, written),
    )  # fmt: skip
