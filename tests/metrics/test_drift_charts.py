"""Run lengths against published tables; charts on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.metrics.drift_charts import ewma, ewma_limit, ewma_run_length


@pytest.mark.parametrize(
    ("weight", "limit", "still", "half", "one"),
    [(0.4, 3.054, 500, 71.2, 14.3), (0.25, 2.998, 500, 48.2, 11.1), (0.1, 2.814, 500, 31.3, 10.3)],
)
def test_lucas_and_saccucci_s_table(
    weight: float, limit: float, still: float, half: float, one: float
) -> None:
    """Lucas and Saccucci 1990, Technometrics 32:1, table 3."""
    found = [ewma_run_length(limit, weight, shift) for shift in (0.0, 0.5, 1.0)]
    assert found == pytest.approx([still, half, one], rel=0.01)


def test_ewma_of_a_constant() -> None:
    chart = ewma([1.0, 1.0, np.nan, 1.0], limit=100, weight=0.5)
    assert chart.value.tolist() == [0.5, 0.75, 0.75, 0.875]
    assert chart.first is None


def test_the_first_alarm_is_told() -> None:
    assert ewma([0.0, 0.0, 5.0, 5.0], limit=2.8).first == 2
    assert ewma([0.0, 0.0, -5.0, -5.0], limit=2.8).first == 2


def test_a_learned_mean_widens_the_limits() -> None:
    known, learned = (ewma(np.zeros(50), 3.0, baseline=b).high[-1] for b in (None, 20))
    assert learned > known


def test_false_alarms_of_many_charts() -> None:
    """With nothing changed, about `alpha` of series of 100 cases alarm on any of five charts."""
    limit, random = ewma_limit(0.1, 100, charts=5), np.random.default_rng(0)
    alarms = [
        any(ewma(random.standard_normal(100), limit).first is not None for _ in range(5)) for _ in range(600)
    ]
    assert 0.06 < np.mean(alarms) < 0.13
