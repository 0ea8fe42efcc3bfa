"""What is read off trajectories: nadir, time to growth, ratio at week 8, time to progression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.dynamics.arrays import Floats, Parameter, positive
from tumorcast.biology.dynamics.model import TumourModel
from tumorcast.biology.dynamics.schedule import Schedule
from tumorcast.biology.dynamics.simulate import simulate
from tumorcast.biology.recist.target import ROUNDING, progression_size_mm
from tumorcast.domain.errors import InputError

WEEK_8_DAY = 56.0


@dataclass(frozen=True)
class Nadir:
    """Smallest size [n] in mm and the day [n] on which it is first reached, within the days that were simulated."""

    size_mm: Floats
    day: Floats


def nadir(days: Floats, sizes: Floats) -> Nadir:
    """Of trajectories [n, T] on sorted `days` [T]; as fine as the days are."""
    _need_sorted(days)
    at = sizes.argmin(axis=1)
    return Nadir(np.take_along_axis(sizes, at[:, None], axis=1)[:, 0], np.asarray(days, dtype=float)[at])


def time_to_growth(growth: Parameter, kill: Parameter, resistance: Parameter) -> Floats:
    """Claret's time to growth, ln(kill/growth)/resistance in days, [n]: when size is smallest.

    Negative where the tumour never shrinks (kill below growth); Claret's survival model uses it so.
    """
    ratio = positive("kill", kill) / positive("growth", growth)
    return np.log(ratio) / positive("resistance", resistance)


def time_to_growth_stein(growth: Parameter, shrink: Parameter) -> Floats:
    """Stein's time to growth, ln(shrink/growth)/(shrink + growth) in days, [n]."""
    up, down = positive("growth", growth), positive("shrink", shrink)
    return np.log(down / up) / (down + up)


def ratio_to_start(model: TumourModel, schedule: Schedule | None, day: float = WEEK_8_DAY) -> Floats:
    """Size at `day` (after the first day) over size at the first day, [n]; week 8 unless said otherwise."""
    first = (schedule or Schedule()).start_day
    sizes = simulate(model, [first, first + day], schedule)
    return sizes[:, 1] / sizes[:, 0]


def progression_limit(sizes: Floats) -> Floats:
    """Size at or above which a sum is progression by RECIST 1.1, given all before it, [n, T]; inf on the first day."""
    smallest = np.minimum.accumulate(sizes, axis=1)
    limit = progression_size_mm(smallest)
    first = np.full((len(sizes), 1), np.inf)
    return np.concatenate([first, limit[:, :-1]], axis=1)


def time_to_progression(days: Floats, sizes: Floats, *, is_between: bool = False) -> Floats:
    """Day on which the sum first reaches progression by RECIST 1.1, [n]; NaN where it does not within `days`.

    Lesion sums alone: new lesions, non-target lesions and death are not in a size model.

    Args:
        days: [T], sorted. Given scan days, the answer is a scan day, as in a trial.
        sizes: [n, T] mm.
        is_between: interpolate between the days (a fine grid) instead of answering with the day on which it
            was seen.
    """
    _need_sorted(days)
    over = sizes - progression_limit(sizes)
    is_over = over >= -ROUNDING
    found = np.asarray(is_over.any(axis=1))
    at = is_over.argmax(axis=1)
    made = np.where(found, np.asarray(days, dtype=float)[at], np.nan)
    return _interpolated(days, sizes, at, found, made) if is_between else made


def _interpolated(
    days: Floats, sizes: Floats, at: NDArray[np.intp], found: NDArray[np.bool_], made: Floats
) -> Floats:
    smallest = np.minimum.accumulate(sizes, axis=1)
    for row in np.flatnonzero(found & (at > 0)):
        k = at[row]
        goal = progression_size_mm(smallest[row, k - 1])
        before, after = sizes[row, k - 1], sizes[row, k]
        made[row] = days[k - 1] + (days[k] - days[k - 1]) * (goal - before) / (after - before)
    return made


def _need_sorted(days: Floats) -> None:
    if (np.diff(np.asarray(days, dtype=float)) <= 0).any():
        raise InputError("days are not sorted, or stand twice", expected="rising days", fix="sort them")
