"""Censoring-weighted metrics equal scikit-survival 0.28 (its answers stand here as numbers), ties included."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi

from tumorcast.metrics.survival import concordance
from tumorcast.metrics.time_dependent import (
    Censoring,
    brier_by_time,
    dynamic_auc,
    dynamic_auc_ratios,
    integrated_brier,
    integrated_brier_ratio,
    survival_curves,
    uno_c,
    uno_c_ratio,
)

TIMES = np.array([2.0, 4.0, 6.0])
CASES = [
    {
        "train_time": [
            9.53, 3.22, 0.33, 2.13, 12.88, 12.48, 10.62, 0.12, 11.93, 3.82, 1.84, 8.06, 10.21, 22.13, 9.2, 5.02, 4.55,
            3.93, 10.61, 1.66, 3.53, 1.39, 10.29, 0.45, 0.57, 1.05, 41.43, 11.9, 13.77, 5.14,
        ],
        "train_event": [1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1],
        "time": [7.56, 11.01, 6.29, 3.47, 3.78, 1.69, 0.51, 4.33, 1.37, 7.65, 8.38],
        "event": [1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1],
        "risk": [-0.2, -0.1, -1.7, 0.7, -2.5, 0.7, -0.1, 0.1, 0.4, 0.3, 0.9],
        "uno": 0.4992344471,
        "auc": [0.59375, 0.6986278447, 0.7030120482],
        "brier": [0.157688613, 0.189139366, 0.2002667152],
        "ibs": 0.1840585151,
    },
    {
        "train_time": [
            2, 5, 23, 8, 3, 3, 7, 2, 7, 9, 2, 1, 4, 3, 1, 3, 4, 2, 1, 1, 2, 2, 4, 1, 5, 6, 10, 7, 1, 9,
        ],
        "train_event": [0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1],
        "time": [5, 1, 2, 3, 5, 3, 7, 3, 7, 6, 1, 2, 6, 2],
        "event": [1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0],
        "risk": [-0.7, -1.2, 1.8, 0.4, 0.2, -0.1, -0.1, 1.0, -0.5, 0.1, 1.1, 0.5, -1.6, -1.4],
        "uno": 0.8576956448,
        "auc": [0.9444444444, 1.0, 0.8184991274],
        "brier": [0.091463745, 0.1109370876, 0.153971544],
        "ibs": 0.116827366,
    },
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=["distinct times", "tied times"])
def test_scikit_survival_says_the_same(case):
    censoring = Censoring.fit(case["train_time"], case["train_event"])
    own = (case["time"], case["event"])
    curves = np.exp(-np.exp(np.array(case["risk"]))[:, None] * TIMES / 10)
    assert uno_c(censoring, *own, case["risk"], tau=7.0) == pytest.approx(case["uno"], abs=1e-6)
    assert dynamic_auc(censoring, *own, case["risk"], TIMES) == pytest.approx(case["auc"], abs=1e-6)
    assert brier_by_time(censoring, *own, curves, TIMES) == pytest.approx(case["brier"], abs=1e-6)
    assert integrated_brier(censoring, *own, curves, TIMES) == pytest.approx(case["ibs"], abs=1e-6)


def test_without_censoring_unos_c_is_harrells():
    random = np.random.default_rng(0)
    time, risk = random.integers(1, 20, 60).astype(float), random.integers(0, 5, 60).astype(float)
    event = np.ones(60)
    assert uno_c(Censoring.fit(time, event), time, event, risk) == pytest.approx(
        concordance(time, event == 1, risk), abs=1e-12
    )


def test_breslow_curves_equal_lifelines():
    rossi = load_rossi()
    rossi["week"] += np.random.default_rng(0).random(len(rossi)) / 100  # lifelines differs at ties
    fitted = CoxPHFitter(baseline_estimation_method="breslow").fit(rossi, "week", "arrest")
    risk = np.asarray(fitted.predict_log_partial_hazard(rossi), float)
    died = np.sort(rossi.loc[rossi["arrest"] == 1, "week"])  # between events lifelines draws straight lines
    times = died[[5, 40, 100]]
    ours = survival_curves(rossi["week"], rossi["arrest"], risk, risk, times)
    theirs = fitted.predict_survival_function(rossi, times=times).to_numpy().T
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_nothing_to_compare_is_nan_and_odd_shapes_are_refused():
    censoring = Censoring.fit([1.0, 2.0, 3.0], [1, 0, 1])
    assert np.isnan(uno_c(censoring, [1.0, 2.0], [0, 0], [0.0, 1.0]))
    assert np.isnan(dynamic_auc(censoring, [1.0, 2.0], [1, 1], [0.0, 1.0], [5.0])).all()
    with pytest.raises(ValueError, match="one length"):
        uno_c(censoring, [1.0, 2.0], [1], [0.0, 1.0])
    with pytest.raises(ValueError, match="expected"):
        brier_by_time(censoring, [1.0, 2.0], [1, 1], np.ones((2, 3)), [1.0])


@pytest.mark.parametrize("case", CASES, ids=["distinct times", "tied times"])
def test_draws_count_courses_as_often_as_they_were_drawn(case):
    censoring = Censoring.fit(case["train_time"], case["train_event"])
    rows = [np.array(case[name], float) for name in ("time", "event", "risk")]
    curves = np.exp(-np.exp(rows[2])[:, None] * TIMES / 10)
    weights = np.random.default_rng(0).integers(0, 4, (12, len(rows[0]))).astype(float)
    weights[:, rows[0] == rows[0].max()] = 1  # draws share the end of follow-up
    again = [[np.repeat(row, w.astype(int)) for row in rows] for w in weights]
    assert uno_c_ratio(censoring, *rows, weights, 7.0).values() == pytest.approx(
        [uno_c(censoring, *own, 7.0) for own in again], nan_ok=True
    )
    areas = [ratio.values() for ratio in dynamic_auc_ratios(censoring, *rows, TIMES, weights)]
    expected = np.array([dynamic_auc(censoring, *own, TIMES) for own in again]).T
    assert np.array(areas) == pytest.approx(expected, nan_ok=True)
    repeated = [np.repeat(curves, w.astype(int), axis=0) for w in weights]
    assert integrated_brier_ratio(censoring, *rows[:2], curves, TIMES, weights).values() == pytest.approx(
        [
            integrated_brier(censoring, *own[:2], said, TIMES)
            for own, said in zip(again, repeated, strict=True)
        ]
    )


def test_censoring_is_that_of_training():
    own = ([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 0], [0.1, 0.9, 0.4, 0.2])
    told = [uno_c(Censoring.fit([0.5, 1.5, 9.0], lost), *own) for lost in ([1, 1, 1], [0, 1, 1], [0, 0, 1])]
    share = [1, 1, 1], [2 / 3] * 3, [2 / 3, 1 / 3, 1 / 3]
    pairs, right = np.array([3, 2, 1]), np.array([0, 2, 1])
    for value, observed in zip(told, share, strict=True):
        worth = np.array(observed, float) ** -2
        assert value == pytest.approx((worth @ right) / (worth @ pairs))


def test_times_after_the_last_censored_training_course_cannot_be_weighed():
    censoring = Censoring.fit([1.0, 2.0, 3.0], [1, 1, 0])
    own = ([1.5, 4.0, 5.0], [1, 1, 1])
    assert np.isnan(uno_c(censoring, *own, [2.0, 1.0, 0.0]))
    assert uno_c(censoring, *own, [2.0, 1.0, 0.0], tau=3.0) == 1
    assert dynamic_auc(censoring, *own, [2.0, 1.0, 0.0], [2.0, 4.5]) == pytest.approx(
        [1, np.nan], nan_ok=True
    )
    curves = np.full((3, 2), 0.5)
    assert brier_by_time(censoring, *own, curves, [2.0, 4.5]) == pytest.approx([0.25, np.nan], nan_ok=True)


@pytest.mark.parametrize("times", [[2.0], [4.0, 2.0], [2.0, 2.0]])
def test_a_span_needs_ascending_times(times):
    censoring = Censoring.fit([1.0, 2.0, 3.0], [1, 0, 1])
    with pytest.raises(ValueError, match="ascending"):
        integrated_brier(censoring, [1.0, 2.0], [1, 1], np.ones((2, len(times))), times)


def test_survival_in_percent_is_refused():
    censoring = Censoring.fit([1.0, 2.0, 3.0], [1, 0, 1])
    with pytest.raises(ValueError, match="within 0 and 1, not 20 to 90"):
        brier_by_time(censoring, [1.0, 2.0], [1, 1], [[90.0], [20.0]], [1.0])


def test_nothing_is_said_of_times_after_the_last_course_was_lost():
    censoring = Censoring.fit([1.0, 2.0, 8.0, 9.0], [1, 0, 1, 1])
    curves, times = np.full((3, 3), 0.5), [2.0, 4.0, 6.0]
    lost = brier_by_time(censoring, [1.0, 3.0, 4.0], [1, 1, 0], curves, times)
    seen = brier_by_time(censoring, [1.0, 3.0, 4.0], [1, 1, 1], curves, times)
    assert np.isfinite(lost[0])
    assert np.isnan(lost[1:]).all()
    assert np.isfinite(seen).all()
    assert np.isnan(integrated_brier(censoring, [1.0, 3.0, 4.0], [1, 1, 0], curves, times))
