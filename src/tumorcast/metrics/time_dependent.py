"""Survival metrics that weigh by the chance of being observed, so that censoring does not decide them.

The censoring distribution is Kaplan and Meier's on training courses (a censored time is its event), as the model's
survival curves are: nothing of the test is used to weigh the test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.metrics.discrimination import auroc_ratio
from tumorcast.metrics.ratio import Array, Ratio, once
from tumorcast.metrics.survival import _checked, _pairs


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
        place = np.searchsorted(self.time, np.asarray(time, float), side="right")
        return np.asarray(np.r_[1.0, self.share][place])


def uno_c(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, risk: ArrayLike, tau: float | None = None
) -> float:
    """Uno's C: concordance with each event weighed by the inverse squared chance of being observed until it.

    Uno 2011 (Stat Med 30:1105). Events from `tau` on (None: no limit) do not count; equal risks count one half. NaN
    where no pair is known, or where an event's weight is infinite: choose a smaller tau.
    """
    return uno_c_ratio(censoring, time, is_event, risk, once(np.size(time)), tau).value()


def uno_c_ratio(
    censoring: Censoring,
    time: ArrayLike,
    is_event: ArrayLike,
    risk: ArrayLike,
    weights: Array,
    tau: float | None = None,
) -> Ratio:
    """Weighed pairs in the right order over the pairs whose order is known; weights [draws, n]."""
    times, event, score = _checked(time, is_event, risk)
    counted = event & (times < (np.inf if tau is None else tau))
    return _pairs(times, event, score, weights, np.where(counted, _inverse(censoring.at(times)) ** 2, 0.0))


def dynamic_auc(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, risk: ArrayLike, times: ArrayLike
) -> Array:
    """[k] cumulative/dynamic AUROC at each time: those with the event by then against those without it.

    Uno 2007 (J Am Stat Assoc 102:527), Hung and Chiang 2010 (Can J Stat 38:8). NaN without cases or controls, or where
    a case's weight is infinite.
    """
    ratios = dynamic_auc_ratios(censoring, time, is_event, risk, times, once(np.size(time)))
    return np.array([ratio.value() for ratio in ratios])


def dynamic_auc_ratios(
    censoring: Censoring,
    time: ArrayLike,
    is_event: ArrayLike,
    risk: ArrayLike,
    times: ArrayLike,
    weights: Array,
) -> list[Ratio]:
    """One for each of the times; weights [draws, n]."""
    own, event, score = _checked(time, is_event, risk)
    worth, made = _inverse(censoring.at(own)), []
    for t in np.atleast_1d(np.asarray(times, float)):
        case = event & (own <= t)
        kept = case | (own > t)
        made.append(auroc_ratio(case[kept], score[kept], (weights * np.where(case, worth, 1.0))[:, kept]))
    return made


def brier_losses(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, survival: ArrayLike, times: ArrayLike
) -> Array:
    """[n, k] weighed squared errors of survival probabilities [n, k] at each of the times.

    Graf 1999 (Stat Med 18:2529). 0 for courses censored before a time. NaN where a weight is infinite, and from the
    end of follow-up on if that is a censored course's: of those alive nobody is seen any more.

    Raises:
        ValueError: survival is of another shape, or not within 0 and 1.
    """
    own, event, _ = _checked(time, is_event, np.zeros(np.size(time)))
    moments, said = np.atleast_1d(np.asarray(times, float)), np.asarray(survival, float)
    if said.shape != (len(own), len(moments)):
        raise ValueError(f"survival {said.shape}, expected {(len(own), len(moments))}")
    if ((said < 0) | (said > 1)).any():
        raise ValueError(f"survival must lie within 0 and 1, not {said.min():g} to {said.max():g}")
    died = (own[:, None] <= moments) & event[:, None]
    alive = own[:, None] > moments
    until, by_then = _inverse(censoring.at(own))[:, None], _inverse(censoring.at(moments))
    is_unseen = moments >= np.where(event[own == own.max()].all(), np.inf, own.max())
    loss = np.where(died, said**2 * until, 0.0) + np.where(alive, (1 - said) ** 2 * by_then, 0.0)
    return np.where(is_unseen, np.nan, loss)


def brier_by_time(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, survival: ArrayLike, times: ArrayLike
) -> Array:
    """[k] Brier score at each of the times: mean of `brier_losses`."""
    return np.asarray(brier_losses(censoring, time, is_event, survival, times).mean(axis=0))


def integrated_brier(
    censoring: Censoring, time: ArrayLike, is_event: ArrayLike, survival: ArrayLike, times: ArrayLike
) -> float:
    """Mean of `brier_by_time` over the times' span (trapezoids).

    Raises:
        ValueError: as `brier_losses`; fewer than two times, or times that do not ascend.
    """
    weights = once(np.size(time))
    return integrated_brier_ratio(censoring, time, is_event, survival, times, weights).value()


def integrated_brier_ratio(
    censoring: Censoring,
    time: ArrayLike,
    is_event: ArrayLike,
    survival: ArrayLike,
    times: ArrayLike,
    weights: Array,
) -> Ratio:
    """Each course's losses, averaged over the times' span, over courses; weights [draws, n]."""
    moments = np.asarray(times, float)
    if moments.ndim != 1 or len(moments) < 2 or not (np.diff(moments) > 0).all():
        raise ValueError("times must be two or more, ascending")
    losses = brier_losses(censoring, time, is_event, survival, moments)
    load = weights.sum(axis=1)
    return Ratio(weights @ np.trapezoid(losses, moments, axis=1) / np.ptp(moments), load, load)


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
    return np.asarray(np.exp(-np.exp(np.asarray(risk, float) - top)[:, None] * cumulative))


def _inverse(share: Array) -> Array:
    """1 / share; NaN where nobody was observed any more."""
    return 1 / np.where(share > 0, share, np.nan)
