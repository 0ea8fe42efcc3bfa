"""Values with which nobody received a treatment: found where a rule excludes them, not where chance does."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causal_cohort import simulated
from tumorcast.evaluation.causal.never import never_received
from tumorcast.evaluation.causal.overlap import Overlap, fit_overlap


@pytest.fixture(scope="module")
def ruled() -> Overlap:
    """ECOG 2 is never given two of the regimens, though the frail are likelier to be given one of them."""
    cohort = simulated(800, 2, no_overlap=True)
    found = fit_overlap(cohort.table, cohort.given, cohort.patients)
    assert found is not None
    return found


def test_a_rule_that_the_regression_does_not_see_is_found(ruled: Overlap):
    told = {(one.treatment, one.column, one.value) for one in ruled.never}
    assert told == {("combination", "ecog", 2.0), ("dual_immunotherapy", "ecog", 2.0)}
    frail = {"clinical": -1.5, "programme": 0.0, "infiltration": 0.0, "ecog": 2.0}
    verdict = ruled.judge(frail, "combination")
    assert (verdict.support, verdict.chance) == ("none", None)
    assert "of ecog 2 received it" in verdict.reason
    assert ruled.propensity.chances(pd.DataFrame([frail]))[0, 1] > (verdict.floor or 1)
    assert ruled.judge({**frail, "ecog": 1.0}, "combination").is_supported
    assert ruled.judge({**frail, "ecog": float("nan")}, "combination").is_supported
    assert ruled.judge(frail, "chemotherapy").is_supported


def test_the_record_brings_it_back_and_one_of_before_has_none(ruled: Overlap):
    fields = json.loads(json.dumps(ruled.to_json()))
    assert Overlap.from_json(fields) == ruled
    del fields["never"]
    assert Overlap.from_json(fields).never == ()


def test_chance_alone_seldom_excludes_a_value():
    random, found = np.random.default_rng(0), 0
    for _ in range(40):
        table = pd.DataFrame(random.integers(0, 4, (120, 6)).astype(float)).add_prefix("x")
        given = random.choice(["a", "b", "c"], 120, p=[0.5, 0.38, 0.12]).tolist()
        found += bool(never_received(table, given))
    assert found <= 4


@pytest.mark.parametrize(("n", "told"), [(9, 0), (10, 1)])
def test_few_patients_of_a_value_say_nothing(n: int, told: int):
    table = pd.DataFrame({"x": [1.0] * n + [0.0] * 90})
    assert len(never_received(table, ["a"] * n + ["a", "b"] * 45)) == told
