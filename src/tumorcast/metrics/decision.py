"""What treating by a model's probability is worth (Vickers and Elkin 2006, Med Decis Making 26:565).

At threshold t a doctor holds one responder missed for (1 - t) / t others treated in vain. Net benefit is in responders
found a patient, net of others treated at that rate: 0 for treating nobody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.metrics.discrimination import _checked
from tumorcast.metrics.ratio import Array, once

THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 16))
"""5% to 75%."""


def net_benefit(label: ArrayLike, probability: ArrayLike, thresholds: ArrayLike) -> Array:
    """[k] at each threshold (0 to 1, both excluded): share of true positives - share of false ones * t / (1 - t)."""
    return np.asarray(net_benefit_draws(label, probability, thresholds, once(np.size(label)))[0])


def net_benefit_draws(
    label: ArrayLike, probability: ArrayLike, thresholds: ArrayLike, weights: Array
) -> Array:
    """[draws, k] for weights [draws, n]: treated where the probability is at least the threshold."""
    truth, values = _checked(label, probability)
    cuts = _cuts(thresholds)
    treated = (values[:, None] >= cuts).astype(float)
    worth = truth[:, None] - (1 - truth)[:, None] * (cuts / (1 - cuts))
    return np.asarray((weights @ (treated * worth)) / weights.sum(axis=1, keepdims=True))


def treat_all(label: ArrayLike, thresholds: ArrayLike) -> Array:
    """[k] net benefit of treating everybody."""
    return net_benefit(label, np.ones(np.size(label)), thresholds)


def _cuts(thresholds: ArrayLike) -> Array:
    cuts = np.atleast_1d(np.asarray(thresholds, float))
    if not ((cuts > 0) & (cuts < 1)).all():
        raise ValueError("thresholds must lie between 0 and 1")
    return cuts
