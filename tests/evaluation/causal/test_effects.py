"""Kinds of treatment in confounded cohorts: the adjusted contrast holds the truth where the plain one does not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from causal_cohort import BEST, Simulated, simulated
from tumorcast.evaluation.causal.e_value import of_risk_ratio
from tumorcast.evaluation.causal.effects import Effects, OutcomeEffects
from tumorcast.evaluation.causal.fit_effects import response_effects, time_effects

OTHER = "dual_immunotherapy"


@pytest.fixture(scope="module")
def learned() -> tuple[Simulated, OutcomeEffects]:
    cohort = simulated(1000, 511)
    made = response_effects(
        cohort.table, cohort.given, cohort.patients, cohort.of_received(cohort.responses), "Melanoma"
    )
    assert made is not None
    return cohort, made


def test_what_is_adjusted_holds_the_truth_where_the_naive_figures_do_not(
    learned: tuple[Simulated, OutcomeEffects],
):
    cohort, made = learned
    truth = dict(zip(sorted(set(cohort.given)), cohort.responses.mean(axis=0), strict=True))
    found = made.contrast(BEST, OTHER)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    true = truth[BEST] - truth[OTHER]
    assert 0 < found.low < true < found.high
    assert made.values[BEST].naive - made.values[OTHER].naive < found.low < true
    assert all(one.low < truth[name] < one.high for name, one in made.values.items())


def test_e_values_are_those_of_the_ratio_and_1_where_the_interval_holds_0(
    learned: tuple[Simulated, OutcomeEffects],
):
    _, made = learned
    for one in made.contrasts:
        assert one.low is not None
        assert one.high is not None
        holds = one.low <= 0 <= one.high
        assert (one.e_bound == 1) == holds
        ratio = made.values[one.first].value / made.values[one.second].value
        assert one.e_value == pytest.approx(of_risk_ratio(ratio).value)
    assert {one.low <= 0 <= one.high for one in made.contrasts if one.low and one.high} == {True, False}


def test_a_contrast_turned_round_and_the_record_as_json(learned: tuple[Simulated, OutcomeEffects]):
    _, made = learned
    one, other = made.contrast(BEST, OTHER), made.contrast(OTHER, BEST)
    assert one is not None
    assert other is not None
    assert (other.difference, other.low, other.high) == (-one.difference, -one.high, -one.low)  # type: ignore[operator]
    assert made.contrast(BEST, "radiotherapy") is None
    record = Effects((made,))
    assert Effects.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False))) == record


def test_months_up_to_where_all_are_followed():
    cohort = simulated(600, 5)
    time = cohort.of_received(cohort.months)
    seen, event = np.minimum(time, cohort.follow_up), time <= cohort.follow_up
    made = time_effects(cohort.table, cohort.given, cohort.patients, seen, event, "Melanoma", "PFS")
    assert made is not None
    assert made.horizon is not None
    truth = dict(
        zip(sorted(set(cohort.given)), np.minimum(cohort.months, made.horizon).mean(axis=0), strict=True)
    )
    for one in made.contrasts:
        assert one.low is not None
        assert one.high is not None
        assert one.low < truth[one.first] - truth[one.second] < one.high
    assert set(made.values) == set(cohort.given)


def test_without_enough_patients_or_overlap_there_is_no_number():
    cohort = simulated(400, 3)
    y = cohort.of_received(cohort.responses)
    few = [name if name == BEST or k % 9 == 0 else "" for k, name in enumerate(cohort.given)]
    rows = np.array([bool(name) for name in few])
    named = [name for name in few if name]
    people = np.asarray(cohort.patients)[rows].tolist()
    assert response_effects(cohort.table[rows], named, people, y[rows], "Melanoma") is None
    assert response_effects(cohort.table, cohort.given, ["p"] * 400, y, "Melanoma") is None
    assert response_effects(cohort.table, cohort.given, cohort.patients, np.ones(400), "Melanoma") is None
    state = cohort.table["ecog"].to_numpy()
    apart = ["a" if one > 0 else "b" for one in state]
    made = response_effects(cohort.table[["ecog"]], apart, cohort.patients, y, "Melanoma")
    assert made is None
