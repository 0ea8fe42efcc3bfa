"""Calibration of logits: each method finds what it can express, the simplest that does is chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.evaluation.recalibration import (
    Calibration,
    choose_calibration,
    fit_calibration,
    patient_weights,
    prior_corrected,
)

METHODS = ("none", "temperature", "platt", "beta", "isotonic")


def _cases(seed: int, n: int, truth=lambda logits: logits):
    """(logit, label, patient, fold); `truth`: logits -> true log-odds."""
    random = np.random.default_rng(seed)
    said = random.normal(0, 2, n)
    label = (random.random(n) < expit(truth(said))).astype(float)
    return said, label, np.arange(n), np.arange(n) % 5


def _chosen(seed: int, n: int, truth) -> str:
    return choose_calibration(*_cases(seed, n, truth))[0].method


def test_a_temperature_is_found():
    said, label, people, _ = _cases(0, 20_000, lambda v: v / 2)
    assert fit_calibration("temperature", said, label, people).weights == pytest.approx([0.5], abs=0.03)


def test_platt_is_the_logistic_regression_where_patients_are_many():
    said, label, people, _ = _cases(1, 20_000, lambda v: 0.7 * v - 1)
    slope, intercept = fit_calibration("platt", said, label, people).weights
    judge = LogisticRegression(C=1e9).fit(said[:, None], label)
    assert (slope, intercept) == pytest.approx((judge.coef_[0, 0], judge.intercept_[0]), abs=0.005)


def test_platts_targets():
    """At one logit for all, Platt's probability is the mean target: (3 x 4/5 + 1 x 1/3) / 4."""
    fitted = fit_calibration("platt", np.zeros(4), [1, 1, 1, 0], list("abcd"))
    assert fitted.probability([0.0])[0] == pytest.approx((3 * 4 / 5 + 1 / 3) / 4, abs=1e-6)


def test_beta_bends_the_two_ends_apart():
    said, label, people, _ = _cases(2, 40_000, lambda v: -2 * np.logaddexp(0, -v) + 0.5 * np.logaddexp(0, v))
    assert fit_calibration("beta", said, label, people).weights == pytest.approx((2, 0.5, 0), abs=0.15)


def test_isotonic_pools_adjacent_violators():
    """Labels 0 1 0 1 in order of the logit: the middle two are pooled, at Platt's targets 1/4 and 3/4."""
    fitted = fit_calibration("isotonic", [-2.0, -1.0, 1.0, 2.0], [0, 1, 0, 1], list("abcd"))
    assert fitted.probability([-9.0, -1.0, 0.0, 1.0, 9.0]) == pytest.approx([0.25, 0.5, 0.5, 0.5, 0.75])


@pytest.mark.parametrize("method", METHODS)
def test_separated_classes_and_reversed_ones_give_finite_answers(method):
    said, at = np.linspace(-3, 3, 60), np.linspace(-5, 5, 101)
    for label in ((said > 0).astype(float), (said < 0).astype(float)):
        made = fit_calibration(method, said, label, np.arange(60)).probability(at)
        assert ((made > 0) & (made < 1)).all()
        assert (np.diff(made) >= -1e-12).all()


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_patient_counts_once(method):
    said, label, people, _ = _cases(3, 300)
    again = np.r_[np.arange(300), np.repeat(np.arange(30), 9)]
    once = fit_calibration(method, said, label, people)
    often = fit_calibration(method, said[again], label[again], people[again])
    assert often.probability(said) == pytest.approx(once.probability(said), abs=1e-4)


@pytest.mark.parametrize(
    ("truth", "method"),
    [
        (lambda v: v, "none"),
        (lambda v: v / 3, "temperature"),
        (lambda v: v + 2, "platt"),
        (lambda v: -3 * np.logaddexp(0, -v), "beta"),
        (lambda v: np.where(v > 0, 2.0, -2.0), "isotonic"),
    ],
)
def test_the_simplest_that_does_is_chosen(truth, method):
    assert _chosen(4, 4000, truth) == method


