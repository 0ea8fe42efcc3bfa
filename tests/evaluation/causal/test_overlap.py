"""Propensity, overlap weights, balance and the verdict on one patient."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from tumorcast.biology.treatment_families import treatment_key
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.causal.overlap import FEWEST, Overlap, fit_overlap
from tumorcast.evaluation.causal.propensity import Propensity, cross_fitted, fit_propensity
from tumorcast.evaluation.causal.weights import balance, effective_size, overlap_weights

NAMES = ("a", "b", "c")


def _indicated(n: int, seed: int = 0, strength: float = 1.0) -> tuple[pd.DataFrame, list[str], np.ndarray]:
    """(numbers, treatments, true chances): two numbers decide, a third does not, a fourth is often missing."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((n, 4))
    logits = strength * np.stack([x[:, 0], -x[:, 0] + x[:, 1], np.zeros(n)], axis=1)
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = (random.random((n, 1)) > np.cumsum(chance, axis=1)[:, :2]).sum(axis=1)
    table = pd.DataFrame(x, columns=["fitness", "marker", "noise", "patchy"])
    table.loc[random.random(n) < 0.3, "patchy"] = np.nan
    return table, [NAMES[k] for k in given], chance


def test_chances_are_those_that_were_drawn_from():
    table, given, chance = _indicated(4000)
    found = fit_propensity(table, given).chances(table)
    assert np.abs(found - chance).mean() < 0.03
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_agrees_with_scikit_learn():
    table, given, _ = _indicated(500)
    full = table.fillna(table.mean())
    z = (full - full.mean()) / full.std(ddof=0)
    oracle = LogisticRegression(C=1 / 7.0, max_iter=5000, tol=1e-10).fit(z, given).predict_proba(z)
    ours = fit_propensity(full, given, penalties=(7.0,)).chances(full)
    np.testing.assert_allclose(ours, oracle, atol=1e-3)


def test_cross_fitted_chances_of_chance_alone_are_the_shares():
    table, given, _ = _indicated(900, strength=0.0)
    groups, held = cross_fitted(table, given, [str(i) for i in range(900)])
    shares = [given.count(name) / 900 for name in groups]
    assert np.abs(held - shares).max() < 0.15
    assert np.abs(held - shares).mean() < 0.03


def test_a_patients_courses_are_left_out_together():
    table, given, _ = _indicated(200)
    twice = pd.concat([table, table], ignore_index=True)
    patients = [str(i) for i in range(200)] * 2
    _, held = cross_fitted(twice, given * 2, patients)
    np.testing.assert_allclose(held[:200], held[200:], atol=1e-12)


def test_overlap_weights_of_two_treatments_balance_exactly():
    table, given, _ = _indicated(600)
    two = [name if name == "a" else "rest" for name in given]
    full = table.drop(columns="patchy")
    chances = fit_propensity(full, two, penalties=(1e-9,)).chances(full)
    received = np.array([0 if name == "a" else 1 for name in two])
    weights = overlap_weights(chances, received)
    np.testing.assert_allclose(weights, 1 - chances[np.arange(600), received])
    differences = balance(full, two, weights)
    assert differences.loc["fitness", "before"] > 0.5
    assert differences["after"].max() < 1e-3


def test_weights_of_several_treatments_balance_and_cost_patients():
    table, given, chance = _indicated(4000)
    received = np.array([NAMES.index(name) for name in given])
    weights = overlap_weights(chance, received)
    differences = balance(table, given, weights)
    assert differences["before"].max() > 1
    assert differences["after"].max() < 0.15
    own = weights[received == 0]
    assert 1 < effective_size(own) < len(own)
    assert effective_size(np.ones(7)) == pytest.approx(7)


def test_a_patient_who_cannot_receive_one_of_them_has_no_weight():
    chance = np.array([[0.5, 0.5, 0.0], [0.3, 0.3, 0.4]])
    np.testing.assert_allclose(overlap_weights(chance, [0, 1]) > 0, [False, True])


def test_verdicts_on_patients_with_and_without_overlap():
    table, given, _ = _indicated(900, strength=2.0)
    given = [*given[:-5], *["rare"] * 5]
    record = fit_overlap(table, given, [str(i) for i in range(900)])
    assert record is not None
    record = Overlap.from_json(json.loads(json.dumps(record.to_json())))
    assert record.left_out == ("rare",)
    assert min(record.counts.values()) >= FEWEST
    middle = {"fitness": 0.0, "marker": 0.0, "noise": 0.0, "patchy": 0.0, "unheard of": 3.0}
    assert all(record.judge(middle, name).is_supported for name in NAMES)
    far = record.judge({**middle, "fitness": -3.0, "marker": -3.0}, "a")
    assert far.support == "none"
    assert far.chance is not None
    assert far.floor is not None
    assert far.chance < far.floor
    assert record.judge(middle, "rare").support == "too_few"
    assert record.judge(middle, "never").chance is None
    assert record.judge({"fitness": 0.0}, "a").support == "unknown_patient"
    assert record.after < record.before


def test_where_chance_decides_everyone_has_overlap():
    table, given, _ = _indicated(600, strength=0.0)
    record = fit_overlap(table, given, [str(i) for i in range(600)])
    assert record is not None
    rows = table[:60].to_dict("records")
    supported = [record.judge(row, name).is_supported for row in rows for name in NAMES]
    assert np.mean(supported) > 0.99


def test_records_hold_no_row_and_none_of_too_few():
    table, given, _ = _indicated(300)
    table["who"] = 0.0
    table.loc[table.index[7], "who"] = 42.42424
    record = fit_overlap(table, given, [str(i) for i in range(300)])
    assert record is not None
    assert "who" not in record.propensity.columns
    assert fit_overlap(table[:30], given[:30], [str(i) for i in range(30)]) is None
    assert fit_overlap(table, ["one"] * 300, [str(i) for i in range(300)]) is None


def test_a_treatment_does_not_see_the_order_of_its_drugs():
    assert treatment_key(["taxane", "anti-PD-1", "taxane"]) == treatment_key(("anti-PD-L1", "platinum"))
    assert treatment_key(["antimetabolite", "folate"]) == "chemotherapy"
    assert treatment_key(["anti-CTLA-4", "anti-PD-1"]) == "PD-1/PD-L1 inhibitor + anti-CTLA-4"
    assert treatment_key([]) == "unknown"


def test_nothing_to_compare_is_said():
    table = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(InputError, match="one treatment alone"):
        fit_propensity(table, ["a", "a"])
    with pytest.raises(InputError, match="no baseline column"):
        fit_propensity(pd.DataFrame({"x": [1.0, 1.0]}), ["a", "b"])


def test_absent_columns_count_as_missing():
    table, given, _ = _indicated(300)
    fitted = fit_propensity(table, given)
    assert fitted.told_missing == ("patchy",)
    again = Propensity.from_json(json.loads(json.dumps(fitted.to_json())))
    np.testing.assert_allclose(
        again.chances(table.drop(columns="patchy")), fitted.chances(table.assign(patchy=np.nan))
    )
