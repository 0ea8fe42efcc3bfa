"""How well scores tell responders from the rest.

Each metric stands twice: `auroc(label, score)` for the data as they are, and `auroc_ratio(label, score, weights)`
for many weightings at once (the bootstrap), where the sort by score is done once for all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.metrics.ratio import Array, Ratio, once

_ROUNDING = 1e-6


def auroc(label: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a responder scores above a non-responder, ties one half.

    Equal to the Mann-Whitney U over the number of pairs (Hanley and McNeil 1982, Radiology 143:29).

    Args:
        label: [n] 0 or 1. score: [n] finite.

    Returns:
        NaN where there is one class only.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, a score is not finite (all metrics here).
    """
    return auroc_ratio(label, score, once(np.size(label))).value()


def auprc(label: ArrayLike, score: ArrayLike) -> float:
    """Average precision: precision at each responder's score, averaged over responders; NaN without any."""
    return auprc_ratio(label, score, once(np.size(label))).value()


def brier(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared difference of probability and label (Brier 1950); 0 is perfect.

    Raises:
        ValueError: a probability is not within 0 and 1 (log_loss too).
    """
    return brier_ratio(label, probability, once(np.size(label))).value()


def log_loss(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean of -log(probability of what happened), in nats; probabilities are kept one epsilon from 0 and 1."""
    return log_loss_ratio(label, probability, once(np.size(label))).value()


def auroc_ratio(label: ArrayLike, score: ArrayLike, weights: Array) -> Ratio:
    """Pairs of a responder and a non-responder in the right order, over all such pairs; weights [draws, n]."""
    truth, values = _checked(label, score)
    order = np.argsort(values, kind="stable")
    responders, others = _by_level(values[order], weights[:, order], truth[order])
    below = np.cumsum(others, axis=1) - others
    right = (responders * (below + 0.5 * others)).sum(axis=1)
    n_responders, n_others = responders.sum(axis=1), others.sum(axis=1)
    return Ratio(right, n_responders * n_others, np.minimum(n_responders, n_others))


def auprc_ratio(label: ArrayLike, score: ArrayLike, weights: Array) -> Ratio:
    """Precision at each responder's score, over the responders; weights [draws, n]."""
    truth, values = _checked(label, score)
    order = np.argsort(-values, kind="stable")
    responders, others = _by_level(values[order], weights[:, order], truth[order])
    found = np.cumsum(responders, axis=1)
    called = found + np.cumsum(others, axis=1)
    precision = found / np.where(called > 0, called, 1.0)
    n_responders, n_others = responders.sum(axis=1), others.sum(axis=1)
    return Ratio((precision * responders).sum(axis=1), n_responders, np.minimum(n_responders, n_others))


def brier_ratio(label: ArrayLike, probability: ArrayLike, weights: Array) -> Ratio:
    """Squared differences over courses; weights [draws, n]."""
    truth, values = _checked_probability(label, probability)
    return _mean_over_courses((values - truth) ** 2, weights)


def log_loss_ratio(label: ArrayLike, probability: ArrayLike, weights: Array) -> Ratio:
    """-log(probability of what happened) over courses; weights [draws, n]."""
    truth, values = _checked_probability(label, probability)
    tiny = float(np.finfo(float).eps)
    kept = np.clip(values, tiny, 1 - tiny)
    return _mean_over_courses(-np.where(truth == 1, np.log(kept), np.log1p(-kept)), weights)


def _mean_over_courses(loss: Array, weights: Array) -> Ratio:
    load = weights.sum(axis=1)
    return Ratio(weights @ loss, load, load)


def _checked(label: ArrayLike, score: ArrayLike) -> tuple[Array, Array]:
    truth, values = np.asarray(label, float), np.asarray(score, float)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise ValueError(f"labels {truth.shape} and scores {values.shape} must be two vectors of one length")
    if not np.isin(truth, (0.0, 1.0)).all():
        raise ValueError("labels must be 0 or 1")
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite")
    return truth, values


def _checked_probability(label: ArrayLike, probability: ArrayLike) -> tuple[Array, Array]:
    truth, values = _checked(label, probability)
    if ((values < -_ROUNDING) | (values > 1 + _ROUNDING)).any():
        raise ValueError(f"probabilities must lie within 0 and 1, not {values.min():g} to {values.max():g}")
    return truth, values


def _people(patients: ArrayLike | None, count: int) -> NDArray[np.intp]:
    """[count] number of each course's patient, from 0; None: every course is a patient."""
    if patients is None:
        return np.arange(count)
    if np.shape(patients) != (count,):
        raise ValueError(f"patients {np.shape(patients)}, expected {(count,)}")
    return np.unique(np.asarray(patients).astype(str), return_inverse=True)[1]


def _by_level(ordered: Array, weights: Array, truth: Array) -> tuple[Array, Array]:
    """Weight of responders and of the others at each distinct score, [draws, levels] each."""
    starts: NDArray[np.intp] = np.flatnonzero(np.r_[True, np.diff(ordered) != 0][: len(ordered)])
    responders = np.add.reduceat(weights * truth, starts, axis=1)
    return responders, np.add.reduceat(weights * (1 - truth), starts, axis=1)
