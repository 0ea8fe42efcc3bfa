"""mRECIST: the response of a xenograft to a treatment, read off its volume curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.domain.errors import InputError

FIRST_DAY = 10.0
CUTS = (("CR", -95.0, -40.0), ("PR", -50.0, -20.0), ("SD", 35.0, 30.0))
"""Call, and below which best response and best average response (% of the first volume) it is reached."""


@dataclass(frozen=True)
class GrowthResponse:
    """What Gao's rules read off one curve; volumes as % change from the first day.

    Attributes:
        best, best_day: smallest change from the first day that counts on.
        average, average_day: smallest running average of the changes (the first day's 0 in it) from that day on.
        call: CR, PR, SD, PD; NE where nothing was measured from that day on (numbers are NaN).
    """

    best: float
    best_day: float
    average: float
    average_day: float
    call: str


def growth_response(days: ArrayLike, volumes: ArrayLike, first_day: float = FIRST_DAY) -> GrowthResponse:
    """Best response, best average response and mRECIST of one curve.

    Gao et al. 2015, doi:10.1038/nm.3954. Not RECIST: volumes of one subcutaneous tumour in one mouse, no nadir, no
    confirmation, and growth after a response does not change the call.

    Args:
        days: [T] rising from day 0, on which treatment starts.
        volumes: [T] in any one unit, not negative, above zero at the start.
        first_day: from which day on a value may be the best.

    Raises:
        InputError: days that do not rise from 0, or volumes that are negative or unknown.
    """
    day, change = changes(days, volumes)
    counted = np.flatnonzero(day >= first_day)
    if len(counted) == 0:
        return GrowthResponse(np.nan, np.nan, np.nan, np.nan, "NE")
    average = running_average(change)
    at, at_average = counted[change[counted].argmin()], counted[average[counted].argmin()]
    best, best_average = float(change[at]), float(average[at_average])
    return GrowthResponse(
        best, float(day[at]), best_average, float(day[at_average]), call_of(best, best_average)
    )


def call_of(best: float, average: float) -> str:
    """CR, PR, SD or PD of a best response and a best average response in %, both below the call's cut; NE if NaN."""
    return str(calls_of(best, average))


def calls_of(best: ArrayLike, average: ArrayLike) -> NDArray[np.str_]:
    """`call_of` of many, [...]."""
    own, mean = np.asarray(best, dtype=float), np.asarray(average, dtype=float)
    reached = [(own < cut) & (mean < cut_average) for _, cut, cut_average in CUTS]
    return np.select([np.isnan(own) | np.isnan(mean), *reached], ["NE", *(call for call, _, _ in CUTS)], "PD")


def changes(days: ArrayLike, volumes: ArrayLike) -> tuple[Floats, Floats]:
    """Days [T] and volumes as % change from the first [T].

    Raises:
        InputError: as `growth_response`.
    """
    day, volume = np.asarray(days, dtype=float), np.asarray(volumes, dtype=float)
    if (
        day.ndim != 1
        or day.shape != volume.shape
        or len(day) == 0
        or day[0] != 0
        or not (np.diff(day) > 0).all()
    ):
        raise InputError(
            "the days of a curve do not rise from day 0", got=day[:6].tolist(), expected="0, 3, 7, ..."
        )
    if not ((volume >= 0).all() and np.isfinite(volume).all() and volume[0] > 0):
        raise InputError(
            "the volumes of a curve cannot be used",
            got=float(volume.min()),
            expected="0 and more, the first above 0",
        )
    return day, 100 * (volume / volume[0] - 1)


def running_average(change: Floats) -> Floats:
    """Mean of all values up to each, along the last axis [..., T]."""
    return np.cumsum(change, axis=-1) / np.arange(1, change.shape[-1] + 1)


def time_to_doubling(days: ArrayLike, volumes: ArrayLike) -> tuple[float, bool]:
    """Day on which the volume first is twice the first one, by straight lines between the days, and True.

    The last day and False where it does not become so.
    """
    day, change = changes(days, volumes)
    over = np.flatnonzero(change >= 100)
    if len(over) == 0:
        return float(day[-1]), False
    at = over[0]
    share = (100 - change[at - 1]) / (change[at] - change[at - 1])
    return float(day[at - 1] + share * (day[at] - day[at - 1])), True
