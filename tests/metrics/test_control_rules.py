"""Westgard's rules on series that break one of them each, and how seldom good series do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from tumorcast.metrics.control_rules import Baseline, is_rejected, violations


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([0.5, -1.2, 1.9], ()),
        ([0.1, 2.3], ("1-2s",)),
        ([0.1, 3.2], ("1-2s", "1-3s")),
        ([-3.2], ("1-2s", "1-3s")),
        ([2.1, 2.4], ("1-2s", "2-2s")),
        ([-2.1, -2.4], ("1-2s", "2-2s")),
        ([2.2, -2.1], ("1-2s", "R-4s")),
        ([1.1, 1.4, 1.2, 1.6], ("4-1s",)),
        ([-1.1, -1.4, -1.2, -1.6], ("4-1s",)),
        ([1.1, 1.4, 0.9, 1.6], ()),
        ([0.1, 0.4, 0.2, 0.6, 0.1, 0.3, 0.2, 0.5, 0.9, 0.2], ("10x",)),
        ([0.1, 0.4, 0.2, 0.6, 0.1, -0.3, 0.2, 0.5, 0.9, 0.2], ()),
        ([0.4, 0.2, 0.6, 0.1, 0.3, 0.2, 0.5, 0.9, 0.2], ()),
        ([], ()),
    ],
)
def test_rules(series: list[float], expected: tuple[str, ...]) -> None:
    assert violations(series) == expected


def test_a_broken_rule_is_of_the_last_value_only() -> None:
    assert violations([3.5, 0.2]) == ()


def test_a_warning_is_no_rejection() -> None:
    assert not is_rejected(violations([2.5]))
    assert is_rejected(violations([3.5]))


@pytest.mark.parametrize("runs", [10, 20, 60])
def test_few_runs_do_not_make_false_alarms_more_frequent(runs: int) -> None:
    random, trials = np.random.default_rng(runs), 8_000
    drawn = random.normal(5, 2, (trials, runs + 1))
    beyond = [abs(Baseline.of(own[:-1]).z(own[-1:])[0]) > 2 for own in drawn]
    assert np.mean(beyond) == pytest.approx(2 * norm.sf(2), abs=0.008)


def test_runs_that_never_vary_allow_no_other_value() -> None:
    baseline = Baseline.of([0.4] * 10)
    assert baseline.z([0.4]).tolist() == [0.0]
    assert violations(baseline.z([0.4 + 1e-9])) == ("1-2s", "1-3s")


def test_a_baseline_of_few_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 10"):
        Baseline.of([1.0] * 9)
