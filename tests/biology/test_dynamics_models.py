"""Closed forms against their differential equations, schedules and events, vectors against single draws."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tumorcast.biology.dynamics.bounded import Bertalanffy, Gompertz, Logistic
from tumorcast.biology.dynamics.clones import Clone, Clones, Switch
from tumorcast.biology.dynamics.curves import Stein, SteinFraction, Wang
from tumorcast.biology.dynamics.derived import time_to_progression
from tumorcast.biology.dynamics.drugs import Drug
from tumorcast.biology.dynamics.immune import Kuznetsov
from tumorcast.biology.dynamics.log_linear import LogLinear, claret, exponential
from tumorcast.biology.dynamics.model import TumourModel
from tumorcast.biology.dynamics.schedule import (
    Dose,
    Exposed,
    Holiday,
    Radiotherapy,
    Resection,
    Schedule,
    every,
)
from tumorcast.biology.dynamics.simulate import simulate
from tumorcast.domain.errors import InputError

Rate = Callable[[float, float], float]
DAYS = np.array([0.0, 3.0, 20.0, 56.0, 130.0, 300.0])
LEVEL = 1.7


def _solved(rate: Rate, base: float) -> np.ndarray:
    done = solve_ivp(rate, (0, DAYS[-1]), [base], method="DOP853", t_eval=DAYS, rtol=1e-12, atol=1e-12)
    return done.y[0]


CONSTANT = Schedule(exposed=(Exposed("a", level=LEVEL),))
CASES: dict[str, tuple[TumourModel, Schedule | None, Rate]] = {
    "exponential": (exponential(60, 0.004, [Drug("a", 0.001)]), CONSTANT, lambda t, y: (0.004 - 0.0017) * y),
    "logistic": (
        Logistic(60, 0.02, 200, drugs=(Drug("a", 0.003),)), CONSTANT,
        lambda t, y: 0.02 * y * (1 - y / 200) - 0.0051 * y,
    ),
    "logistic, kill equals growth": (
        Logistic(60, 0.0051, 200, drugs=(Drug("a", 0.003),)), CONSTANT,
        lambda t, y: 0.0051 * y * (1 - y / 200) - 0.0051 * y,
    ),
    "gompertz": (
        Gompertz(60, 0.006, 250, drugs=(Drug("a", 0.004),)), CONSTANT,
        lambda t, y: 0.006 * y * np.log(250 / y) - 0.0068 * y,
    ),
    "bertalanffy": (
        Bertalanffy(60, 0.05, 0.004, 2 / 3, drugs=(Drug("a", 0.002),)), CONSTANT,
        lambda t, y: 0.05 * y ** (2 / 3) - 0.0074 * y,
    ),
    "bertalanffy without loss": (Bertalanffy(60, 0.05, 0.0, 0.75), None, lambda t, y: 0.05 * y**0.75),
    "claret": (
        claret(60, 0.002, 0.01, 0.02, "a"), CONSTANT, lambda t, y: y * (0.002 - 0.017 * np.exp(-0.02 * t)),
    ),
    "k-pd": (
        LogLinear(60, 0.002, (Drug("a", 0.01, 0.015, depot=0.2), Drug("b", 0.004, 0.0, depot=0.05))),
        Schedule(doses=(Dose("a", 0, 3.0), Dose("b", 0, 2.0))),
        lambda t, y: y * (
            0.002 - 0.01 * np.exp(-0.015 * t) * 0.2 * 3 * np.exp(-0.2 * t) - 0.004 * 0.05 * 2 * np.exp(-0.05 * t)
        ),
    ),
    "wang": (Wang(60, 0.01, 0.05), None, lambda t, y: -0.01 * 60 * np.exp(-0.01 * t) + 0.05),
    "stein": (
        Stein(60, 0.003, 0.01), None, lambda t, y: 60 * (0.003 * np.exp(0.003 * t) - 0.01 * np.exp(-0.01 * t)),
    ),
    "g-d-phi": (
        SteinFraction(60, 0.003, 0.01, 0.4), None,
        lambda t, y: 60 * (0.6 * 0.003 * np.exp(0.003 * t) - 0.4 * 0.01 * np.exp(-0.01 * t)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_closed_form_is_its_differential_equation(name: str) -> None:
    model, plan, rate = CASES[name]
    assert simulate(model, DAYS, plan)[0] == pytest.approx(_solved(rate, 60.0), rel=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_a_border_without_a_change_changes_nothing(name: str) -> None:
    """Pieces join exactly: the same curve with a resection of nothing in the middle."""
    model, plan, _ = CASES[name]
    plan = plan or Schedule()
    cut = Schedule(plan.exposed, plan.doses, (Resection(40.0, 0.0),), plan.holidays)
    assert simulate(model, DAYS, cut) == pytest.approx(simulate(model, DAYS, plan), rel=1e-12)


def test_draws_are_as_single_patients_and_days_come_in_any_order() -> None:
    growth, kill = np.array([0.001, 0.004, 0.002]), np.array([0.01, 0.02, 0.0])
    plan = Schedule.always("drug")
    together = simulate(claret(70.0, growth, kill, 0.02), DAYS, plan)
    for k in range(3):
        alone = simulate(claret(70.0, growth[k], kill[k], 0.02), DAYS, plan)
        assert together[k] == pytest.approx(alone[0], rel=1e-12)
    backwards = simulate(claret(70.0, growth, kill, 0.02), DAYS[::-1], plan)
    assert np.array_equal(backwards, together[:, ::-1])


def test_k_pd_with_doses_and_a_holiday_is_its_differential_equation() -> None:
    model = LogLinear(60, 0.003, (Drug("a", 0.05, 0.01, depot=0.1),))
    plan = Schedule(doses=every("a", 5.0, 21.0, 6), holidays=(Holiday(40, 60),))
    given = [0.0, 21.0, 63.0, 84.0, 105.0]

    def rate(t: float, y: float) -> float:
        amount = sum(5.0 * np.exp(-0.1 * (t - day)) for day in given if t >= day)
        return y * (0.003 - 0.05 * np.exp(-0.01 * t) * 0.1 * amount)

    size, state = [60.0], 60.0
    stops = [*given, 120.0]
    for start, stop in pairwise(stops):
        done = solve_ivp(rate, (start, stop - 1e-12), [state], method="DOP853", rtol=1e-12, atol=1e-12)
        state = done.y[0, -1]
        size.append(state)
    assert simulate(model, stops, plan)[0] == pytest.approx(size, rel=1e-7)


def test_a_holiday_is_growth_alone_while_resistance_goes_on() -> None:
    plan = Schedule(exposed=(Exposed("drug"),), holidays=(Holiday(50, 90),))
    sizes = simulate(claret(80, 0.003, 0.02, 0.01), [50, 90, 120], plan)[0]
    assert sizes[1] == pytest.approx(sizes[0] * np.exp(0.003 * 40))
    killed = 0.02 / 0.01 * (np.exp(-0.9) - np.exp(-1.2))
    assert sizes[2] == pytest.approx(sizes[1] * np.exp(0.003 * 30 - killed))


def test_resection_and_radiotherapy_take_their_share_after_the_scan_of_that_day() -> None:
    plan = Schedule(events=(Resection(10, 0.4), Radiotherapy((20, 21, 22), 2.0, alpha=0.3, beta=0.03)))
    sizes = simulate(exponential(60, 0.0), [10, 11, 20, 30], plan)[0]
    survive = np.exp(-3 * (0.3 * 2 + 0.03 * 4))
    assert sizes == pytest.approx([60, 36, 36, 36 * np.cbrt(survive)])


def test_more_fractions_shrink_more_and_a_part_in_the_field_less() -> None:
    def after(days: tuple[float, ...], share: float = 1.0) -> float:
        plan = Schedule(events=(Radiotherapy(days, 2.0, 0.3, 0.03, irradiated=share),))
        return float(simulate(exponential(60, 0.0), [60], plan)[0, 0])

    assert after((1, 2, 3)) < after((1, 2)) < after((1, 2), 0.5) < 60


def test_what_lies_outside_the_field_is_not_irradiated() -> None:
    course = Radiotherapy(tuple(range(1, 31)), 2.0, 0.3, 0.03, irradiated=0.5)
    left = float(simulate(exponential(100, 0.0), [40], Schedule(events=(course,)))[0, 0])
    assert left == pytest.approx(50 + 50 * np.exp(-30 * (0.6 + 0.12) / 3))
    assert left >= 50
    twice = Radiotherapy((3, 3), 2.0, 0.3, 0.03, irradiated=0.5)
    both = float(simulate(exponential(100, 0.0), [40], Schedule(events=(twice,)))[0, 0])
    assert both == pytest.approx(50 + 50 * np.exp(-2 * 0.72 / 3))


@pytest.mark.parametrize("day", [float("nan"), float("inf")])
def test_days_that_are_no_numbers_are_refused(day: float) -> None:
    for parts in ({"events": (Resection(day, 0.4),)}, {"doses": (Dose("a", day, 1.0),)}, {"start_day": day}):
        with pytest.raises(InputError, match="no number"):
            Schedule(**parts)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no number"):
        Schedule(events=(Radiotherapy((1.0, day), 2.0, 0.3, 0.03),))


def test_clones_without_competition_are_sums_of_exponentials() -> None:
    model = Clones(
        90.0,
        (Clone(0.9, 0.002, {"a": 0.02, "b": 0.004}), Clone(0.1, 0.003, {"b": 0.001})),
    )
    plan = Schedule(exposed=(Exposed("a", 0, 100), Exposed("b", 30, level=2.0)))
    done = simulate(model, DAYS, plan)[0]
    a, b = np.clip(DAYS, 0, 100), 2.0 * np.clip(DAYS - 30, 0, None)
    exact = 81 * np.exp(0.002 * DAYS - 0.02 * a - 0.004 * b) + 9 * np.exp(0.003 * DAYS - 0.001 * b)
    assert done == pytest.approx(exact, rel=1e-7)


def test_one_clone_with_a_capacity_is_the_logistic() -> None:
    model = Clones(60.0, (Clone(1.0, [0.02, 0.01], {"a": 0.003}),), capacity_mm=200)
    exact = simulate(Logistic(60.0, [0.02, 0.01], 200, drugs=(Drug("a", 0.003),)), DAYS, CONSTANT)
    assert simulate(model, DAYS, CONSTANT) == pytest.approx(exact, rel=1e-7)


def test_a_drug_selects_the_resistant_clone_and_switching_keeps_the_sum() -> None:
    pair = (Clone(0.99, 0.004, {"a": 0.03}), Clone(0.01, 0.004))
    treated = Clones(80.0, pair, switches=(Switch(0, 1, 1e-4),))
    sizes = simulate(treated, np.arange(0, 900.0, 10), Schedule.always("a"))
    lowest = int(sizes[0].argmin())
    assert 0 < lowest < 89
    assert sizes[0, -1] > 10 * sizes[0, lowest]
    free = simulate(treated, [200.0])[0, 0]
    assert free == pytest.approx(80 * np.exp(0.8), rel=1e-7), "equal growth: switching alone moves no burden"


def test_kuznetsov_s_tumour_falls_asleep_or_escapes_by_its_start() -> None:
    """The paper's system has a dormant state near 8 10^6 cells and a large one near 447 10^6."""
    model = Kuznetsov([5e5, 4e8], [3.2e5, 1e5])
    cells = simulate(model, [0, 3000.0]) ** 3 * np.pi / 6 * 1e6
    assert cells[0, 1] == pytest.approx(8.19e6, rel=0.02)
    assert cells[1, 1] == pytest.approx(4.47e8, rel=0.02)


