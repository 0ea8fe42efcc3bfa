"""Elastic net for response (logistic) and survival (Cox): the strong plain baseline on the network's own columns.

Zou & Hastie 2005, JRSS B 67:301; paths and cross-validation as in Friedman 2010, J Stat Softw 33:1 and Simon 2011,
J Stat Softw 39(5). Solved by accelerated proximal gradient steps (Beck & Teboulle 2009, SIAM J Imaging Sci 2:183).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.metrics.logistic import expit, logit
from tumorcast.metrics.residuals import martingale_residuals

Array = NDArray[np.float64]
_L1_SHARE = 0.5
_PENALTIES, _SMALLEST_SHARE = 12, 0.03
_STEPS, _ENOUGH = 200, 1e-4
_FOLDS = 5


@dataclass(frozen=True)
class Outcome:
    """Labels of n courses: `event` is the response (0/1), or with `time_days` whether the event happened."""

    event: Array
    time_days: Array | None = None

    def part(self, rows: Array) -> Outcome:
        """Those of some courses."""
        return Outcome(self.event[rows], None if self.time_days is None else self.time_days[rows])

    def residual(self, score: Array) -> Array:
        """Gradient of the log likelihood with respect to the score."""
        if self.time_days is None:
            return self.event - expit(score)
        return martingale_residuals(self.time_days, self.event, score)

    def loss(self, score: Array) -> float:
        """Minus the log likelihood (partial, Breslow's ties, for survival), a course."""
        if self.time_days is None:
            return float(np.mean(np.logaddexp(0, score) - self.event * score))
        order = np.argsort(-self.time_days, kind="stable")
        moments, place = np.unique(-self.time_days[order], return_inverse=True)
        top = score.max()
        at_risk = np.cumsum(np.bincount(place, np.exp(score[order] - top), len(moments)))[place]
        each = self.event[order] * (score[order] - top - np.log(at_risk))
        return -float(each.mean())


def fit_elastic_net(
    train: Array, outcome: Outcome, test: Array, seed: int = 0, l1_share: float = _L1_SHARE
) -> Array:
    """[m] scores of the test courses: logit, or log-risk; the penalty with the best cross-validated loss.

    Args:
        train: [n, d] numbers without NaN; standardised here. test: [m, d].
    """
    mean, spread = train.mean(axis=0), train.std(axis=0)
    varies = spread > 1e-8
    inside = (train[:, varies] - mean[varies]) / spread[varies]
    outside = (test[:, varies] - mean[varies]) / spread[varies]
    base = _intercept(outcome)
    if not varies.any() or not np.isfinite(base):
        return np.full(len(test), 0.0)
    penalties = _penalties(inside, outcome, base, l1_share)
    part = _folds(outcome, seed)
    losses = np.zeros(len(penalties))
    for k in range(_FOLDS):
        rest = part != k
        own = outcome.part(rest)
        for i, (intercept, beta) in enumerate(elastic_net_path(inside[rest], own, penalties, l1_share)):
            whole = intercept + inside @ beta
            if outcome.time_days is None:
                losses[i] += outcome.part(~rest).loss(whole[~rest])
            else:  # the partial likelihood of few courses says little: all less those learned from
                losses[i] += outcome.loss(whole) * len(whole) - own.loss(whole[rest]) * rest.sum()
    best = int(np.argmin(losses))
    intercept, beta = elastic_net_path(inside, outcome, penalties[: best + 1], l1_share)[-1]
    return np.asarray(intercept + outside @ beta, float)


def elastic_net_path(
    features: Array, outcome: Outcome, penalties: Array, l1_share: float = _L1_SHARE
) -> list[tuple[float, Array]]:
    """(intercept, [d] weights) for each penalty, strongest first, each started from the last.

    Minimises loss + penalty * (share * |b|_1 + (1 - share) / 2 * |b|^2); survival has no intercept.
    """
    beta, intercept = np.zeros(features.shape[1]), _intercept(outcome)
    step, found = 1.0, []
    for penalty in penalties:
        beta, intercept, step = _descend(features, outcome, beta, intercept, float(penalty), l1_share, step)
        found.append((intercept, beta.copy()))
    return found


def _descend(
    features: Array,
    outcome: Outcome,
    beta: Array,
    intercept: float,
    penalty: float,
    l1_share: float,
    step: float,
) -> tuple[Array, float, float]:
    """Accelerated proximal gradient with backtracking, restarted where it overshoots."""
    has_intercept = outcome.time_days is None
    weights = np.r_[intercept, beta]
    design = np.column_stack([np.ones(len(features)) * has_intercept, features])
    shrunk, ridge = penalty * l1_share, penalty * (1 - l1_share)
    ahead, pace = weights.copy(), 1.0

    def smooth(at: Array) -> tuple[float, Array]:
        score = design @ at
        value = outcome.loss(score) + ridge / 2 * float(at[1:] @ at[1:])
        slope = -(design.T @ outcome.residual(score)) / len(features)
        slope[1:] += ridge * at[1:]
        return value, slope

    for _ in range(_STEPS):
        value, slope = smooth(ahead)
        while True:
            moved = ahead - step * slope
            moved[1:] = np.sign(moved[1:]) * np.maximum(np.abs(moved[1:]) - step * shrunk, 0)
            change = moved - ahead
            bound = value + slope @ change + change @ change / (2 * step)
            if smooth(moved)[0] <= bound + 1e-12 or step < 1e-8:
                break
            step /= 2
        if (ahead - moved) @ (moved - weights) > 0:
            pace = 1.0
        next_pace = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = moved + (pace - 1) / next_pace * (moved - weights)
        is_still = np.abs(moved - weights).max() < _ENOUGH * max(1.0, np.abs(moved).max())
        weights, pace = moved, next_pace
        if is_still:
            break
    return weights[1:], float(weights[0]), step * 1.5


def _intercept(outcome: Outcome) -> float:
    if outcome.time_days is not None:
        return 0.0
    share = float(outcome.event.mean())
    return float(logit(share)) if 0 < share < 1 else np.nan


def _penalties(features: Array, outcome: Outcome, base: float, l1_share: float) -> Array:
    """From the least penalty that leaves no weight, downwards."""
    slope = np.abs(features.T @ outcome.residual(np.full(len(features), base))) / len(features)
    most = max(float(slope.max()), 1e-8) / max(l1_share, 1e-3)
    return most * np.geomspace(1, _SMALLEST_SHARE, _PENALTIES)


def _folds(outcome: Outcome, seed: int) -> NDArray[np.int64]:
    """Fold of each course; events are spread evenly."""
    order = np.random.default_rng(seed).permutation(len(outcome.event))
    order = order[np.argsort(outcome.event[order], kind="stable")]
    part = np.empty(len(order), np.int64)
    part[order] = np.arange(len(order)) % _FOLDS
    return part
