"""Concordance of risks with survival times, and the Kaplan-Meier estimate."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.metrics.ratio import Array, Ratio, once

_EVENTS_AT_ONCE = 256


def concordance(time_days: ArrayLike, is_event: ArrayLike, risk: ArrayLike) -> float:
    """Harrell's C: of the pairs whose order is known, the share where the earlier event has the higher risk.

    Harrell 1982 (JAMA 247:2543). A pair is known if the earlier time is an event; at equal times, if exactly
    one is an event (it counts as the earlier). Equal risks count one half.

    Args:
        time_days: [n]. is_event: [n] True = happened. risk: [n] higher = worse.

    Returns:
        NaN where no pair is known.

    Raises:
        ValueError: lengths differ, or a time or a risk is not finite.
    """
    return concordance_ratio(time_days, is_event, risk, once(np.size(time_days))).value()


def concordance_ratio(time_days: ArrayLike, is_event: ArrayLike, risk: ArrayLike, weights: Array) -> Ratio:
    """Pairs in the right order over the pairs whose order is known; weights [draws, n] multiply over a pair."""
    time, event, score = _checked(time_days, is_event, risk)
    return _pairs(time, event, score, weights, event.astype(float))


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve, one entry for each distinct time of an event.

    Attributes:
        time_days: [k] ascending.
        survival: [k] share still without the event after that time.
        low, high: [k] pointwise interval.
        at_risk: [k] still observed just before that time.
    """

    time_days: Array
    survival: Array
    low: Array
    high: Array
    at_risk: Array


def kaplan_meier(time_days: ArrayLike, is_event: ArrayLike, confidence: float = 0.95) -> KaplanMeier:
    """Product-limit estimate (Kaplan and Meier 1958).

    Its interval is Greenwood's on the scale of log(-log S), which keeps it within 0 and 1.
    """
    time, event, _ = _checked(time_days, is_event, np.zeros(np.size(time_days)))
    times, died = np.unique(time[event], return_counts=True)
    at_risk = (len(time) - np.searchsorted(np.sort(time), times, side="left")).astype(float)
    survival = np.cumprod(1 - died / at_risk)
    inside = (survival > 0) & (survival < 1)
    left = np.where(at_risk > died, at_risk - died, 1.0)
    spread = NormalDist().inv_cdf(0.5 + confidence / 2) * np.sqrt(np.cumsum(died / (at_risk * left)))
    stretch = np.exp(spread / -np.log(np.where(inside, survival, 0.5)))
    low = np.where(inside, survival**stretch, survival)
    high = np.where(inside, survival ** (1 / stretch), survival)
    return KaplanMeier(times, survival, low, high, at_risk)


def _pairs(time: Array, event: NDArray[np.bool_], score: Array, weights: Array, worth: Array) -> Ratio:
    """Pairs as `concordance_ratio` counts them, each times the `worth` [n] of its earlier event; 0 leaves it out."""
    total, load = np.zeros(len(weights)), np.zeros(len(weights))
    counted = np.flatnonzero(worth)
    for start in range(0, len(counted), _EVENTS_AT_ONCE):
        rows = counted[start : start + _EVENTS_AT_ONCE]
        is_known = (time > time[rows, None]) | ((time == time[rows, None]) & ~event)
        is_right = 0.5 * (np.sign(score[rows, None] - score) + 1)
        early = weights[:, rows] * worth[rows]
        load += ((early @ is_known) * weights).sum(axis=1)
        total += ((early @ (is_known * is_right)) * weights).sum(axis=1)
    return Ratio(total, load, weights[:, counted].sum(axis=1))


def _checked(
    time_days: ArrayLike, is_event: ArrayLike, risk: ArrayLike
) -> tuple[Array, NDArray[np.bool_], Array]:
    time, event, score = np.asarray(time_days, float), np.asarray(is_event), np.asarray(risk, float)
    if time.ndim != 1 or not time.shape == event.shape == score.shape:
        raise ValueError(
            f"times {time.shape}, events {event.shape} and risks {score.shape} must be of one length"
        )
    if not (np.isfinite(time).all() and np.isfinite(score).all()):
        raise ValueError("times and risks must be finite")
    return time, event.astype(bool), score
