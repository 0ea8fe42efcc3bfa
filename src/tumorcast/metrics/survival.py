"""Concordance of risks with survival times, and the Kaplan-Meier estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def concordance(time_days: Array, is_event: Array, risk: Array, weight: Array | None = None) -> float:
    """Harrell's C: of the pairs whose order of events is known, the share where the earlier event has the
    higher risk; ties of risk count half (Harrell 1982, JAMA 247:2543).

    A pair counts if the earlier time is an event; at equal times, if exactly one is an event (the event
    counts as earlier). Weights multiply over a pair. NaN where no pair counts.
    """
    time, event, risk = (np.asarray(x, float) for x in (time_days, is_event, risk))
    weight = np.ones_like(time) if weight is None else np.asarray(weight, float)
    first = np.flatnonzero((event > 0) & (weight > 0))
    later = (time[None, :] > time[first, None]) | (
        (time[None, :] == time[first, None]) & (event[None, :] == 0)
    )
    pairs = later * weight[first, None] * weight[None, :]
    total = pairs.sum()
    if total == 0:
        return float("nan")
    right = np.sign(risk[first, None] - risk[None, :]) * 0.5 + 0.5
    return float((pairs * right).sum() / total)


def kaplan_meier(time_days: Array, is_event: Array) -> tuple[Array, Array]:
    """(event times [k] ascending, survival after each [k]) (Kaplan and Meier 1958)."""
    time, event = np.asarray(time_days, float), np.asarray(is_event, float)
    times = np.unique(time[event > 0])
    at_risk = (time[None, :] >= times[:, None]).sum(axis=1)
    died = ((time[None, :] == times[:, None]) & (event[None, :] > 0)).sum(axis=1)
    return times, np.cumprod(1 - died / np.maximum(at_risk, 1))
