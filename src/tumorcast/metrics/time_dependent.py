"""Survival metrics that weigh by the chance of being observed, so that censoring does not decide them.

The censoring distribution is Kaplan and Meier's on training courses (a censored time is its event), as the model's
survival curves are: nothing of the test is used to weigh the test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.metrics.ratio import Array

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Censoring:
    """A step function: P(not yet censored) after each of `time`; 1 before the first."""

    time: Array
    share: Array

    @classmethod
    def fit(cls, time: ArrayLike, is_event: ArrayLike) -> Censoring:
        """Product limit over censored times; at equal times events come first."""
        times, event = np.asarray(time, float), np.asarray(is_event).astype(bool)
        distinct, place = np.unique(times, return_inverse=True)
        lost = np.bincount(place, ~event, minlength=len(distinct))
        died = np.bincount(place, event, minlength=len(distinct))
        at_risk = np.cumsum((lost + died)[::-1])[::-1] - died
        steps = np.where(lost > 0, 1 - lost / np.maximum(at_risk, 1), 1.0)
        return cls(distinct, np.cumprod(steps).astype(float))

    def at(self, time: ArrayLike) -> Array:
        """[n] P(not censored up to and at each time)."""
        return np.r_[1.0, self.share][np.searchsorted(self.time, np.asarray(time, float), side="right")]


def uno_c(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, risk: ArrayLike, tau: float | None = None
) -> float:
    """Uno's C: concordance with each event weighed by the inverse squared chance of being observed until it.

    Uno 2011 (Stat Med 30:1105). Events from `tau` on (None: no limit) do not count; equal risks count one half. NaN
    where no pair is known, or where an event's weight is infinite: choose a smaller tau.
    """
    times, event, score = _checked(time, is_event, risk)
    counted = event & (times < (np.inf if tau is None else tau))
    weight = _inverse(censoring.at(times[counted])) ** 2
    later = times > times[counted, None]
    tied_censored = (times == times[counted, None]) & ~event
    known = later | tied_censored
    right = 0.5 * (np.sign(score[counted, None] - score) + 1)
    load = float(weight @ known.sum(axis=1))
    total = float(weight @ (known * right).sum(axis=1))
    return total / load if load > 0 and np.isfinite(load) else float("nan")


def dynamic_auc(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, risk: ArrayLike, times: ArrayLike
) -> Array:
    """[k] cumulative/dynamic AUROC at each time: those with the event by then against those without it.

    Uno 2007 (J Am Stat Assoc 102:527), Hung and Chiang 2010 (Can J Stat 38:8). NaN without cases or controls.
    """
    own, event, score = _checked(time, is_event, risk)
    weight = np.where(event, _inverse(censoring.at(own)), 0.0)
    order = np.argsort(score, kind="stable")
    made = []
    for t in np.atleast_1d(np.asarray(times, float)):
        case, control = weight * (own <= t), (own > t).astype(float)
        load = case.sum() * control.sum()
        made.append(_weighed_auc(score[order], case[order], control[order]) / load if load > 0 else np.nan)
    return np.array(made)


def brier_by_time(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, survival: ArrayLike, times: ArrayLike
) -> Array:
    """[k] Brier score of survival probabilities [n, k] at each of the times (Graf 1999, Stat Med 18:2529)."""
    own, event, _ = _checked(time, is_event, np.zeros(np.size(time)))
    moments, said = np.atleast_1d(np.asarray(times, float)), np.asarray(survival, float)
    if said.shape != (len(own), len(moments)):
        raise ValueError(f"survival {said.shape}, expected {(len(own), len(moments))}")
    died = (own[:, None] <= moments) & event[:, None]
    alive = own[:, None] > moments
    until = _inverse(censoring.at(own))[:, None]
    loss = died * said**2 * np.where(died, until, 0.0) + alive * (1 - said) ** 2 * _inverse(
        censoring.at(moments)
    )
    return np.asarray(loss.mean(axis=0))


def integrated_brier(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, survival: ArrayLike, times: ArrayLike
) -> float:
    """Mean of `brier_by_time` over the times' span (trapezoids)."""
    moments = np.asarray(times, float)
    scores = brier_by_time(censoring, time, is_event, survival, moments)
    return float(np.trapezoid(scores, moments) / (moments[-1] - moments[0]))


def survival_curves(
    time: ArrayLike, is_event: ArrayLike, training_risk: ArrayLike, risk: ArrayLike, times: ArrayLike
) -> Array:
    """[n, k] survival of log-risks [n] by Breslow's baseline hazard (1974, Biometrics 30:89) of training courses."""
    own, event, score = _checked(time, is_event, training_risk)
    top = score.max()
    hazard = np.exp(score - top)
    moments = np.unique(own[event])
    died = np.array([(event & (own == t)).sum() for t in moments], float)
    at_risk = np.array([hazard[own >= t].sum() for t in moments])
    baseline = np.cumsum(died / at_risk)
    place = np.searchsorted(moments, np.asarray(times, float), side="right")
    cumulative = np.r_[0.0, baseline][place]
    return np.exp(-np.exp(np.asarray(risk, float) - top)[:, None] * cumulative)


def _weighed_auc(score: Array, case: Array, control: Array) -> float:
    """Sum over pairs, ties one half; scores ascending."""
    _, place = np.unique(score, return_inverse=True)
    cases, controls = np.bincount(place, case), np.bincount(place, control)
    below = np.cumsum(controls) - controls
    return float((cases * (below + 0.5 * controls)).sum())


def _inverse(share: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(1 / share)


def _checked(time: ArrayLike, is_event: ArrayLike, risk: ArrayLike) -> tuple[Array, Bool, Array]:
    times, event, score = np.asarray(time, float), np.asarray(is_event).astype(bool), np.asarray(risk, float)
    if times.ndim != 1 or not times.shape == event.shape == score.shape:
        raise ValueError(
            f"times {times.shape}, events {event.shape} and risks {score.shape} must be of one length"
        )
    if not (np.isfinite(times).all() and np.isfinite(score).all()):
        raise ValueError("times and risks must be finite")
    return times, event, score
