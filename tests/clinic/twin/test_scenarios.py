"""What-ifs: the same rules as the forecast beside them, and nothing past their data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clinic.twin.cohorts import known_population, series
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.readings import Readings
from tumorcast.clinic.twin.scenarios import Scenario

STILL = series("P1", np.array([0.0, 42, 84, 126]), np.array([60.0, 50, 50, 50]))
REPEATS = Readings((-1.0, 1.5, 2.0, 0.0, 0.0, 0.0, 0.0))


def _repeating() -> TwinPopulation:
    return replace(known_population("claret"), readings=REPEATS)


@pytest.mark.parametrize(
    "same",
    [
        Scenario("resection", "resection", 150.0, {"removed": 0.0}),
        Scenario("dose", "level", 150.0, {"level": 1.0}),
        Scenario("switch", "switch", 150.0, {}, _repeating()),
    ],
    ids=lambda one: one.name,
)
def test_a_change_that_changes_nothing_is_the_forecast_itself(same: Scenario) -> None:
    record = twin_record(STILL, _repeating(), scenarios=(same,))
    changed = record.scenarios[0]
    assert changed.fan == record.fan
    assert changed.visits == record.visits
    assert changed.progression == record.progression


def test_a_number_that_is_repeated_moves_with_the_change() -> None:
    half = Scenario("half", "resection", 130.0, {"removed": 0.5})
    changed = twin_record(STILL, _repeating(), scenarios=(half,)).scenarios[0]
    assert changed.visits[0].median_mm == pytest.approx(25, abs=2)
    assert changed.visits[0].high_mm < 45