def test_what_was_tried_is_told_and_adds_up():
    calibration, trials = choose_calibration(*_cases(5, 1000, lambda v: v / 3))
    assert [trial.method for trial in trials] == list(METHODS)
    best = min(trials, key=lambda trial: trial.loss)
    assert (best.excess, best.error) == (0, 0)
    for trial in trials:
        assert trial.excess == pytest.approx(trial.loss - best.loss)
    assert calibration.method == next(t.method for t in trials if t.excess <= t.error)


@pytest.mark.parametrize(
    ("rare", "last"), [(9, "none"), (10, "temperature"), (20, "platt"), (30, "beta"), (100, "isotonic")]
)
def test_few_patients_of_an_answer_try_less(rare, last):
    said, _, people, folds = _cases(6, 300)
    label = (np.arange(300) < rare).astype(float)
    assert choose_calibration(said, label, people, folds)[1][-1].method == last


def test_courses_do_not_make_patients():
    said, _, _, _ = _cases(7, 200)
    people = np.arange(200) // 20
    label = (people < 5).astype(float)
    tried = choose_calibration(said, label, people, people % 5)[1]
    assert [trial.method for trial in tried] == ["none"]


def test_choosing_helps_on_new_courses():
    calibration, _ = choose_calibration(*_cases(8, 400, lambda v: v / 2 - 1))
    said, label, _, _ = _cases(9, 5000, lambda v: v / 2 - 1)
    loss = {
        name: -np.log(np.where(label == 1, p, 1 - p)).mean()
        for name, p in {"raw": expit(said), "made": calibration.probability(said)}.items()
    }
    assert loss["made"] < loss["raw"] - 0.1


@pytest.mark.parametrize("method", METHODS)
def test_it_travels_as_json(method):
    said, label, people, _ = _cases(10, 200)
    fitted = fit_calibration(method, said, label, people)
    again = Calibration.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    assert (again.logit(said) == fitted.logit(said)).all()
    assert expit(fitted.logit(said)) == pytest.approx(fitted.probability(said))
    assert logit(fitted.probability(said)) == pytest.approx(fitted.logit(said))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"logits": [0.0, np.inf, 1, 2]}, "finite scores"),
        ({"logits": [0.0, 1]}, "one length"),
        ({"label": [0, 1, 0.5, 1]}, "labels 0 or 1"),
        ({"label": [0, 1, np.nan, 1]}, "labels 0 or 1"),
        ({"label": [1, 1, 1, 1]}, "4 responses in 4"),
        ({"patients": ["a", "b", np.nan, "d"]}, "identifiers"),
    ],
)
def test_what_cannot_be_used_is_refused(changed, what):
    given = {"logits": [0.0, 1, -1, 2], "label": [0, 1, 0, 1], "patients": list("abcd")}
    with pytest.raises(InputError, match=what):
        fit_calibration("platt", **{**given, **changed})


def test_folds_that_cannot_judge_are_refused():
    said, label, people, folds = _cases(11, 40)
    with pytest.raises(InputError, match="one fold a course"):
        choose_calibration(said, label, people, np.where(folds == 1, np.nan, folds))
    with pytest.raises(InputError, match="one fold a course"):
        choose_calibration(said, label, people, folds[:-1])
    with pytest.raises(InputError, match="outside every fold"):
        choose_calibration(said, label, people, np.zeros(40))
    with pytest.raises(InputError, match="outside every fold"):
        choose_calibration(said, label, people, label)
    with pytest.raises(LeakageError, match="patients"):
        choose_calibration(said, label, people // 2, folds)


@pytest.mark.parametrize("rounded", [0, 1, 6])
def test_isotonic_steps_are_scikit_learn_s(rounded):
    said, label, people, _ = _cases(3, 400)
    said = said.round(rounded)
    people = people // 2
    found = fit_calibration("isotonic", said, label, people)
    weight = patient_weights(people)
    theirs = IsotonicRegression().fit(said, prior_corrected(label, weight), sample_weight=weight)
    assert found.knots == pytest.approx(theirs.X_thresholds_)
    assert found.levels == pytest.approx(theirs.y_thresholds_)
