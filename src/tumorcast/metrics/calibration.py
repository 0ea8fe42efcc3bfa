"""Whether probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def reliability(label: Array, probability: Array, bins: int = 5) -> tuple[Array, Array, NDArray[np.int64]]:
    """(mean probability, share of responders, count) in bins of about equal size, lowest first."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    predicted = np.array([probability[part].mean() for part in parts])
    observed = np.array([label[part].mean() for part in parts])
    return predicted, observed, np.array([len(part) for part in parts])


def calibration_line(label: Array, probability: Array, steps: int = 50) -> tuple[float, float]:
    """(slope, intercept) of the logistic regression of the label on the logit; perfect is (1, 0).

    Cox 1958 recalibration, fitted by Newton's method. NaN with one class or a constant score.
    """
    label = np.asarray(label, float)
    logit = np.log(np.clip(probability, 1e-9, 1 - 1e-9) / np.clip(1 - np.asarray(probability), 1e-9, 1))
    if label.min(initial=1) == label.max(initial=0) or np.ptp(logit) < 1e-9:
        return float("nan"), float("nan")
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    beta = np.array([1.0, 0.0])
    for _ in range(steps):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        hessian = (design * (fitted * (1 - fitted))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (label - fitted))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[0]), float(beta[1])
