"""Folds of whole sites with outcomes as even as whole sites allow, by integer programming.

Howard et al. 2021 (Nat Commun 12:4423) showed that a model can know a patient's hospital by its slides, so that a
hospital on both sides flatters it. Theirs needs a commercial solver; this is `scipy.optimize.milp` (HiGHS).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import block_array, csr_array, eye_array, kron

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

_NODES, _SECONDS, _GAP = 500, 300.0, 0.01
"""The search ends by nodes, which is the same on every machine, long before it ends by time."""
_NOISE = 1e-3


def site_folds(
    sites: pd.Series, labels: pd.DataFrame, shares: Sequence[float], seed: int, report: list[Exclusion]
) -> pd.Series:
    """Fold of each patient (0 .. len(shares) - 1): sites whole, patients and every label's values as even as found.

    Least is the sum, over patients and the values of the labels, of the largest excess and the largest shortfall of a
    fold beside its share (so that a site larger than a fold, which is reported, leaves the others even). The search
    ends within 1% of the least, after 500 nodes or 300 seconds; where more than 1% of the patients might still be
    gained it is reported.

    Args:
        sites: by patient, none missing. labels: patient x label, NaN unknown. shares: of the patients; sum 1.
        seed: which of equally good answers.

    Raises:
        InputError: fewer sites than folds, or nothing found in time.
    """
    sizes = sites.value_counts()
    if len(sizes) < len(shares):
        raise InputError(
            f"too few sites for {len(shares)} folds",
            got=len(sizes),
            expected=f"at least {len(shares)}",
            fix="lower split.folds, or set split.by_site=false",
        )
    for site, size in sizes[sizes > max(shares) * len(sites)].items():
        told = f"{size} of {len(sites)} patients; the largest fold should have {max(shares) * len(sites):.0f}"
        report.append(Exclusion("site", str(site), "larger_than_a_fold", told))
    counts = _counts(sites, labels).sample(frac=1, random_state=seed)
    found = _solve(counts.to_numpy(float), np.asarray(shares, float), seed)
    if found.fun - found.mip_dual_bound > _GAP * len(sites):
        told = f"excesses and shortfalls sum to {found.fun:.1f} patients, at best {max(found.mip_dual_bound, 0):.1f}"
        report.append(Exclusion("split", "site folds", "not_proven_most_even", told))
    chosen = found.x[: counts.shape[0] * len(shares)].reshape(-1, len(shares)).argmax(axis=1)
    return sites.map(dict(zip(counts.index, chosen, strict=True))).astype(int)


def _counts(sites: pd.Series, labels: pd.DataFrame) -> pd.DataFrame:
    """site x (patients, then each value of each label); columns that repeat another one once."""
    classes = {"patients": pd.Series(1, sites.index)}
    for name in labels:
        classes |= {
            f"{name} {value}": labels[name] == value for value in sorted(labels[name].dropna().unique())
        }
    return pd.DataFrame(classes).astype(int).groupby(sites).sum().T.drop_duplicates().T


def _solve(counts: NDArray[np.float64], shares: NDArray[np.float64], seed: int) -> OptimizeResult:
    """Variables: site s in fold k (s * folds + k); of each count the largest excess, then the largest shortfall."""
    (n_sites, n_counts), folds = counts.shape, len(shares)
    n_places = n_sites * folds
    target = np.outer(counts.sum(axis=0), shares).ravel()
    loads = kron(counts.T, eye_array(folds))
    each, none = kron(eye_array(n_counts), np.ones((folds, 1))), csr_array((n_counts * folds, n_counts))
    whole = kron(eye_array(n_sites), np.ones((1, folds)))
    not_empty = kron(np.ones((1, n_sites)), eye_array(folds))
    places = block_array([[whole], [not_empty]])
    places = block_array([[places, csr_array((n_sites + folds, 2 * n_counts))]])
    ties = np.random.default_rng(seed).random(n_places) * _NOISE / n_sites
    found: Any = milp(
        np.r_[ties, np.ones(2 * n_counts)],
        constraints=[
            LinearConstraint(places, 1, np.r_[np.ones(n_sites), np.full(folds, np.inf)]),
            LinearConstraint(block_array([[loads, -each, none]]), -np.inf, target),
            LinearConstraint(block_array([[loads, none, each]]), target, np.inf),
        ],
        integrality=np.r_[np.ones(n_places), np.zeros(2 * n_counts)],
        bounds=Bounds(0, np.r_[np.ones(n_places), np.full(2 * n_counts, np.inf)]),
        options={"node_limit": _NODES, "time_limit": _SECONDS, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        raise InputError("no folds of whole sites were found", got=found.message, fix="lower split.folds")
    return found
