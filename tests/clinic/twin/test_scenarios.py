"""What-ifs: the same rules as the forecast beside them, and nothing past their data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clinic.twin.cohorts import known_population, series
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.readings import Readings
from tumorcast.clinic.twin.scenarios import Scenario, read_scenarios
from tumorcast.domain.errors import InputError

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


def test_another_treatment_ends_where_its_own_patients_were_followed() -> None:
    short = replace(known_population("gompertz"), name="other", horizon_days=60.0)
    days = [Scenario(kind, kind, 150.0, {}, short) for kind in ("switch", "add")]
    none = Scenario("none", "switch", 150.0, {}, replace(short, horizon_days=10.0))
    record = twin_record(STILL, known_population("claret"), scenarios=(*days, none))
    for one in record.scenarios[:2]:
        assert max(each.day for each in (*one.fan, *one.visits)) <= 210
        assert "It ends on day" in one.assumption
    assert record.scenarios[2].refused.startswith("past_horizon")
    assert not record.scenarios[2].visits


def test_a_change_whose_sizes_are_those_of_no_body_ends_before() -> None:
    wild = replace(known_population("exponential"), name="wild", centre=(1.5,), horizon_days=900.0)
    record = twin_record(STILL, known_population(), scenarios=(Scenario("wild", "switch", 150.0, {}, wild),))
    assert max(one.high_mm for one in record.scenarios[0].visits) <= 1000
    assert record.scenarios[0].visits[-1].day < record.visits[-1].day


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{name: a, level: 50, day: 140}", "level: 50"),
        ("{name: a, level: -0.1, day: 140}", "level: -0.1"),
        ("{name: a, stop: .nan}", "day: nan"),
        ("{name: a, holiday: [140, 130]}", "from day 140"),
        ("{name: a, holiday: [140, .inf]}", "stop: inf"),
        ("{name: a, resection: {day: 150}}", "no removed"),
        ("{name: a, resection: {day: 150, removed: 1.2}}", "removed: 1.2"),
        ("{name: a, resection: {day: 150, removed: half}}", "removed: half"),
        ("{name: a, resection: {day: 150, removed: 0.1, sum: 3}}", "unknown word"),
        ("{name: a, radiotherapy: {days: [150], gray: 8}}", "no alpha"),
        ("{name: a, radiotherapy: {days: [150, .nan], gray: 8, alpha: 0.3, beta: 0.03}}", "days: nan"),
        ("{name: a, switch: {day: 140, population: oak_nsclc, correlation: 3}}", "correlation: 3"),
    ],
)
def test_what_cannot_be_used_is_refused_when_it_is_read(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "what_if.yaml"
    path.write_text(f"scenarios:\n  - {row}\n", encoding="utf-8")
    with pytest.raises(InputError) as found:
        read_scenarios(path)
    assert told in str(found.value)
