"""Missing is informative: combinations of layers that few training patients had."""

from __future__ import annotations

import pytest

from toy_guards import row_of
from tumorcast.serve.policy import Policy
from tumorcast.serve.population import PatternFigures

LAYERS = ("slide", "mutations", "clinical")


@pytest.mark.parametrize(("count", "is_told"), [(49, True), (50, False)])
def test_a_combination_of_fewer_than_fifty_patients_is_not_validated(here, count, is_told):
    here = here.of(patterns=(PatternFigures(layers=LAYERS, n_training=count),))
    row = row_of(here.ask())
    assert tuple(row["modalities"].split("+")) == LAYERS
    assert ("warning:pattern_not_validated" in row["flags"]) == is_told
    assert ("not validated for this combination" in row["reason"]) == is_told
    assert (row["status"] == "predicted_partly") == is_told
    flags = here.report(here.study(), "P0").flags
    assert any("not validated for this combination" in flag.sentence for flag in flags) == is_told


def test_a_combination_that_nobody_had_is_not_validated(here):
    row = row_of(here.of(patterns=(PatternFigures(layers=("slide",), n_training=500),)).ask())
    assert "found 0 training patients with exactly these layers" in row["reason"]


def test_a_lab_may_refuse_it(here):
    here = here.of(patterns=(PatternFigures(layers=LAYERS, n_training=3),))
    row = row_of(here.ask(policy=Policy(actions={"pattern_not_validated": "refuse"})))
    assert (row["status"], row["modalities"]) == ("refused", "")
