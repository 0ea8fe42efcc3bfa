"""Cohorts left out: their outcomes never reach the choice, batch shifts do not fool ranks, intervals are paired."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.cross_cohort import (
    LEVELS,
    RANKS,
    best_together,
    leave_cohort_out,
    mean_auroc,
    ranks_within,
)  # fmt: skip
from tumorcast.metrics.discrimination import auroc


def cohorts(seed: int = 0, n: int = 60) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Five laboratories with scales of their own for each feature; both halves together tell responders."""
    random = np.random.default_rng(seed)
    names = np.repeat(list("ABCDE"), n)
    label = random.integers(0, 2, len(names)).astype(float)
    table = pd.DataFrame({half: label + random.normal(0, 1.2, len(names)) for half in ("one", "other")})
    for half in table:
        scale = {name: 10.0 ** random.uniform(-1.5, 1.5) for name in "ABCDE"}
        table[half] = (table[half] + 7) * [scale[name] for name in names]
    return table, label, names.tolist()


def test_ranks_bear_the_scales_of_laboratories_and_are_chosen():
    table, label, names = cohorts()
    out = leave_cohort_out({"all": table}, label, names)
    assert {choice.form for choice in out.choices.values()} == {RANKS}
    levels = leave_cohort_out({"all": table}, label, names, forms=[LEVELS])
    found = mean_auroc(label, {"ranks": out.probability, "levels": levels.probability}, names, draws=200)
    assert found["ranks"].value > 0.75
    assert found["ranks - levels"].low > 0


def test_outcomes_of_a_cohort_do_not_reach_its_own_predictions():
    table, label, names = cohorts(1)
    is_first = np.array(names) == "A"
    turned = np.where(is_first, 1 - label, label)
    one, other = (leave_cohort_out({"all": table}, y, names) for y in (label, turned))
    np.testing.assert_allclose(one.probability[is_first], other.probability[is_first])
    assert one.choices["A"] == other.choices["A"]
    assert not np.allclose(one.probability[~is_first], other.probability[~is_first])


def test_labels_without_a_cause_are_not_predicted():
    table, _, names = cohorts(2)
    label = np.random.default_rng(9).integers(0, 2, len(names)).astype(float)
    out = mean_auroc(label, {"ours": leave_cohort_out({"all": table}, label, names).probability}, names)[
        "ours"
    ]
    assert out.low < 0.5 < out.high


def test_intervals_are_of_the_mean_over_cohorts_and_paired():
    _, label, names = cohorts(3)
    score = label + np.random.default_rng(4).normal(size=len(label))
    found = mean_auroc(label, {"a": score, "b": score, "c": -score}, names, draws=300)
    by_cohort = [auroc(label[np.array(names) == c], score[np.array(names) == c]) for c in "ABCDE"]
    assert found["a"].value == pytest.approx(np.mean(by_cohort))
    assert found["a"].low < found["a"].value < found["a"].high
    assert found["a - b"].as_dict() == {"value": 0, "low": 0, "high": 0}
    assert found["a - c"].low > 0


def test_ranks_are_of_the_measured_alone():
    table = pd.DataFrame({"x": [1.0, np.nan, 3.0, 5.0, 5.0]})
    ranks = ranks_within(table, pd.Series(["A", "A", "A", "B", "B"]))["x"]
    np.testing.assert_allclose(ranks, [0, np.nan, 0.5, 0.25, 0.25])


@pytest.mark.parametrize(("change", "said"), [("one class", "one outcome"), ("two cohorts", "too few")])
def test_what_cannot_be_left_out_is_refused(change, said):
    table, label, names = cohorts(5)
    if change == "one class":
        label = np.where(np.array(names) == "B", 1.0, label)
    else:
        names = ["A" if name in "ABC" else "B" for name in names]
    with pytest.raises(InputError, match=said):
        leave_cohort_out({"all": table}, label, names)


def test_members_that_say_something_are_chosen_without_the_cohort():
    table, label, names = cohorts(6)
    is_first = np.array(names) == "A"
    fitted = leave_cohort_out({"all": table}, label, names, forms=[RANKS])
    noise = {f"noise {i}": np.random.default_rng(i).normal(size=len(label)) for i in range(3)}
    misled = {"right in A alone": np.where(is_first, label, 1 - label)}
    members = {"fitted": fitted, **noise, **misled}
    out = best_together(members, label, names)
    assert all("fitted" in own for own in out.members.values())
    assert "right in A alone" not in out.members["A"]
    turned = best_together(members, np.where(is_first, 1 - label, label), names)
    assert turned.members["A"] == out.members["A"]
    np.testing.assert_array_equal(turned.score[is_first], out.score[is_first])


def test_unknown_members_leave_the_known_and_else_the_middle():
    _, label, names = cohorts(7)
    half = np.where(np.array(names) == "B", np.nan, label)
    out = best_together({"half": half}, label, names).score
    assert set(out[np.array(names) == "B"]) == {0.5}
    both = best_together({"half": half, "full": label + 0.0}, label, names)
    assert mean_auroc(label, {"both": both.score}, names, draws=10)["both"].value == 1


def test_inner_predictions_are_of_others_alone():
    table, label, names = cohorts(8, 30)
    own = np.array(names)
    turned = np.where(np.isin(own, ["A", "B"]), 1 - label, label)
    again = leave_cohort_out({"all": table}, turned, names, forms=[RANKS], penalties=[0.1])
    first = leave_cohort_out({"all": table}, label, names, forms=[RANKS], penalties=[0.1])
    for one, inner in first.inner.items():
        assert np.isnan(inner[own == one]).all()
        assert np.isfinite(inner[own != one]).all()
    np.testing.assert_allclose(again.inner["A"][own == "B"], first.inner["A"][own == "B"])
    assert not np.allclose(again.inner["A"][own == "C"], first.inner["A"][own == "C"])
