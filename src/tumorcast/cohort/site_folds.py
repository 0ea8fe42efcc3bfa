"""Folds of whole sites with outcomes as even as whole sites allow, by integer programming.

Howard et al. 2021 (Nat Commun 12:4423) showed that a model can know a patient's hospital by its slides, so that a
hospital on both sides flatters it. Theirs needs a commercial solver; this is `scipy.optimize.milp` (HiGHS).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from tumorcast.domain.errors import InputError

_NODES, _SECONDS, _GAP = 2000, 60.0, 0.01
_NOISE = 1e-3


def site_folds(sites: pd.Series, stratum: pd.Series, folds: int, seed: int) -> pd.Series:
    """Fold of each patient: sites whole, strata as even as found.

    The largest deviation of a stratum's count from an equal share, summed over strata, is the least, within 1% of
    it, or the best of 2,000 nodes of the search.

    Args:
        sites, stratum: by patient. seed: which of equally good answers.

    Raises:
        InputError: fewer sites than folds.
    """
    counts = pd.crosstab(sites, stratum)
    if len(counts) < folds:
        raise InputError(
            f"too few sites for {folds} folds",
            got=len(counts),
            expected=f"at least {folds}",
            fix="lower split.folds, or set split.by_site=false",
        )
    chosen = _solve(counts.to_numpy(float), folds, seed)
    return sites.map(dict(zip(counts.index, chosen, strict=True))).astype(int)


def _solve(counts: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """[sites] fold; variables: site s in fold k (s * folds + k), then a deviation for each stratum."""
    n_sites, n_strata = counts.shape
    n_places = n_sites * folds
    even = counts.sum(axis=0) / folds
    one_fold = np.kron(np.eye(n_sites), np.ones(folds))
    not_empty = np.tile(np.eye(folds), n_sites)
    loads = np.concatenate([np.kron(counts[:, c], np.eye(folds)) for c in range(n_strata)])
    slack = np.kron(np.eye(n_strata), np.ones((folds, 1)))
    target = np.repeat(even, folds)
    widened = [np.hstack([part, np.zeros((len(part), n_strata))]) for part in (one_fold, not_empty)]
    random = np.random.default_rng(seed)
    cost = np.r_[random.random(n_places) * _NOISE / n_sites, np.ones(n_strata)]
    bounds = Bounds(np.zeros(len(cost)), np.r_[np.ones(n_places), np.full(n_strata, np.inf)])
    found = milp(
        cost,
        constraints=[
            LinearConstraint(widened[0], 1, 1),
            LinearConstraint(widened[1], 1, np.inf),
            LinearConstraint(np.hstack([loads, -slack]), -np.inf, target),
            LinearConstraint(np.hstack([loads, slack]), target, np.inf),
        ],
        integrality=np.r_[np.ones(n_places), np.zeros(n_strata)],
        bounds=bounds,
        options={"node_limit": _NODES, "time_limit": _SECONDS, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        raise InputError("no folds of whole sites were found", got=found.message, fix="lower split.folds")
    return np.asarray(found.x[:n_places].reshape(n_sites, folds).argmax(axis=1))
