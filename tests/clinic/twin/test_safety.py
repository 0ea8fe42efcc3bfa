"""Point 7 of the safety page, each line with the input that would break it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clinic.twin.cohorts import known_population, series
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.charts import fan_drawing, fan_svg
from tumorcast.clinic.twin.html import html_of
from tumorcast.clinic.twin.published import named_population
from tumorcast.clinic.twin.record_json import read_record, record_schema, record_text
from tumorcast.clinic.twin.scenarios import Scenario
from tumorcast.clinic.twin.table import table_text
from tumorcast.clinic.twin.write import write_twin
from tumorcast.domain.errors import InputError

FOUR = series("P1", np.array([-7.0, 42, 84, 126]), np.array([80.0, 60, 50, 52]))
LUNG = "motesanib_nsclc"


@pytest.mark.parametrize("n", [0, 1])
def test_no_individual_claim_without_two_scans(n: int) -> None:
    record = twin_record(FOUR.first(n), known_population())
    assert record.kind == "population_simulation"
    assert record.reasons[0].startswith("too_few_scans")
    assert not record.best_response
    assert record.effective_draws is None
    for text in (html_of(record), fan_svg(record), table_text(record)):
        assert "NOT THIS PATIENT" in text


def test_one_scan_does_not_move_the_simulated_population() -> None:
    one = twin_record(FOUR.first(1), known_population())
    other = twin_record(series("P1", FOUR.days[:1], np.array([20.0])), known_population())
    assert one.fan == other.fan
    assert [each.progression for each in one.visits] == [each.progression for each in other.visits]


def test_what_one_scan_does_not_answer_is_said() -> None:
    cut = Scenario("cut", "resection", 150.0, {"removed": 0.5})
    record = twin_record(FOUR.first(1), known_population(), scenarios=(cut,))
    assert "no_what_if" in {one.partition(":")[0] for one in record.reasons}


def test_no_forecast_past_the_populations_follow_up() -> None:
    population = known_population()
    with pytest.raises(InputError, match="past the population's follow-up"):
        twin_record(FOUR, population, horizon_day=394.0)
    record = twin_record(FOUR, population)
    assert max(one.day for one in (*record.fan, *record.visits)) <= FOUR.days[0] + population.horizon_days
    late = twin_record(FOUR, replace(population, horizon_days=100.0))
    assert late.kind == "refused"
    assert late.reasons[0].startswith("past_horizon")
    assert not late.fan
    assert not late.visits
    assert late.progression is None


def test_a_pair_without_data_is_independent_action_and_never_better_than_the_better() -> None:
    population = named_population(LUNG)
    pair = Scenario("pair", "add", 140.0, {}, named_population("oak_nsclc"))
    alone = Scenario("alone", "switch", 140.0, {}, named_population("oak_nsclc"))
    record = twin_record(FOUR, population, scenarios=(pair, alone))
    assert "Independent action" in record.scenarios[0].assumption
    theta = np.tile(population.middle, (200, 1))
    days = np.array([168.0, 252.0])
    both, switched = (one.log_ratio(population, theta, days, -7.0, seed=1) for one in (pair, alone))
    np.testing.assert_allclose(both, np.minimum(switched, 0.0), atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_last_value_is_always_drawn(n: int) -> None:
    record = twin_record(FOUR.first(n), known_population())
    assert record.last_value_mm == FOUR.high_mm[n - 1]
    dashed = [one for one in fan_drawing(record).contents if getattr(one, "strokeDashArray", None) == [5, 3]]
    assert len(dashed) == 1
    if n > 1:
        assert all(one.last_value_mm == record.last_value_mm for one in record.visits)


def test_a_stop_is_a_simulation_with_its_caveat_and_needs_a_model_of_the_drug() -> None:
    stop = Scenario("stop", "stop", 140.0)
    without = twin_record(FOUR, known_population("gompertz"), scenarios=(stop,)).scenarios[0]
    assert without.refused.startswith("no_drug_in_model")
    assert not without.fan
    told = twin_record(FOUR, named_population(LUNG), scenarios=(stop,)).scenarios[0]
    assert told.fan
    assert "without harm" in told.caveat
    assert "off treatment" in told.assumption


def test_what_is_past_cannot_be_changed() -> None:
    early = Scenario("early", "resection", 60.0, {"removed": 0.5})
    record = twin_record(FOUR, known_population(), scenarios=(early,))
    assert record.scenarios[0].refused.startswith("in_the_past")


def test_no_output_says_that_stopping_is_safe_or_recommends(tmp_path: Path) -> None:
    scenarios = (
        Scenario("stop", "stop", 140.0),
        Scenario("half", "level", 140.0, {"level": 0.5}),
        Scenario("pause", "holiday", 140.0, {"stop": 170.0}),
        Scenario("cut", "resection", 150.0, {"removed": 0.5}),
        Scenario("pair", "add", 140.0, {}, named_population("oak_nsclc")),
    )
    record = twin_record(FOUR, named_population(LUNG), scenarios=scenarios)
    write_twin(record, tmp_path)
    for path in tmp_path.iterdir():
        if path.suffix != ".png":
            text = path.read_text(encoding="utf-8").lower()
            assert not re.search(
                r"\bsafe(ly)? to\b|\bbest treatment\b|we recommend|is recommended|should be (stopped|withheld)",
                text,
            )
    assert read_record(tmp_path / "twin.json") == record


def test_a_record_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twin.json"
    text = record_text(twin_record(FOUR, known_population()))
    path.write_text(text.replace('"kind": "individual"', '"kind": "certain"'), encoding="utf-8")
    with pytest.raises(InputError, match="not a twin record"):
        read_record(path)


def test_pictures_have_no_inline_styles() -> None:
    assert " style=" not in fan_svg(twin_record(FOUR, known_population()))


def test_the_documented_schema_is_the_records() -> None:
    documented = Path(__file__).parents[3] / "docs" / "twin_schema.json"
    assert json.loads(documented.read_text(encoding="utf-8")) == record_schema()
