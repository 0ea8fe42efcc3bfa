"""Sets of answers: they hold the truth as often as promised, whatever the model, the shift or the courses a patient."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.evaluation.conformal import (
    ConformalRule,
    coverage_report,
    fit_conformal,
    p_values,
    prediction_sets,
    set_names,
)

N = 20_000


def _cases(seed: int, shift: float = 0.0, intercept: float = 0.0, n: int = N):
    """(model's probability, label): the model takes the sign but overstates how sure one can be."""
    random = np.random.default_rng(seed)
    x = random.normal(shift, 1, n)
    return expit(4 * x), (random.random(n) < expit(2 * x + intercept)).astype(float)


def _held(sets: np.ndarray, label: np.ndarray) -> np.ndarray:
    return sets[np.arange(len(label)), label.astype(int)]


@pytest.mark.parametrize("is_per_class", [True, False])
@pytest.mark.parametrize("random", [None, np.random.default_rng(5)])
def test_split_sets_hold_nine_of_ten(is_per_class, random):
    rule = fit_conformal(*_cases(0), np.arange(N), is_per_class=is_per_class)
    said, label = _cases(1)
    sets = prediction_sets(p_values(rule, said, random=random))
    assert _held(sets, label).mean() == pytest.approx(0.9, abs=0.01)
    assert (sets.sum(axis=1) == 1).mean() > 0.3


def test_of_few_responders_as_many_are_held():
    """One in sixteen responds: over all, sets leave out the few; per class they do not."""
    said, label = _cases(2, intercept=-4)
    assert label.mean() < 0.08
    new, truth = _cases(3, intercept=-4)
    held = {}
    for is_per_class in (True, False):
        rule = fit_conformal(said, label, np.arange(N), is_per_class=is_per_class)
        sets = prediction_sets(p_values(rule, new))
        held[is_per_class] = [_held(sets, truth)[truth == y].mean() for y in (0, 1)]
        assert is_per_class or _held(sets, truth).mean() == pytest.approx(0.9, abs=0.01)
    assert held[True] == pytest.approx([0.9, 0.9], abs=0.02)
    assert abs(held[False][1] - 0.9) > 0.05


def test_where_most_respond_classes_must_stand_apart():
    """Learned where one in four responds, used where nine of ten do."""
    said, label = _cases(4, intercept=-2)
    new, truth = _cases(5, intercept=-2, n=4 * N)
    kept = (truth == 1) | (np.random.default_rng(6).random(len(truth)) < 0.04)
    assert truth[kept].mean() > 0.85
    held = []
    for is_per_class in (True, False):
        rule = fit_conformal(said, label, np.arange(N), is_per_class=is_per_class)
        held.append(_held(prediction_sets(p_values(rule, new[kept])), truth[kept]).mean())
    assert held[0] == pytest.approx(0.9, abs=0.01)
    assert abs(held[1] - 0.9) > 0.03


def _courses(seed: int, patients: int = 8000):
    """Patients with one easy course, or with eight of one hard answer: (probability, label, patient)."""
    random = np.random.default_rng(seed)
    is_hard = random.random(patients) < 0.5
    count = np.where(is_hard, 8, 1)
    person = np.repeat(np.arange(patients), count)
    label = (random.random(patients) < 0.5).astype(float)[person]
    sign = 2 * label - 1
    own = np.where(is_hard, random.normal(-0.5, 1, patients), random.normal(2, 1, patients))[person]
    return expit(sign * (own + random.normal(0, 0.3, len(person)))), label, person


@pytest.mark.parametrize("is_per_class", [True, False])
def test_patients_count_once_however_many_courses(is_per_class):
    said, label, person = _courses(7)
    new, truth, people = _courses(8)
    one_each = np.unique(people, return_index=True)[1]
    found = {}
    for name, ids in {"patients": person, "courses": np.arange(len(person))}.items():
        rule = fit_conformal(said, label, ids, is_per_class=is_per_class)
        found[name] = _held(prediction_sets(p_values(rule, new[one_each])), truth[one_each]).mean()
    assert found["patients"] == pytest.approx(0.9, abs=0.01)
    assert found["courses"] > 0.92


def test_known_shift_is_weighed():
    """Courses nearer to the boundary: unweighted sets hold too few, ratios of the densities mend it."""

    def near(seed: int, spread: float):
        random = np.random.default_rng(seed)
        x = random.normal(0, spread, N)
        return x, expit(4 * x), (random.random(N) < expit(2 * x)).astype(float)

    def ratio(x: np.ndarray) -> np.ndarray:
        return np.exp(x**2 / 2 / 1.5**2 - x**2 / 2 / 0.7**2)

    x, said, label = near(9, 1.5)
    new_x, new, truth = near(10, 0.7)
    plain = fit_conformal(said, label, np.arange(N), is_per_class=False)
    weighted = fit_conformal(said, label, np.arange(N), is_per_class=False, ratio=ratio(x))
    assert _held(prediction_sets(p_values(plain, new)), truth).mean() < 0.87
    sets = prediction_sets(p_values(weighted, new, ratio=ratio(new_x)))
    assert _held(sets, truth).mean() == pytest.approx(0.9, abs=0.01)
    scaled = fit_conformal(said, label, np.arange(N), is_per_class=False, ratio=7 * ratio(x))
    assert p_values(scaled, new, ratio=7 * ratio(new_x)) == pytest.approx(
        p_values(weighted, new, ratio=ratio(new_x))
    )


def test_cross_sets_use_each_folds_own_model():
    random = np.random.default_rng(11)
    slopes = np.array([1.0, 3.0, 6.0])
    x, fold = random.normal(size=N), random.integers(0, 3, N)
    label = (random.random(N) < expit(2 * x)).astype(float)
    rule = fit_conformal(expit(slopes[fold] * x), label, np.arange(N), folds=np.array(["a", "b", "c"])[fold])
    new = random.normal(size=N)
    truth = (random.random(N) < expit(2 * new)).astype(float)
    sets = prediction_sets(p_values(rule, expit(new[:, None] * slopes)))
    assert _held(sets, truth).mean() == pytest.approx(0.9, abs=0.01)
    turned = prediction_sets(p_values(rule, expit(new[:, None] * slopes[::-1])))
    assert (turned != sets).any()
    with pytest.raises(InputError, match="3, one a fold"):
        p_values(rule, expit(new))


def test_a_rule_from_courses_the_model_was_trained_on_fails():
    """Scores of memorised courses are too small; so are promises kept of them."""
    said, label = _cases(12)
    memorised = expit(logit(said) + 6 * (2 * label - 1))
    new, truth = _cases(13)
    rule = fit_conformal(memorised, label, np.arange(N))
    assert _held(prediction_sets(p_values(rule, new)), truth).mean() < 0.85


def test_small_sets_keep_the_promise_on_average():
    """25 calibration courses, 4000 times: smoothed exactly, else at least."""
    held = {"smoothed": 0.0, "plain": 0.0}
    for seed in range(4000):
        said, label = _cases(seed, n=26)
        rule = fit_conformal(said[:25], label[:25], np.arange(25), is_per_class=False)
        for name, random in (("smoothed", np.random.default_rng(seed)), ("plain", None)):
            sets = prediction_sets(p_values(rule, said[25:], random=random))
            held[name] += _held(sets, label[25:])[0] / 4000
    assert held["smoothed"] == pytest.approx(0.9, abs=0.015)
    assert held["smoothed"] + 0.01 < held["plain"] < 0.95


def test_p_values_are_ranks():
    """Nonconformity of non-responders 0.1, 0.2, 0.3, of responders 0.5, 0.6; the new course 0.2 and 0.8."""
    rule = fit_conformal([0.1, 0.2, 0.3, 0.5, 0.4], [0, 0, 0, 1, 1], list("abcde"))
    assert p_values(rule, [0.2]) == pytest.approx(np.array([[3 / 4, 1 / 3]]))
    together = fit_conformal([0.1, 0.2, 0.3, 0.5, 0.4], [0, 0, 0, 1, 1], list("abcde"), is_per_class=False)
    assert p_values(together, [0.2]) == pytest.approx(np.array([[5 / 6, 1 / 6]]))
    one_person = fit_conformal([0.1, 0.2, 0.3, 0.5, 0.4], [0, 0, 0, 1, 1], list("aabcc"))
    assert p_values(one_person, [0.2]) == pytest.approx(np.array([[2.5 / 3, 1 / 2]]))
    both_answers = fit_conformal([0.1, 0.2, 0.3, 0.5, 0.4], [0, 0, 0, 1, 1], list("aabca"))
    assert p_values(both_answers, [0.2]) == pytest.approx(np.array([[2.5 / 3, 1 / 3]]))


def test_smoothing_counts_a_share_of_ties():
    """Of non-responders 0.1, 0.2, 0.2, 0.3 one is odder than 0.2, and two are tied besides the course itself."""
    rule = fit_conformal([0.1, 0.2, 0.2, 0.3, 0.9], [0, 0, 0, 0, 1], list("abcde"))
    share = np.random.default_rng(3).random(1)[0]
    made = p_values(rule, [0.2], random=np.random.default_rng(3))
    assert made[0] == pytest.approx([(1 + 3 * share) / 5, share / 2])


def test_names_of_sets():
    assert set_names(np.array([[0, 0], [1, 0], [0, 1], [1, 1]], bool)) == ["empty", "NR", "R", "both"]


def test_a_rule_travels_as_json():
    said, label = _cases(14, n=200)
    rule = fit_conformal(said, label, np.arange(200) // 2, folds=np.arange(200) // 50)
    again = ConformalRule.from_json(json.loads(json.dumps(rule.to_json())))
    assert again == rule
    assert (p_values(again, np.full((1, 4), 0.3)) == p_values(rule, np.full((1, 4), 0.3))).all()


def test_always_both_is_seen_for_what_it_is():
    label = np.tile([0.0, 1.0], 50)
    row = coverage_report(np.ones((100, 2), bool), label, np.arange(100)).iloc[0]
    assert (row["coverage"], row["single"], row["both"], row["empty"]) == (1, 0, 1, 0)
    assert np.isnan([row["single_accuracy"], row["single_low"], row["single_high"]]).all()
    assert row["low"] == pytest.approx(0.025 ** (1 / 100))
    assert row["high"] == 1


def test_coverage_by_group_counts_patients():
    """Patient a: two courses, one held; b and c one each."""
    sets = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], bool)
    table = coverage_report(sets, [0, 0, 1, 1], list("aabc"), {"site": ["x", "x", "x", np.nan]})
    found = table.set_index(["grouping", "group"])
    assert found.loc[("all", "all"), ["courses", "patients"]].tolist() == [4, 3]
    assert found.loc[("all", "all"), "coverage"] == pytest.approx(1.5 / 3)
    assert found.loc[("all", "all"), ["single", "both", "empty"]].tolist() == pytest.approx([1 / 3] * 3)
    assert found.loc[("all", "all"), "single_accuracy"] == pytest.approx(0.5)
    assert found.loc[("response", "R"), "coverage"] == pytest.approx(0.5)
    assert found.loc[("site", "x"), "coverage"] == pytest.approx(0.75)
    assert found.loc[("site", "nan"), ["coverage", "empty"]].tolist() == [0, 1]


