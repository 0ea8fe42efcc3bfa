"""How well scores tell responders from the rest, with optional weights (for the bootstrap)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def auroc(label: Array, score: Array, weight: Array | None = None) -> float:
    """Area under the ROC curve: the chance that a responder scores higher than a non-responder, ties half.

    Args:
        label: [n] 0 or 1. score: [n]. weight: [n] non-negative, None for ones.

    Returns:
        NaN where one class has no weight.
    """
    label, score = np.asarray(label, float), np.asarray(score, float)
    weight = np.ones_like(label) if weight is None else np.asarray(weight, float)
    order = np.argsort(score, kind="stable")
    positive, negative = (weight * label)[order], (weight * (1 - label))[order]
    total = positive.sum() * negative.sum()
    if total == 0:
        return float("nan")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    positive, negative = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    below = np.cumsum(negative) - negative
    return float((positive * (below + 0.5 * negative)).sum() / total)


def auprc(label: Array, score: Array, weight: Array | None = None) -> float:
    """Average precision: sum over score levels of precision times the gain in recall; NaN without responders."""
    label, score = np.asarray(label, float), np.asarray(score, float)
    weight = np.ones_like(label) if weight is None else np.asarray(weight, float)
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    gained = np.add.reduceat((weight * label)[order], starts)
    seen = np.cumsum(np.add.reduceat(weight[order], starts))
    found = gained.sum()
    if found == 0:
        return float("nan")
    precision = np.cumsum(gained) / np.where(seen > 0, seen, 1)
    return float((precision * gained).sum() / found)


def brier(label: Array, probability: Array, weight: Array | None = None) -> float:
    """Weighted mean squared difference of probability and label; NaN without weight."""
    label, probability = np.asarray(label, float), np.asarray(probability, float)
    weight = np.ones_like(label) if weight is None else np.asarray(weight, float)
    total = weight.sum()
    return float((weight * (probability - label) ** 2).sum() / total) if total > 0 else float("nan")
