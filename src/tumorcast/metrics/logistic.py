"""Probabilities and logits, exact in both tails; without scipy, whose import takes longer than a prediction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def expit(logits: ArrayLike) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)); no overflow."""
    with np.errstate(invalid="ignore"):
        return np.exp(-np.logaddexp(0.0, -np.asarray(logits, np.float64)))


def logit(probability: ArrayLike) -> NDArray[np.float64]:
    """log(p / (1 - p)); infinite at 0 and 1, NaN outside."""
    p = np.asarray(probability, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(p) - np.log1p(-p)


def bounded_logit(probability: ArrayLike, edge: float = 1e-6) -> NDArray[np.float64]:
    """Logit of probabilities kept `edge` away from 0 and 1, which it makes finite; NaN stays NaN."""
    return logit(np.clip(np.asarray(probability, np.float64), edge, 1 - edge))
