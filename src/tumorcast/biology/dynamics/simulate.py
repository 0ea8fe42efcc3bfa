"""A model through a schedule: piece by piece, each with constant exposure."""

from __future__ import annotations

from typing import Any

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats, day_array, positive
from tumorcast.biology.dynamics.model import TumourModel
from tumorcast.biology.dynamics.schedule import Event, Resection, Schedule
from tumorcast.domain.errors import InputError


def simulate(model: TumourModel, days: Any, schedule: Schedule | None = None) -> Floats:
    """Sizes [n, T] in mm on `days`, in the order in which they were given.

    A scan on the day of a dose, a resection or a fraction shows what was there before it.

    Args:
        model: closed form or ODE.
        days: [T], not before the schedule's first day.
        schedule: None is no drug and no event.

    Raises:
        InputError: days before the first day, drugs that the model does not know.
    """
    plan = schedule or Schedule()
    asked = day_array(days)
    if len(asked) and asked.min() < plan.start_day:
        raise InputError(
            "days before the course's first day", got=f"{asked.min():g}", expected=f">= {plan.start_day:g}",
            fix="set the schedule's start_day to the day of the first scan",
        )  # fmt: skip
    sizes = np.full((model.n_draws, len(asked)), np.nan)
    state, now = model.start(), plan.start_day
    sizes[:, asked == now] = model.size_mm(state)[:, None]
    borders = [*(day for day in plan.borders() if day > now), np.inf]
    for border in borders:
        state = _happened(model, state, plan, now)
        is_here = (asked > now) & (asked <= border)
        if np.isinf(border) and not is_here.any():
            break
        end = [border - now] if np.isfinite(border) else []
        states = model.flow(state, np.append(asked[is_here] - now, end), plan.levels(now))
        sizes[:, is_here] = model.size_mm(states)[:, : int(is_here.sum())]
        state, now = states[:, -1], border
    return sizes


def _happened(model: TumourModel, state: Floats, plan: Schedule, day: float) -> Floats:
    """The state after the events and doses of a day."""
    for event, number in plan.happening(day):
        state = model.scaled(state, np.broadcast_to(surviving_share(event, number), (model.n_draws,)))
    for dose in plan.given(day):
        state = model.dosed(state, dose.drug, dose.amount)
    return state


def surviving_share(event: Event, number: int) -> Floats:
    """What is left of the sum of diameters after a resection or one fraction, [n] or [1].

    What lies outside the field keeps its size: where `s` is left of a diameter in it, n fractions leave
    1 - irradiated + irradiated s^n of the sum, where both parts grow alike between them.

    Args:
        number: of the fraction within its course, from 1.

    Raises:
        InputError: all is removed (a course ends there: no model goes on from nothing), or more than all.
    """
    if isinstance(event, Resection):
        removed = positive("removed", event.removed, or_zero=True)
        if (removed >= 1).any():
            raise InputError("a resection leaves nothing", got=float(removed.max()), expected="below 1")
        return 1.0 - removed
    alpha = positive("alpha", event.alpha, or_zero=True)
    beta = positive("beta", event.beta, or_zero=True)
    left = np.exp(-(alpha * event.gray + beta * event.gray**2) / 3)
    if event.irradiated == 1:
        return left
    outside = 1.0 - event.irradiated
    return (outside + event.irradiated * left**number) / (outside + event.irradiated * left ** (number - 1))
