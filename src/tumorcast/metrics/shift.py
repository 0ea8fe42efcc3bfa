"""Does a sample come from the population that a reference sample stands for?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import ks_2samp

from tumorcast.metrics.ratio import Array

_DRAWS = 2000


@dataclass(frozen=True)
class Stability:
    """Population stability index, and what chance alone exceeds in 5 of 100 samples of this size."""

    value: float
    by_chance: float


def population_stability(sample: ArrayLike, reference: ArrayLike, bins: int = 10) -> Stability:
    """Sum of (q - p) ln(q / p) over the reference's quantile bins (Lewis 1994; Kullback's symmetric divergence).

    The customary limits of .1 and .25 are for thousands of cases: of 60 cases chance alone gives .25. `by_chance` is
    the 95th percentile of indices whose two samples are drawn from one population (always the same draws). Equal
    values share a bin, so there may be fewer. An empty bin counts as half a case. NaN where a sample is empty or the
    reference has one value.

    Args:
        sample: [n]. reference: [m]; NaN are left out of both.
    """
    new, old = _finite(sample), _finite(reference)
    edges = np.unique(np.quantile(old, np.linspace(0, 1, bins + 1)[1:-1])) if len(old) else np.zeros(0)
    edges = edges[edges < old.max()] if len(old) else edges
    if not len(new) or not len(edges):
        return Stability(float("nan"), float("nan"))
    counts = [_counts(values, edges) for values in (new, old)]
    pooled = sum(counts) / (len(new) + len(old))
    random = np.random.default_rng(0)
    drawn = [random.multinomial(len(values), pooled, _DRAWS) for values in (new, old)]
    return Stability(float(_index(*counts)), float(np.quantile(_index(*drawn), 0.95)))


def kolmogorov_p(sample: ArrayLike, reference: ArrayLike) -> float:
    """Two-sided p of Kolmogorov and Smirnov's two-sample test; NaN where a sample is empty."""
    new, old = _finite(sample), _finite(reference)
    if not len(new) or not len(old):
        return float("nan")
    return float(ks_2samp(new, old).pvalue)


def holm(p: ArrayLike) -> Array:
    """[k] adjusted p values (Holm 1979, Scand J Stat 6:65); NaN stays NaN and does not count."""
    values = np.asarray(p, float)
    made, highest = np.full(len(values), np.nan), 0.0
    known = np.flatnonzero(np.isfinite(values))
    for rank, place in enumerate(known[np.argsort(values[known], kind="stable")]):
        highest = max(highest, min(1.0, (len(known) - rank) * values[place]))
        made[place] = highest
    return made


def _finite(values: ArrayLike) -> Array:
    given = np.asarray(values, float).ravel()
    return given[np.isfinite(given)]


def _counts(values: Array, edges: Array) -> Array:
    """[len(edges) + 1] values in each bin."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1).astype(float)


def _index(new: ArrayLike, old: ArrayLike) -> Array:
    """Stability index of counts [..., bins]."""
    q, p = (
        np.maximum(c := np.asarray(counts, float), 0.5) / c.sum(-1, keepdims=True) for counts in (new, old)
    )
    return np.asarray(((q - p) * np.log(q / p)).sum(-1))
