"""Informative drop-out: the chance that a patient has no next scan depends on the size that the scan would have shown.

Diggle and Kenward's selection model (Appl Stat 1994, 43:49): logit P(no scan k + 1) = a + b growth(k) + c growth(k
+ 1), with growth the logarithm of the size + offset over the smallest so far. The size at the scan that was not
made is not known: patients who left count with the mean over their own forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from tumorcast.biology.dynamics.arrays import Floats

_RIDGE = 0.05


@dataclass(frozen=True)
class Leaving:
    """Chance of leaving between two scans.

    Attributes:
        weights: of 1, growth at the last scan, growth at the next.
    """

    weights: tuple[float, float, float]

    def chance(self, before: Floats, after: Floats) -> Floats:
        """Of growth above the nadir at the last and at the next scan, of one shape."""
        a, b, c = self.weights
        return np.asarray(1 / (1 + np.exp(-np.clip(a + b * before + c * after, -30, 30))))


def fit_leaving(stayed: Floats, left_before: Floats, left_after: Floats) -> Leaving:
    """Maximum likelihood with a weak penalty.

    Args:
        stayed: [s, 2] growth at a scan and at the next one, which was made.
        left_before: [l] growth at the last scan of those who left.
        left_after: [l, draws] forecasts of their growth at the scan that was not made.
    """

    def loss(weights: Floats) -> float:
        model = Leaving((float(weights[0]), float(weights[1]), float(weights[2])))
        kept = np.log1p(-np.minimum(model.chance(stayed[:, 0], stayed[:, 1]), 1 - 1e-12)).sum()
        gone = np.log(model.chance(left_before[:, None], left_after).mean(axis=1)).sum()
        return float(-kept - gone + _RIDGE * (weights[1:] ** 2).sum())

    found = minimize(loss, np.array([-1.5, 0.0, 0.0]), method="Nelder-Mead", options={"maxfev": 300})
    return Leaving((float(found.x[0]), float(found.x[1]), float(found.x[2])))
