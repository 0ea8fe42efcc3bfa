"""Does a predicted benefit rank patients by what the treatment does for them? On doubly robust gains of a trial."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.metrics.intervals import Interval, percentile_interval

Array = NDArray[np.float64]


def autoc(gain: ArrayLike, priority: ArrayLike) -> float:
    """Area under the targeting operator characteristic (Yadlowsky et al. 2025, J Am Stat Assoc 120:38).

    TOC(q) is the mean gain of the share q with the highest priority less that of all; its mean over q is 0 where the
    priority says nothing. Patients of equal priority stand in for each other: their gains are averaged.

    Args:
        gain: [n] doubly robust score of treatment less control (`values.Scores`).
        priority: [n] higher is treated first.
    """
    values, rank = np.asarray(gain, float), np.asarray(priority, float)
    return _autoc(values, rank, np.ones(len(values)))


def autoc_interval(
    gain: ArrayLike, priority: ArrayLike, draws: int = 1000, seed: int = 0, confidence: float = 0.95
) -> Interval:
    """`autoc` with its interval by resampling patients; the priority must come from elsewhere (other patients)."""
    values, rank = np.asarray(gain, float), np.asarray(priority, float)
    counts = np.random.default_rng(seed).multinomial(
        len(values), np.full(len(values), 1 / len(values)), draws
    )
    drawn = np.array([_autoc(values, rank, own.astype(float)) for own in counts])
    return percentile_interval(autoc(values, rank), drawn, confidence)


def permutation_p(gain: ArrayLike, priority: ArrayLike, draws: int = 1000, seed: int = 0) -> float:
    """One-sided: share of shuffled priorities that rank the gains at least as well."""
    values, rank = np.asarray(gain, float), np.asarray(priority, float)
    random, own = np.random.default_rng(seed), autoc(values, rank)
    others = [autoc(values, random.permutation(rank)) for _ in range(draws)]
    return float((1 + sum(other >= own - 1e-12 for other in others)) / (1 + draws))


def _autoc(gain: Array, priority: Array, weights: Array) -> float:
    _, place = np.unique(-priority, return_inverse=True)
    load = np.bincount(place, weights)
    total = np.bincount(place, weights * gain)
    kept = load > 0
    own = np.where(kept, total / np.where(kept, load, 1.0), 0.0)[place]
    order = np.argsort(-priority, kind="stable")
    w, g = weights[order], own[order]
    reach = np.cumsum(w)
    share = np.cumsum(w * g) / np.maximum(reach, 1e-12)
    return float((w * (share - share[-1])).sum() / reach[-1])
