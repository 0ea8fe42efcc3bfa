"""What a score leaves unexplained of each course: the gradient of the log likelihood, and a label for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.metrics.logistic import expit

Array = NDArray[np.float64]


def martingale_residuals(time_days: ArrayLike, is_event: ArrayLike, risk: ArrayLike | None = None) -> Array:
    """[n] event less the cumulative hazard that the score expected until that time; they sum to zero.

    Breslow's cumulative hazard (Therneau, Grambsch, Fleming 1990, Biometrika 77:147). It is the gradient of the
    Cox partial log likelihood with Breslow's ties with respect to the score.

    Args:
        time_days: [n]. is_event: [n]. risk: [n] log-risk; None is nothing known (the Nelson-Aalen estimate).
    """
    time, event = np.asarray(time_days, float), np.asarray(is_event, float)
    score = np.zeros(len(time)) if risk is None else np.asarray(risk, float)
    hazard = np.exp(score - score.max(initial=0))
    order = np.argsort(-time, kind="stable")
    moments, place = np.unique(-time[order], return_inverse=True)
    at_risk = np.cumsum(np.bincount(place, hazard[order], len(moments)))
    died = np.bincount(place, event[order], len(moments))
    later = np.cumsum((died / at_risk)[::-1])[::-1]
    residual = np.empty(len(time))
    residual[order] = event[order] - hazard[order] * later[place]
    return residual


def response_residuals(label: ArrayLike, logit: ArrayLike | None = None) -> Array:
    """[n] label less its expected probability; without a score less the prevalence."""
    truth = np.asarray(label, float)
    if logit is None:
        return truth - truth.mean()
    return truth - expit(logit)