def test_progression_needs_20_percent_and_5_mm_and_counts_from_the_nadir() -> None:
    days = np.array([0.0, 42, 84, 126])
    sizes = np.array([[20, 15, 19.5, 20.0], [100, 50, 59, 60.0], [30, 30, 31, 32.0]])
    answers = time_to_progression(days, sizes)
    assert answers[:2].tolist() == [126.0, 126.0]
    assert np.isnan(answers[2])
    assert time_to_progression(days, sizes, is_between=True)[1] == pytest.approx(126.0)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: simulate(exponential(60, 0.01), [-5.0]), "before the course's first day"),
        (lambda: simulate(exponential(60, 0.01), [5.0], Schedule.always("x")), "no drug x"),
        (lambda: simulate(Stein(60, 0.01, 0.02), [5.0], Schedule.always("x")), "one treatment"),
        (lambda: simulate(exponential(60, 0.01), [5.0], Schedule(doses=(Dose("x", 0, 1),))), "no depot"),
        (lambda: exponential(0.0, 0.01), "base_mm is out of range"),
        (lambda: exponential([1.0, 2.0], [1.0, 2.0, 3.0]), "different numbers of draws"),
        (lambda: exponential(60, float("nan")), "no finite number"),
        (lambda: Logistic(60, 0.01, 200, drugs=(Drug("a", 0.1, 0.1),)), "no closed form with resistance"),
        (lambda: Bertalanffy(60, 0.1, 0.1, 1.0), "power is out of range"),
        (lambda: SteinFraction(60, 0.01, 0.01, 1.2), "fraction is out of range"),
        (lambda: Clones(60, (Clone(0.5, 0.1), Clone(0.4, 0.1))), "do not add up"),
        (lambda: Schedule(events=(Resection(-3, 0.2),)), "before the course's first day"),
        (lambda: Exposed("a", 10, 5), "ends before it starts"),
        (
            lambda: simulate(exponential(60, 0.1), [5.0], Schedule(events=(Resection(1, 1.0),))),
            "leaves nothing",
        ),
        (lambda: time_to_progression(np.array([5.0, 1.0]), np.ones((1, 2))), "not sorted"),
    ],
)
def test_what_cannot_be_is_told(call: Callable[[], object], match: str) -> None:
    with pytest.raises(InputError, match=match):
        call()


def test_levels_of_one_drug_add_up_where_they_overlap() -> None:
    plan = Schedule(exposed=(Exposed("a", 0, 20), Exposed("a", 10, 30, level=2.0)))
    sizes = simulate(exponential(60, 0.0, [Drug("a", 0.01)]), [10, 20, 30], plan)[0]
    assert sizes == pytest.approx(60 * np.exp([-0.1, -0.4, -0.6]))
