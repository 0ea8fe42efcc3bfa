"""Shapes of the room: parameters are [n] draws, days are [T], sizes are [n, T]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError

Floats = NDArray[np.float64]
Parameter = float | Sequence[float] | Floats
"""One value, or one a draw."""
Exposure = Mapping[str, float]
"""Drug -> level, in the units that its kill rate is given for; a drug that is not named has level 0."""


def draws(name: str, value: Parameter) -> Floats:
    """The parameter as [n], finite.

    Raises:
        InputError: not a number or a list of numbers, or not finite.
    """
    made = np.atleast_1d(np.asarray(value, dtype=float))
    if made.ndim != 1 or not np.isfinite(made).all():
        raise InputError(f"{name} is no finite number a draw", got=value, expected="one number, or [n]")
    return made


def positive(name: str, value: Parameter, *, or_zero: bool = False) -> Floats:
    """`draws` that are above zero (or not below it).

    Raises:
        InputError: as `draws`, or out of range.
    """
    made = draws(name, value)
    if (made < 0).any() or (not or_zero and (made == 0).any()):
        raise InputError(
            f"{name} is out of range", got=float(made.min()), expected=">= 0" if or_zero else "> 0"
        )
    return made


def day_array(days: Any) -> Floats:
    """Days as [T], finite, in any order.

    Raises:
        InputError: not a list of finite numbers.
    """
    made = np.atleast_1d(np.asarray(days, dtype=float))
    if made.ndim != 1 or not np.isfinite(made).all():
        raise InputError("days are no finite numbers", got=days, expected="a list of days")
    return made


def column(values: Floats) -> Floats:
    """[n] -> [n, 1], to stand against days."""
    return values[:, None]


def decayed(rate: Floats, elapsed: Floats) -> Floats:
    """Integral of exp(-rate s) over s from 0 to `elapsed`; `elapsed` itself where the rate is zero.

    Args:
        rate: [n, 1], of either sign.
        elapsed: [T].
    """
    is_zero = np.abs(rate) < 1e-14
    safe = np.where(is_zero, 1.0, rate)
    return np.where(is_zero, elapsed, -np.expm1(-safe * elapsed) / safe)
