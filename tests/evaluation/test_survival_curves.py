"""Survival curves from risks: calibration, horizon, bands, landmarks; no immortal time on null data."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.evaluation.baseline_hazard import BaselineHazard
from tumorcast.evaluation.interaction import hazard_ratio
from tumorcast.evaluation.landmark import Followed, fit_landmark
from tumorcast.evaluation.survival_curves import SurvivalRecord, fit_survival

_MEAN_DAYS = 300.0


def _held(n: int, seed: int = 0, effect: float = 1.0, told: float = 1.0) -> pd.DataFrame:
    """Exponential times of log hazard ratio `effect` a unit; the model says `told` times the unit."""
    random = np.random.default_rng(seed)
    x = random.standard_normal(n)
    time = random.exponential(_MEAN_DAYS * np.exp(-effect * x))
    end = random.uniform(100, 900, n)
    return pd.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(n)], "risk": told * x + 0.7,
            "time_days": np.maximum(np.minimum(time, end), 0.5), "is_event": (time <= end).astype(float),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def record() -> SurvivalRecord:
    """Of 800 patients whose model says twice what is true."""
    made = fit_survival(_held(800, told=2.0), "PFS")
    assert made is not None
    return SurvivalRecord.from_json(json.loads(json.dumps(made.to_json())))


def test_breslow_agrees_with_lifelines():
    held = _held(200)
    model = CoxPHFitter(baseline_estimation_method="breslow").fit(
        held[["risk", "time_days", "is_event"]], "time_days", "is_event"
    )
    beta = float(model.params_["risk"])
    centred = beta * (held["risk"] - held["risk"].mean())
    ours = BaselineHazard.fit(held["time_days"], held["is_event"], centred)
    theirs = model.baseline_cumulative_hazard_.iloc[:, 0]
    np.testing.assert_allclose(ours.at(theirs.index), theirs, rtol=1e-6)
    plain = BaselineHazard.fit(held["time_days"], held["is_event"], np.zeros(200))
    assert plain.horizon == np.sort(held["time_days"])[-10]


def test_restricted_mean_is_the_area_under_the_curve():
    held = _held(300)
    base = BaselineHazard.fit(held["time_days"], held["is_event"], np.zeros(300))
    days = np.linspace(0, 200, 20_001)
    area = np.trapezoid(base.survival([0.3], days)[0], days)
    assert base.restricted_mean([0.3], 200)[0] == pytest.approx(area, rel=1e-3)


def test_an_overconfident_risk_is_shrunk_and_curves_are_calibrated(record: SurvivalRecord):
    assert record.slope == pytest.approx(0.5, abs=0.06)
    for x in (-1.0, 0.0, 1.0):
        curve = record.curve(2 * x + 0.7)
        truth = np.exp(-curve.days / (_MEAN_DAYS * np.exp(-x)))
        early = curve.days < 0.6 * curve.horizon
        assert np.abs(curve.survival - truth)[early].max() < 0.07
        inside = (curve.low - 0.02 <= truth) & (truth <= curve.high + 0.02)
        assert inside.mean() > 0.8
    for check in record.checks:
        assert abs(check.predicted - check.observed) < 0.03


def test_bands_hold_the_true_curve_as_often_as_promised():
    held_true = []
    for seed in range(100, 114):
        made = fit_survival(_held(250, seed=seed), "OS", seed)
        assert made is not None
        told = made.curve(1.2).at(200.0)
        assert told is not None
        held_true.append(told[1] <= np.exp(-200 / (_MEAN_DAYS * np.exp(-0.5))) <= told[2])
    assert np.mean(held_true) >= 0.8


def test_nothing_is_said_past_the_horizon(record: SurvivalRecord):
    curve = record.curve(0.7)
    assert curve.days[-1] <= record.horizon
    assert curve.at(record.horizon + 1) is None
    with pytest.raises(InputError, match="outside of the follow-up"):
        record.curve(0.7, landmark=record.horizon)
    with pytest.raises(InputError, match="outside of the follow-up"):
        record.curve(0.7, landmark=-1)
    with pytest.raises(InputError, match="without a risk"):
        record.curve(float("nan"))


def test_a_landmark_conditions_on_what_has_not_happened(record: SurvivalRecord):
    whole, later = record.curve(0.7), record.curve(0.7, landmark=120.0)
    assert later.days[0] == 120
    assert later.survival[0] == later.low[0] == later.high[0] == 1
    start, end = whole.at(120.0), whole.at(480.0)
    then = later.at(480.0)
    assert start is not None
    assert end is not None
    assert then is not None
    assert then[0] == pytest.approx(end[0] / start[0], abs=0.02)


def test_curves_fall_and_more_risk_is_never_better(record: SurvivalRecord):
    low, high = record.curve(-1.0), record.curve(2.0)
    assert (np.diff(low.survival) <= 1e-12).all()
    assert (high.survival <= low.survival + 1e-12).all()


def test_a_useless_risk_gives_everyone_the_same_curve():
    held = _held(300)
    held["risk"] = -held["risk"]
    made = fit_survival(held, "OS")
    assert made is not None
    assert made.slope == 0
    np.testing.assert_allclose(made.curve(3.0).survival, made.curve(-3.0).survival)


def test_too_few_patients_or_events_give_no_record_and_no_ones_day_is_kept():
    assert fit_survival(_held(40), "OS") is None
    few = _held(100)
    few["is_event"] = [1.0] * 5 + [0.0] * 95
    assert fit_survival(few, "OS") is None
    held = _held(100)
    made = fit_survival(held, "OS")
    assert made is not None
    assert not set(np.round(made.days, 6)) & set(np.round(held["time_days"][held["is_event"] > 0], 6))


def _null(n: int, seed: int) -> list[Followed]:
    """Response comes at a random day to those still under observation, and changes nothing."""
    random = np.random.default_rng(seed)
    time, reply = random.exponential(200, n), random.exponential(150, n)
    end = random.uniform(300, 900, n)
    seen = np.minimum(time, end)
    return [
        Followed(
            f"p{i}", float(seen[i]), bool(time[i] <= end[i]), 0.0,
            {"response": float(reply[i])} if reply[i] < seen[i] else {},
        )
        for i in range(n)
    ]  # fmt: skip


def test_no_immortal_time_through_the_landmark_on_null_data():
    patients = _null(3000, 0)
    time, event = ([one.time_days for one in patients], [one.is_event for one in patients])
    naive = hazard_ratio(time, event, [float("response" in one.days) for one in patients])
    assert naive.high < 0.6
    for day in (60.0, 120.0, 180.0):
        told = fit_landmark(patients, day).ratio("response")
        assert told.low < 1 < told.high
        assert 0.8 < told.value < 1.25
    start = fit_landmark(patients, 0.0)
    assert start.names == ()
    assert np.isnan(start.ratio("response").value)


def test_over_many_null_cohorts_the_landmark_is_right_as_often_as_promised():
    ratios = [fit_landmark(_null(250, seed), 120.0).ratio("response") for seed in range(60)]
    assert np.exp(np.mean(np.log([one.value for one in ratios]))) == pytest.approx(1.0, abs=0.1)
    assert np.mean([one.low < 1 < one.high for one in ratios]) >= 0.85


def test_a_real_effect_of_response_is_found():
    random = np.random.default_rng(1)
    patients = []
    for i in range(1500):
        responds = random.random() < 0.4
        time = 60 + random.exponential(400 if responds else 150)
        patients.append(Followed(f"p{i}", time, True, 0.0, {"response": 50.0} if responds else {}))
    model = fit_landmark(patients, 60.0)
    assert model.ratio("response").value == pytest.approx(150 / 400, rel=0.15)
    yes, no = (model.survival(0.0, days, [260.0])[0] for days in ({"response": 50.0}, {}))
    assert yes > no + 0.2


def test_what_was_known_later_is_refused():
    model = fit_landmark(_null(500, 2), 120.0)
    with pytest.raises(LeakageError, match="known only after the landmark: response"):
        model.survival(0.0, {"response": 121.0}, [200.0])
    with pytest.raises(LeakageError):
        model.survival(0.0, {"response": float("nan")}, [200.0])
    with pytest.raises(InputError, match="outside of the follow-up of patient a"):
        fit_landmark([Followed("a", 100.0, True, 0.0, {"response": 101.0})], 10.0)
    with pytest.raises(InputError, match="too few patients at risk"):
        fit_landmark(_null(300, 3), 5000.0)
    with pytest.raises(InputError, match="day of treatment"):
        fit_landmark(_null(300, 3), -1.0)


def test_a_constant_risk_is_a_record_that_json_holds():
    record = fit_survival(_held(120).assign(risk=0.3), "OS")
    assert record is not None
    assert (record.slope, record.slope_error) == (0.0, 0.0)
    assert SurvivalRecord.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False))) == record


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_a_risk_that_orders_all_times_gives_no_curves_and_no_error(unit: float):
    held = _held(120).assign(is_event=1.0)
    assert fit_survival(held.assign(risk=-unit * np.log(held["time_days"])), "OS") is None
    weak = fit_survival(_held(120).assign(risk=lambda table: 1e-9 * table["risk"]), "OS")
    assert weak is not None
    assert weak.slope_error is None
    json.dumps(weak.to_json(), allow_nan=False)
