"""Does what a model attributes to a feature agree with the outcome of patients it has not seen?

The statistic of a feature is the sum over held-out courses of attribution times residual of the outcome, each centred
within its fold. The model never saw these courses, so under the null hypothesis (the feature's attribution and the
outcome are unrelated) outcomes of a fold's patients can be exchanged: permuting them gives the null distribution,
one-sided, because the direction was learned in training. P values count draws, (1 + more extreme) / (1 + draws)
(Phipson & Smyth 2010, Stat Appl Genet Mol Biol 9:39), more of them for the features that need a finer tail. False
discovery is controlled by Benjamini & Hochberg 1995 (JRSS B 57:289) within each kind of feature, weighed by how many
courses a feature tells apart, which no outcome decides. How much the model leans on a feature must not weigh it: over
folds, each patient is held out once and trains the other models, so a chance association that the models picked up
comes back in the statistic (in null cohorts the features leaned on most had three times their share of small p).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, fisher_exact, mannwhitneyu, norm

Array = NDArray[np.float64]
_FIRST_DRAWS, _LAST_DRAWS, _AT_ONCE = 2_000, 200_000, 2_000
_FINER_BELOW = 0.02
_FEWEST = 3


def centred(values: Array, folds: NDArray) -> Array:
    """[n, ...] less the mean of its fold."""
    made = np.array(values, float)
    for fold in np.unique(folds):
        made[folds == fold] -= made[folds == fold].mean(axis=0)
    return made


def permutation_p(
    attribution: Array, residual: Array, folds: NDArray, seed: int = 0, draws: int = _LAST_DRAWS
) -> tuple[Array, Array]:
    """(z [F], p [F]) of attributions [n, F] against residuals [n], permuted within folds.

    z is the statistic over its exact standard deviation under permutation; p counts draws. A feature with fewer
    than three courses of another attribution than the rest cannot be judged: p = 1.
    """
    own, truth = centred(attribution, folds), centred(residual, folds)
    statistic = own.T @ truth
    variance = np.zeros(own.shape[1])
    for fold in np.unique(folds):
        rows = folds == fold
        if rows.sum() > 1:
            variance += (own[rows] ** 2).sum(axis=0) * (truth[rows] ** 2).sum() / (rows.sum() - 1)
    z = statistic / np.sqrt(np.where(variance > 0, variance, 1))
    usable = (variance > 0) & (_differing(attribution) >= _FEWEST)
    p = np.ones(own.shape[1])
    p[usable] = _tail(own[:, usable], truth, folds, statistic[usable], _FIRST_DRAWS, seed)
    fine = usable & (p < _FINER_BELOW)
    if fine.any() and draws > _FIRST_DRAWS:
        p[fine] = _tail(own[:, fine], truth, folds, statistic[fine], draws, seed + 1)
    return z, p


def _differing(attribution: Array) -> NDArray:
    """[F] courses whose attribution is not the commonest one."""
    commonest = (int(np.unique(column, return_counts=True)[1].max()) for column in attribution.T)
    return len(attribution) - np.fromiter(commonest, np.int64)


def _tail(own: Array, truth: Array, folds: NDArray, statistic: Array, draws: int, seed: int) -> Array:
    """Share of permutations that reach the statistic."""
    random = np.random.default_rng(seed)
    rows = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    reached, tolerance = np.zeros(own.shape[1]), 1e-9 * np.abs(statistic)
    for start in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - start)
        shuffled = np.empty((count, len(truth)))
        for part in rows:
            shuffled[:, part] = random.permuted(np.tile(truth[part], (count, 1)), axis=1)
        reached += (shuffled @ own >= statistic - tolerance).sum(axis=0)
    return (1 + reached) / (1 + draws)


def q_values(p: Array, weights: Array | None = None) -> Array:
    """Benjamini-Hochberg adjusted; NaN stays NaN.

    Args:
        weights: [F] how much each feature is expected to matter, not negative, known before the outcomes tested were
            seen: the p values are divided by them, scaled to a mean of one (Genovese, Roeder, Wasserman 2006,
            Biometrika 93:509).
    """
    made = np.full(len(p), np.nan)
    known = np.isfinite(p)
    if not known.any():
        return made
    weighed = p[known]
    if weights is not None and weights[known].sum() > 0:
        share = weights[known] / weights[known].mean()
        weighed = np.minimum(weighed / np.maximum(share, 1e-12), 1.0)
    made[known] = false_discovery_control(weighed)
    return made


def informative(values: Array) -> Array:
    """[F] weight of each raw value [n, F]: in how many courses it is not its commonest, at most a quarter (where
    a binary feature tells nearly as much as others). NaN counts as the commonest."""
    counts = np.zeros(values.shape[1])
    for i, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if len(known):
            counts[i] = len(known) - np.unique(known, return_counts=True)[1].max()
    return np.minimum(counts, len(values) / 4)


def univariate_p(values: Array, residual: Array, label: Array | None) -> Array:
    """[F] two-sided p of each raw value [n, F] alone; NaN where it cannot be judged. NaN values do not count.

    Args:
        label: 0/1 response: Fisher's exact test for 0/1 values, else Mann-Whitney's. None: the score test against the
            martingale residuals (survival; for one feature that is Cox's score test).
    """
    return np.array([_one_univariate(column, residual, label) for column in values.T])


def _one_univariate(column: Array, residual: Array, label: Array | None) -> float:
    known = np.isfinite(column)
    value = column[known]
    if len(np.unique(value)) < 2:
        return np.nan
    if label is None:
        truth = residual[known] - residual[known].mean()
        own = value - value.mean()
        spread = np.sqrt((own**2).sum() * (truth**2).sum() / (len(own) - 1))
        return float(2 * norm.sf(abs(own @ truth) / spread)) if spread > 0 else np.nan
    positive = label[known] == 1
    if positive.all() or not positive.any():
        return np.nan
    if set(np.unique(value)) <= {0.0, 1.0}:
        table = [[int(((value == a) & (positive == b)).sum()) for b in (True, False)] for a in (1.0, 0.0)]
        return float(fisher_exact(table).pvalue)
    return float(mannwhitneyu(value[positive], value[~positive]).pvalue)


def importance_intervals(
    attribution: Array, patients: Sequence[str], top: int, draws: int, seed: int, confidence: float = 0.95
) -> tuple[Array, Array, Array, Array]:
    """(mean |attribution|, low, high, share of patient bootstraps in which it is among the `top`); [F] each."""
    size = np.abs(attribution)
    names, place = np.unique(np.asarray(patients), return_inverse=True)
    random = np.random.default_rng(seed)
    means = np.empty((draws, attribution.shape[1]))
    for draw in range(draws):
        weight = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))[place]
        means[draw] = weight @ size / max(weight.sum(), 1)
    order = np.argsort(np.argsort(-means, axis=1, kind="stable"), axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return size.mean(axis=0), low, high, (order < top).mean(axis=0)
