"""How far a calibrated probability may be from the share of responders among patients with such a score.

The held-out probabilities of the inner folds are recalibrated by a line in the logit; its uncertainty at a patient's
own logit is the interval's width. The variance is the sandwich estimator of a weighted logistic regression, its meat
summed by courses at the weight of one patient each, which is at least the estimator clustered by patient (Liang and
Zeger 1986, Biometrika 73:13), as a patient's courses may be alike; quantiles are Student's.

It covers what a finite number of held-out patients leaves open. It does not cover what happens to one patient, patients
unlike those of training, another hospital, or a miscalibration that is no line in the logit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from tumorcast.evaluation.conformal import ConformalRule
from tumorcast.evaluation.recalibration import design, fit_logistic
from tumorcast.evaluation.trust import Trust
from tumorcast.metrics.intervals import Interval, binomial_interval
from tumorcast.metrics.logistic import bounded_logit, expit

Array = NDArray[np.float64]

LEVEL = 0.95
_NEIGHBOURS = 40
"""Held-out patients with the nearest probabilities, of whom is told how many responded; a third of all at most."""


@dataclass(frozen=True)
class Held:
    """Held-out courses: calibrated probability, answer, weight (a patient's courses weigh one together), [m] each."""

    probability: Array
    label: Array
    weight: Array

    @property
    def patients(self) -> float:
        """How many patients they are of."""
        return float(self.weight.sum())

    @property
    def base_rate(self) -> float:
        """Share of responders."""
        return float(self.weight @ self.label / self.weight.sum())


@dataclass(frozen=True)
class Neighbours:
    """The held-out courses with the nearest probabilities, and the share of responders among them."""

    count: int
    low: float
    high: float
    responded: Interval


def held_out(rule: ConformalRule) -> Held:
    """The courses that the sets were calibrated on."""
    score, label = np.array(rule.score), np.array(rule.label, float)
    return Held(np.where(label == 1, 1 - score, score), label, np.array(rule.weight))


def probability_interval(trust: Trust, raw: float, level: float = LEVEL) -> Interval:
    """Interval of the calibrated probability of the model's own `raw` one; holds the point always."""
    own = float(trust.probability([raw])[0])
    if trust.local is None or trust.local_conformal is not None:
        line = _line(held_out(trust.local_conformal or trust.conformal), float(bounded_logit(own)), level)
    else:
        line = _moved(trust, raw, level)
    low, high = (float(expit(value)) for value in line)
    return Interval(own, min(low, own), max(high, own))


def neighbours(trust: Trust, probability: float) -> Neighbours:
    """Of a calibrated probability."""
    held = held_out(trust.local_conformal or trust.conformal)
    count = min(_NEIGHBOURS, len(held.label) // 3)
    nearest = np.argsort(np.abs(held.probability - probability), kind="stable")[:count]
    own = held.probability[nearest]
    found = float(held.label[nearest].sum())
    low, high = (float(bound) for bound in binomial_interval(found, count))
    return Neighbours(count, float(own.min()), float(own.max()), Interval(found / count, low, high))


def _moved(trust: Trust, raw: float, level: float) -> tuple[float, float]:
    """The training's interval brought to a hospital by its correction, whose own uncertainty is added."""
    local = trust.local
    assert local is not None
    before = float(trust.calibration.logit(bounded_logit(raw)))
    ends = local.logit(_line(held_out(trust.conformal), before, level))
    middle = float(local.logit([before])[0])
    reach = [middle - float(ends[0]), float(ends[1]) - middle]
    alone = local.intercept_alone
    own = [alone.value - alone.low, alone.high - alone.value]
    return middle - float(np.hypot(reach[0], own[0])), middle + float(np.hypot(reach[1], own[1]))


def _line(held: Held, at: float, level: float) -> tuple[float, float]:
    """Interval of the recalibrated logit at a logit."""
    columns = design("platt", bounded_logit(held.probability))
    n_response, n_other = held.weight @ held.label, held.weight @ (1 - held.label)
    target = np.where(held.label == 1, (n_response + 1) / (n_response + 2), 1 / (n_other + 2))
    found = fit_logistic(columns, target, held.weight, (1.0, 0.0))
    fitted = expit(columns @ found)
    bread = np.linalg.pinv(columns.T @ (columns * (held.weight * fitted * (1 - fitted))[:, None]))
    meat = columns.T @ (columns * (held.weight * (fitted - held.label) ** 2)[:, None])
    free = max(held.patients - 2, 1.0)
    variance = bread @ meat @ bread * (held.patients / free)
    here = np.array([at, 1.0])
    reach = float(t.ppf((1 + level) / 2, free) * np.sqrt(here @ variance @ here))
    return float(here @ found) - reach, float(here @ found) + reach
