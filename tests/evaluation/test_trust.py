"""Calibration, sets and operating points of a model's inner predictions, and their correction at a new hospital."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.strict_numbers import as_numbers, as_words
from tumorcast.evaluation.trust import Trust, fit_trust, with_local


def _cases(
    n: int, seed: int, shift: float = 0.0, slope: float = 1.0
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(what an overconfident model says, label, patient): true log-odds are half of what it says."""
    random = np.random.default_rng(seed)
    said = random.normal(0, 3, n)
    label = (random.random(n) < expit(slope * said / 2 + shift)).astype(float)
    return np.asarray(expit(said)), label, [f"{seed}-{i}" for i in range(n)]


def _inner(n: int = 800) -> pd.DataFrame:
    raw, label, people = _cases(n, 0)
    return pd.DataFrame({"patient_id": people, "fold": np.arange(n) % 4, "label": label, "probability": raw})


@pytest.fixture(scope="module")
def trust() -> Trust:
    made = fit_trust(_inner())
    assert made is not None
    return made


def test_overconfidence_is_found_and_undone(trust: Trust):
    raw, label, _ = _cases(4000, 1)
    brier = ((raw - label) ** 2).mean()
    assert ((trust.probability(raw) - label) ** 2).mean() < brier - 0.01
    assert trust.calibration.method != "none"
    assert trust.probability([0.9])[0] == pytest.approx(expit(np.log(9) / 2), abs=0.05)


def test_sets_hold_the_truth_as_often_as_promised_on_new_patients(trust: Trust):
    raw, label, _ = _cases(4000, 2)
    held = trust.sets(raw)[np.arange(4000), label.astype(int)]
    assert held.mean() == pytest.approx(0.9, abs=0.03)
    assert 0.1 < (trust.sets(raw).sum(axis=1) == 1).mean() < 0.95


def test_operating_points_do_what_they_say(trust: Trust):
    raw, label, _ = _cases(4000, 3)
    by_name = {point.name: point for point in trust.points}
    point = by_name["sensitivity 90%"]
    called = trust.probability(raw) >= point.threshold
    assert called[label == 1].mean() == pytest.approx(0.9, abs=0.04)
    assert (~called[label == 0]).mean() == pytest.approx(point.specificity, abs=0.06)
    ppv, npv = by_name["youden"].predictive_values["0.1"]
    assert ppv < by_name["youden"].predictive_values["0.5"][0]
    assert npv > by_name["youden"].predictive_values["0.5"][1]


def test_it_travels_as_plain_json(trust: Trust):
    again = Trust.from_json(json.loads(json.dumps(trust.to_json())))
    raw, _, _ = _cases(50, 4)
    assert (again.probability(raw) == trust.probability(raw)).all()
    assert (again.sets(raw) == trust.sets(raw)).all()
    assert again == trust


def test_too_few_patients_say_nothing():
    assert fit_trust(_inner(12)) is None
    assert fit_trust(_inner().assign(label=1.0)) is None
    assert fit_trust(_inner().assign(label=np.nan)) is None


def test_a_hospital_with_more_responders_is_brought_up(trust: Trust):
    raw, label, people = _cases(60, 5, shift=1.5)
    local = with_local(trust, raw, label, people)
    assert local.local is not None
    assert local.local.chosen == "intercept"
    new, truth, _ = _cases(4000, 6, shift=1.5)
    before = ((trust.probability(new) - truth) ** 2).mean()
    assert ((local.probability(new) - truth) ** 2).mean() < before - 0.01
    again = Trust.from_json(json.loads(json.dumps(local.to_json())))
    assert (again.probability(new) == local.probability(new)).all()


def test_a_hospital_like_the_others_changes_nothing(trust: Trust):
    raw, label, people = _cases(60, 7)
    local = with_local(trust, raw, label, people)
    assert local.local is not None
    assert local.local.chosen == "original"
    assert (local.probability(raw) == trust.probability(raw)).all()


def test_few_cases_keep_the_sets_of_training(trust: Trust):
    raw, label, people = _cases(24, 8, shift=2.5)
    rare = with_local(trust, raw, label, people)
    assert min(label.sum(), 24 - label.sum()) < 10
    assert rare.local_conformal is None
    assert (rare.sets(raw) == trust.sets(raw)).all()
    with pytest.raises(InputError, match="calibration"):
        with_local(trust, raw, np.ones(24), people)


def test_a_second_hospital_starts_from_training_not_from_the_first(trust: Trust):
    first = with_local(trust, *_cases(200, 9, shift=2.0))
    assert first.local_conformal is not None
    few = _cases(24, 8, shift=2.5)
    assert with_local(first, *few) == with_local(trust, *few)


def test_a_number_that_is_not_finite_is_a_word_in_the_record():
    told = {"a": float("nan"), "b": [1.0, float("inf"), "nan of a kind"], "c": {"d": (float("-inf"), 2)}}
    words = as_words(told)
    assert json.loads(json.dumps(words, allow_nan=False)) == words
    again = as_numbers(words)
    assert np.isnan(again["a"])
    assert again["b"] == [1.0, float("inf"), "nan of a kind"]
    assert again["c"]["d"] == [float("-inf"), 2]
