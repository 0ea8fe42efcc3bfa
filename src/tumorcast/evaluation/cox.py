"""Ridge Cox regression, for the clinical baseline of survival."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.metrics.ratio import Array

_TINY_PENALTY = 1e-9


def cox_ridge(
    features: ArrayLike, time_days: ArrayLike, is_event: ArrayLike, penalty: float = 0.0, steps: int = 50
) -> Array:
    """[d] coefficients that maximise the Cox partial likelihood (Efron's ties) less penalty / 2 * ||beta||^2.

    Newton's method with halved steps (Cox 1972, JRSS B 34:187; Efron 1977, JASA 72:557).

    Args:
        features: [n, d]; standardise them first where there is a penalty. time_days: [n]. is_event: [n].
    """
    likelihood = Likelihood(features, time_days, is_event)
    beta = np.zeros(likelihood.features.shape[1])

    def gain(at: Array) -> float:
        return likelihood.value(at) - penalty / 2 * float(at @ at)

    for _ in range(steps):
        gradient, hessian = likelihood.slopes(beta)
        ridge = (penalty + _TINY_PENALTY) * np.eye(len(beta))
        step = np.linalg.solve(hessian + ridge, gradient - penalty * beta)
        before = gain(beta)
        while gain(beta + step) < before - 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        beta = beta + step
        if np.abs(step).max(initial=0) < 1e-9:
            break
    return beta


class Likelihood:
    """Efron's partial likelihood.

    Courses are kept latest first, so that the sum over those at risk is a running sum. Each event is a *slot*:
    the k-th of d events at one time sees its risk set less k/d of those dying then. One pass over the slots
    serves all courses, so value and slopes cost O(n d^2) however many times there are.
    """

    def __init__(self, features: ArrayLike, time_days: ArrayLike, is_event: ArrayLike) -> None:
        times = np.asarray(time_days, float)
        order = np.argsort(-times, kind="stable")
        self.features, times = np.asarray(features, float)[order], times[order]
        self.event = np.asarray(is_event)[order].astype(bool)
        moments, died = np.unique(times[self.event], return_counts=True)
        self.moments = len(moments)
        self.slot_moment = np.repeat(np.arange(self.moments), died)
        first = np.r_[0, np.cumsum(died)[:-1]] if self.moments else np.zeros(0, int)
        self.slot_share = (np.arange(died.sum()) - first[self.slot_moment]) / died[self.slot_moment]
        self.at_risk = np.searchsorted(-times, -moments, side="right")[self.slot_moment]
        self.event_moment = np.searchsorted(moments, times[self.event])
        self.slots_until = np.searchsorted(moments[self.slot_moment], times, side="right")

    def value(self, beta: Array) -> float:
        """Log partial likelihood."""
        score, hazard, top = self._hazards(beta)
        return float(score[self.event].sum() - (np.log(self._over_slots(hazard[:, None])[:, 0]) + top).sum())

    def slopes(self, beta: Array) -> tuple[Array, Array]:
        """Gradient [d] and minus the Hessian [d, d]."""
        _, hazard, _ = self._hazards(beta)
        total = self._over_slots(hazard[:, None])[:, 0]
        mean = self._over_slots(hazard[:, None] * self.features) / total[:, None]
        exposure = np.r_[0.0, np.cumsum(1 / total)][self.slots_until]
        spared = np.bincount(self.slot_moment, self.slot_share / total, minlength=self.moments)
        exposure[self.event] -= spared[self.event_moment]
        load = hazard * exposure
        gradient = self.features[self.event].sum(axis=0) - self.features.T @ load
        return gradient, (self.features * load[:, None]).T @ self.features - mean.T @ mean

    def _hazards(self, beta: Array) -> tuple[Array, Array, float]:
        score = self.features @ beta
        top = float(score.max(initial=0))
        return score, np.exp(score - top), top

    def _over_slots(self, values: Array) -> Array:
        """[slots, k] sum over those at risk, less the share of those dying at the same time."""
        dying = np.zeros((self.moments, values.shape[1]))
        np.add.at(dying, self.event_moment, values[self.event])
        running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
        return running[self.at_risk] - self.slot_share[:, None] * dying[self.slot_moment]
