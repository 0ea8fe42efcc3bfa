"""Weights under which the patients of every treatment look alike, and whether they do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def overlap_weights(chances: ArrayLike, received: ArrayLike) -> Array:
    """[n] weights of the patients who could have received anything.

    1 / e_received(x) / sum_k 1 / e_k(x) (Li and Li 2019, Ann Appl Stat 13:2389); of two treatments one minus the
    chance of the own one (Li, Morgan and Zaslavsky 2018, JASA 113:390). They need no trimming, and balance every column
    of an unpenalised logistic propensity of two treatments exactly. A patient who could not have received some
    treatment has weight 0: the answer is about the others.

    Args:
        chances: [n, G]. received: [n] index of the own group.
    """
    chance = np.asarray(chances, float)
    tilt = _tilt(chance)
    own = np.take_along_axis(chance, np.asarray(received, int)[:, None], axis=1)[:, 0]
    return np.divide(tilt, own, out=np.zeros_like(own), where=own > 0)


def tilt_of(chances: ArrayLike) -> Array:
    """[n] how much each patient is one for whom every treatment is possible: 1 / sum_k 1 / e_k(x)."""
    return _tilt(np.asarray(chances, float))


def _tilt(chance: Array) -> Array:
    possible = (chance > 0).all(axis=1)
    safe = np.where(chance > 0, chance, 1.0)
    return np.where(possible, 1 / (1 / safe).sum(axis=1), 0.0)


def effective_size(weights: ArrayLike) -> float:
    """(sum w)^2 / sum w^2 (Kish 1965): how many equally weighted patients say as much."""
    own = np.asarray(weights, float)
    return float(own.sum() ** 2 / (own**2).sum()) if (own > 0).any() else 0.0


def balance(table: pd.DataFrame, received: Sequence[str], weights: ArrayLike) -> pd.DataFrame:
    """Standardised differences between the treatments, column by column, before and after weighting.

    The largest over pairs of |mean - mean| / standard deviation, which is that of the unweighted groups, pooled. Known
    values count. Below 0.1 is held to be balanced (Austin 2009, Stat Med 28:3083).

    Args:
        table: n x numbers. received: [n] names. weights: [n].

    Returns:
        Index the columns of `table`; `before`, `after`, NaN where a group has fewer than two known values.
    """
    names, own = np.asarray(received), np.asarray(weights, float)
    groups = [names == name for name in np.unique(names)]
    rows = {str(c): _differences(table[c].to_numpy(float), groups, own) for c in table}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after"])


def _differences(values: Array, groups: Sequence[NDArray[np.bool_]], weights: Array) -> tuple[float, float]:
    known = [values[g & np.isfinite(values)] for g in groups]
    if min(len(v) for v in known) < 2:
        return float("nan"), float("nan")
    spread = np.sqrt(np.mean([v.var(ddof=1) for v in known]))
    loads = [weights[g & np.isfinite(values)] for g in groups]
    if spread == 0 or min(load.sum() for load in loads) <= 0:
        return (0.0, 0.0) if spread == 0 else (float("nan"), float("nan"))
    plain = [float(v.mean()) for v in known]
    weighted = [float(np.average(v, weights=load)) for v, load in zip(known, loads, strict=True)]
    before, after = (
        max(abs(a - b) for a, b in combinations(means, 2)) / spread for means in (plain, weighted)
    )
    return float(before), float(after)
