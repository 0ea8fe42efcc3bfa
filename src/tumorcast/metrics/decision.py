"""What treating by a model's probability is worth (Vickers and Elkin 2006, Med Decis Making 26:565).

At threshold t a doctor holds one responder missed for (1 - t) / t others treated in vain. Net benefit is in responders
found a patient, net of others treated at that rate: 0 for treating nobody. Standardised, it is a share of what perfect
knowledge would bring, which is the prevalence (Kerr 2016, J Clin Oncol 34:2534).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.metrics.discrimination import _checked_probability
from tumorcast.metrics.ratio import Array, once

THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 16))
"""5% to 75%."""


def net_benefit(
    label: ArrayLike, probability: ArrayLike, thresholds: ArrayLike, *, standardised: bool = False
) -> Array:
    """[k] at each threshold: share of true positives - share of false ones * t / (1 - t); NaN as the draws are.

    Raises:
        ValueError: a threshold is not strictly, or a probability not, within 0 and 1.
    """
    draws = net_benefit_draws(label, probability, thresholds, once(np.size(label)), standardised=standardised)
    return np.asarray(draws[0])


def net_benefit_draws(
    label: ArrayLike,
    probability: ArrayLike,
    thresholds: ArrayLike,
    weights: Array,
    *,
    standardised: bool = False,
) -> Array:
    """[draws, k] for weights [draws, n]: treated where the probability is at least the threshold.

    The same weights for two models make their difference paired. NaN for a draw without courses, and, standardised,
    without responders.
    """
    truth, values = _checked_probability(label, probability)
    cuts = _cuts(thresholds)
    treated = (values[:, None] >= cuts).astype(float)
    worth = truth[:, None] - (1 - truth)[:, None] * (cuts / (1 - cuts))
    load = weights @ truth if standardised else weights.sum(axis=1)
    return np.asarray((weights @ (treated * worth)) / np.where(load > 0, load, np.nan)[:, None])


def treat_all(label: ArrayLike, thresholds: ArrayLike, *, standardised: bool = False) -> Array:
    """[k] net benefit of treating everybody."""
    return net_benefit(label, np.ones(np.size(label)), thresholds, standardised=standardised)


def _cuts(thresholds: ArrayLike) -> Array:
    cuts = np.atleast_1d(np.asarray(thresholds, float))
    if not ((cuts > 0) & (cuts < 1)).all():
        raise ValueError("thresholds must lie between 0 and 1")
    return cuts
