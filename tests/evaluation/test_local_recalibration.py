"""A new hospital's correction: what is chosen, how far it goes, and how sure its intercept is."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.local_recalibration import LocalCalibration, recalibrate_local


def _cases(seed: int, n: int = 60, slope: float = 1.0, intercept: float = 0.0):
    random = np.random.default_rng(seed)
    said = random.normal(0, 1.5, n)
    return said, (random.random(n) < expit(slope * said + intercept)).astype(float), np.arange(n)


def _chosen(slope: float, intercept: float, n: int = 60, times: int = 100) -> list[str]:
    return [recalibrate_local(*_cases(seed, n, slope, intercept)).chosen for seed in range(times)]


def _loss(score: np.ndarray, label: np.ndarray) -> float:
    return float((np.logaddexp(0, score) - label * score).sum())


def test_a_hospital_like_the_others_is_left_alone_at_the_stated_level():
    assert 0.88 <= _chosen(1, 0, times=300).count("original") / 300 <= 0.99


def test_another_share_of_responders_needs_the_intercept_alone():
    chosen = _chosen(1, 2)
    assert chosen.count("intercept") >= 85


def test_other_odds_of_the_logit_need_the_slope():
    assert _chosen(0.2, 0, n=100).count("slope_and_intercept") >= 85


def test_the_tests_are_the_likelihood_ratios_of_the_three():
    said, label, people = _cases(1, 80, 0.3, 0.5)
    found = recalibrate_local(said, label, people)
    slopes, intercepts = np.linspace(0, 2, 401), np.linspace(-2, 2, 401)
    both = min(_loss(b * said + a, label) for b in slopes for a in intercepts[::8])
    alone = min(_loss(said + a, label) for a in intercepts)
    assert found.p_any == pytest.approx(chi2.sf(2 * (_loss(said, label) - both), 2), rel=0.05)
    assert found.p_slope == pytest.approx(chi2.sf(2 * (alone - both), 1), rel=0.05)


def test_the_correction_is_shrunken_towards_the_original():
    said, label, people = _cases(2, intercept=1)
    found = recalibrate_local(said, label, people)
    assert found.chosen == "intercept"
    gain = 2 * (_loss(said, label) - _loss(said + found.intercept_alone.value, label))
    assert found.shrinkage == pytest.approx(1 - 1 / gain, abs=1e-6)
    assert found.intercept == pytest.approx(found.shrinkage * found.intercept_alone.value)
    assert found.slope == 1
    assert 0 < found.intercept < found.intercept_alone.value


def test_an_original_that_stays_is_not_touched():
    found = recalibrate_local(*_cases(4))
    assert (found.chosen, found.slope, found.intercept, found.shrinkage) == ("original", 1, 0, 0)
    assert found.p_slope is None
    assert (found.logit([-1.0, 2.0]) == [-1.0, 2.0]).all()


def test_the_interval_holds_the_intercept_as_often_as_it_says():
    held = 0
    for seed in range(400):
        interval = recalibrate_local(*_cases(seed, 50, intercept=0.7)).intercept_alone
        assert interval.low < interval.value < interval.high
        held += interval.low <= 0.7 <= interval.high
    assert 0.92 <= held / 400 <= 0.98


def test_few_of_an_answer_test_the_intercept_alone():
    said = np.linspace(-2, 2, 40)
    label = (np.arange(40) >= 31).astype(float)
    assert recalibrate_local(said, label, np.arange(40)).p_slope is None
    label[30] = 1
    found = recalibrate_local(said, label, np.arange(40))
    assert found.chosen == "slope_and_intercept"


def test_separated_classes_do_not_give_certainty():
    random = np.random.default_rng(0)
    said = np.r_[np.full(12, -0.5), np.full(12, 0.5)] + random.normal(0, 0.1, 24)
    found = recalibrate_local(said, (said > 0).astype(float), np.arange(24))
    assert found.chosen == "slope_and_intercept"
    assert expit(found.logit([0.5, -0.5])) == pytest.approx([0.92, 0.08], abs=0.03)


def test_it_helps_new_cases_of_the_hospital():
    found = recalibrate_local(*_cases(5, 60, 0.5, 1.5))
    said, label, _ = _cases(6, 5000, 0.5, 1.5)
    assert _loss(found.logit(said), label) < _loss(said, label) - 0.05 * len(said)


def test_a_patients_courses_tell_no_more_than_one():
    said, label, people = _cases(7, intercept=1)
    once = recalibrate_local(said, label, people)
    often = recalibrate_local(np.tile(said, 5), np.tile(label, 5), np.tile(people, 5))
    assert often.patients == once.patients == 60
    assert often.p_any == pytest.approx(once.p_any, abs=1e-6)
    as_patients = recalibrate_local(np.tile(said, 5), np.tile(label, 5), np.arange(300))
    assert as_patients.p_any < once.p_any / 10


def test_it_travels_as_json():
    for seed, intercept in ((4, 0.0), (2, 1.0)):
        found = recalibrate_local(*_cases(seed, intercept=intercept))
        again = LocalCalibration.from_json(json.loads(json.dumps(found.to_json())))
        assert again == found


@pytest.mark.parametrize("label", [np.zeros(5), np.ones(5), [0, 1, np.nan, 0, 1]])
def test_what_teaches_nothing_is_refused(label):
    with pytest.raises(InputError, match=r"non-responders|labels 0 or 1"):
        recalibrate_local(np.zeros(5), label, list("abcde"))
