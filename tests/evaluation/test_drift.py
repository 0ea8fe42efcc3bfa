"""Drift of inputs: false alarms as seldom, shifts as soon, as the documentation states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.evaluation.drift import drift_charts, judge_drift
from tumorcast.evaluation.spreads import Spread, Spreads

_NAMES = [f"slide: component {k}" for k in range(8)] + ["clinical: AGE", "mutations: TMB"]


def _cases(random: np.random.Generator, count: int, shift: float = 0.0, scanner: str = "A") -> pd.DataFrame:
    """Skewed numbers; a shift, in SDs, of the first three of the slide."""
    values = random.gamma(1, 1, (count, len(_NAMES)))
    values[:, :3] += shift
    made = pd.DataFrame(values, columns=_NAMES, index=[f"C{i}" for i in range(count)])
    return made.assign(day=[f"2026-01-{1 + i % 28:02d}" for i in range(count)], scanner=scanner)


def _population(random: np.random.Generator, count: int = 60) -> Spreads:
    return Spreads.of(_cases(random, count)[_NAMES])


def _first_alarm(random: np.random.Generator, shift: float) -> float:
    charts = drift_charts(_cases(random, 100, shift), _population(random))
    return min((c.alarm_after for c in charts if c.alarm_after is not None), default=np.nan)


def test_false_alarms_without_drift() -> None:
    """Stated: at most 5 of 100 series of 100 cases alarm on any chart."""
    random = np.random.default_rng(0)
    alarms = [np.isfinite(_first_alarm(random, 0.0)) for _ in range(120)]
    assert np.mean(alarms) <= 0.09


def test_a_scanner_s_shift_is_seen_within_fifteen_cases() -> None:
    """Stated: a shift by 1.5 SD in three numbers is seen within 15 cases in 9 of 10 series."""
    random = np.random.default_rng(1)
    found = np.array([_first_alarm(random, 1.5) for _ in range(60)])
    assert np.mean(found <= 15) >= 0.9


def test_the_scanner_that_shifted_is_named() -> None:
    random = np.random.default_rng(2)
    good, bad = _cases(random, 40), _cases(random, 40, shift=1.5, scanner="B")
    report = judge_drift(pd.concat([good, bad]), _population(random, 100))
    assert {chart.group for chart in report.alarms} == {"B"}
    assert set(report.shifted["group"]) == {"B"}
    assert set(report.shifted["number"]) == set(_NAMES[:3])


def test_distributions_of_unchanged_cases_are_not_called_shifted() -> None:
    random = np.random.default_rng(3)
    called = [len(judge_drift(_cases(random, 50), _population(random)).shifted) > 0 for _ in range(40)]
    assert np.mean(called) <= 0.12


def test_share_unlike_training_has_an_exact_interval() -> None:
    random = np.random.default_rng(4)
    cases = _cases(random, 40).assign(p_like=[0.01] * 10 + [0.5] * 30)
    report = judge_drift(cases, _population(random))
    assert report.unlike is not None
    assert report.unlike.as_dict() == pytest.approx({"value": 0.25, "low": 0.1269, "high": 0.4120}, abs=1e-4)
    assert report.more_unlike_than_expected


def test_numbers_without_a_reference_are_told() -> None:
    random = np.random.default_rng(5)
    report = judge_drift(_cases(random, 12).assign(**{"pixels: sharpness": 1.0}), _population(random))
    assert report.unjudged == ("pixels: sharpness",)


def test_a_case_without_the_number_does_not_move_its_chart() -> None:
    random = np.random.default_rng(6)
    cases, population = _cases(random, 30), _population(random)
    holed = pd.concat([cases, cases.assign(**dict.fromkeys(_NAMES[:8], np.nan))])
    one, other = (drift_charts(table, population)[0] for table in (cases, holed))
    assert one.chart.value.tolist() == other.chart.value.tolist()


def test_scores_by_rank() -> None:
    spread = Spread(99, tuple(np.arange(100.0)))
    z = spread.z([49.5, -50, 150, np.nan])
    assert z[0] == pytest.approx(0, abs=1e-9)
    assert z[1:3] == pytest.approx([-2.44, 2.44], abs=0.01)
    assert np.isnan(z[3])


def test_cases_beyond_the_kept_range_alarm_no_oftener() -> None:
    """The outermost half percent on each side is not kept; scores of unchanged cases stay standard normal."""
    random = np.random.default_rng(8)
    spread = Spreads.of(pd.DataFrame({"x": random.standard_normal(20_000)})).spreads["x"]
    z = spread.z(np.append(random.standard_normal(20_000), [100.0, -100.0]))
    assert np.abs(z).max() == pytest.approx(2.81, abs=0.01)
    assert z[-2:] == pytest.approx([2.81, -2.81], abs=0.01)
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=0.03), pytest.approx(1, abs=0.03))
    assert spread.sample().std() == pytest.approx(1, abs=0.03)


def test_nobody_s_own_value_and_no_few_patients_are_kept() -> None:
    random = np.random.default_rng(9)
    values = random.standard_normal(80)
    told = Spreads.of(pd.DataFrame({"x": values, "few": [1.0, 2.0] * 24 + [np.nan] * 32})).to_json()
    assert told.keys() == {"x"}
    assert not {values.min(), values.max()} & set(told["x"]["quantiles"])
    assert values.min() < told["x"]["quantiles"][0]
    assert told["x"]["quantiles"][-1] < values.max()


def test_a_file_of_before_is_read_alike() -> None:
    values = np.random.default_rng(10).gamma(1, 1, 120)
    old = {"x": {"count": 120, "quantiles": np.sort(values).tolist()}}
    (was,), (made,) = (
        s.spreads.values() for s in (Spreads.from_json(old), Spreads.of(pd.DataFrame({"x": values})))
    )
    assert was.n == made.n
    assert was.quantiles == pytest.approx(made.quantiles)


def test_a_population_survives_its_file() -> None:
    population = _population(np.random.default_rng(7))
    assert Spreads.from_json(population.to_json()) == population
