"""mRECIST of growth curves: cuts, days that count, and what does not change a call."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorcast.biology.xenografts import call_of, changes, growth_response, time_to_doubling
from tumorcast.domain.errors import InputError

ORDER = ("CR", "PR", "SD", "PD")
volumes = st.lists(st.floats(1, 3000), min_size=6, max_size=14)


@pytest.mark.parametrize(
    ("best", "average", "call"),
    [
        (-96, -41, "CR"),
        (-95, -41, "PR"),
        (-96, -40, "PR"),
        (-51, -21, "PR"),
        (-50, -21, "SD"),
        (-51, -20, "SD"),
        (34.9, 29.9, "SD"),
        (35, 29, "PD"),
        (34, 30, "PD"),
        (-96, 31, "PD"),
        (np.nan, 1, "NE"),
    ],
)
def test_both_must_lie_below_their_cuts(best: float, average: float, call: str) -> None:
    assert call_of(best, average) == call


def test_a_curve_by_hand() -> None:
    found = growth_response([0, 4, 9, 10, 14], [200, 100, 20, 150, 400])
    assert (found.best, found.best_day) == (pytest.approx(-25), 10)
    assert (found.average, found.average_day) == (pytest.approx((0 - 50 - 90 - 25) / 4), 10)
    assert found.call == "SD"


def test_growth_after_a_response_does_not_take_it_back() -> None:
    days = np.arange(0, 40, 3)
    shrunk = np.where(days < 20, 200 * np.exp(-0.2 * days), 2000)
    assert growth_response(days, shrunk).call == "CR"


def test_nothing_from_day_10_on_is_not_evaluable() -> None:
    found = growth_response([0, 3, 7], [200, 220, 300])
    assert found.call == "NE"
    assert np.isnan(found.best)
    assert np.isnan(found.average)


@given(volumes, st.floats(0.01, 50))
def test_units_do_not_matter_and_smaller_is_never_worse(values: list[float], factor: float) -> None:
    days = np.arange(len(values)) * 4
    own = growth_response(days, values)
    scaled = growth_response(days, np.asarray(values) * factor)
    assert scaled.best == pytest.approx(own.best, abs=1e-6)
    smaller = growth_response(days, np.concatenate([values[:1], 0.9 * np.asarray(values[1:])]))
    assert ORDER.index(smaller.call) <= ORDER.index(own.call)
    assert own.average >= changes(days, values)[1].min() - 1e-9


def test_time_to_doubling() -> None:
    assert time_to_doubling([0, 5, 10], [100, 150, 250]) == (7.5, True)
    assert time_to_doubling([0, 5, 10], [100, 150, 199]) == (10, False)


@pytest.mark.parametrize(
    ("days", "values"),
    [
        ([1, 5], [100, 100]),
        ([0, 5, 5], [1, 1, 1]),
        ([0, 5], [100, -1]),
        ([0, 5], [0, 10]),
        ([0, 5], [1, np.nan]),
    ],
)
def test_what_is_no_curve_is_refused(days: list[float], values: list[float]) -> None:
    with pytest.raises(InputError):
        growth_response(days, values)