def test_intervals_are_exact_and_hold_what_they_are_of():
    sets = np.array([[1, 0]] * 9 + [[0, 1]], bool)
    row = coverage_report(sets, np.zeros(10), np.arange(10)).iloc[0]
    assert (row["coverage"], row["low"], row["high"]) == pytest.approx((0.9, 0.5550, 0.9975), abs=1e-4)
    sevenths = np.repeat(np.arange(30), 7)
    full = coverage_report(np.ones((210, 2), bool), np.zeros(210), sevenths).iloc[0]
    assert (full["coverage"], full["high"]) == (1, 1)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"probability": [0.2, 0.4, 1.2, 0.1]}, "0 to 1"),
        ({"probability": [0.2, 0.4, np.nan, 0.1]}, "finite"),
        ({"probability": [0.2, 0.4]}, "one length"),
        ({"label": [0, 1, 2, 0]}, "0 or 1"),
        ({"label": [0, 0, 0, 0]}, "responders and non-responders"),
        ({"patients": ["a", None, "c", "d"]}, "identifiers"),
        ({"ratio": [1, 1, 0, 1]}, "above 0"),
        ({"ratio": [1, 1, 1]}, "above 0"),
        ({"folds": [0, 1]}, "one fold a course"),
        ({"folds": [0, 1, np.nan, 1]}, "one fold a course"),
    ],
)
def test_what_cannot_be_used_is_refused(changed, what):
    given = {"probability": [0.2, 0.4, 0.9, 0.1], "label": [0, 1, 1, 0], "patients": list("abcd")}
    with pytest.raises(InputError, match=what):
        fit_conformal(**{**given, **changed})


def test_a_patient_in_two_folds_is_refused():
    with pytest.raises(LeakageError, match="1 patients"):
        fit_conformal([0.2, 0.4, 0.9, 0.1], [0, 1, 1, 0], list("abca"), folds=[0, 0, 1, 1])


def test_sets_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="one a course"):
        coverage_report(np.ones((3, 2), bool), [0, 1], ["a", "b"])
    with pytest.raises(InputError, match="one a course"):
        coverage_report(np.ones((2, 2), bool), [0, 1], ["a", "b"], {"site": ["x"]})
