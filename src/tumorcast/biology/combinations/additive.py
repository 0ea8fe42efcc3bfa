"""Additivity per virtual patient: each drug adds the time that it would have given after the first scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.biology.combinations.copula import Floats, correlated_uniforms
from tumorcast.biology.combinations.independent import need_drugs
from tumorcast.biology.combinations.marginals import Marginal
from tumorcast.domain.errors import InputError

VIRTUAL_PATIENTS = 1 << 16
_FINGERPRINT = (0.1, 0.25, 0.5, 0.75, 0.9)


def additive_times(times: ArrayLike, first_scan: float) -> Floats:
    """Time to progression under the drugs together, [n].

    Hwangbo et al. 2023, doi:10.1038/s43018-023-00667-z: A + B - first scan, for no progression is seen before it,
    and never less than the better drug. For any number of drugs: the first scan, and what each drug gives beyond it.

    Args:
        times: [n, k] of each virtual patient under each drug alone; inf: past what is known.
        first_scan: time of the first scan, in the same unit, from 0.

    Raises:
        InputError: negative times, or a first scan below 0.
    """
    alone = np.asarray(times, dtype=float)
    if alone.ndim != 2 or alone.shape[1] == 0 or not (alone >= 0).all() or not 0 <= first_scan < np.inf:
        raise InputError(
            "times to progression cannot be added",
            got=first_scan,
            expected="[n, drugs] from 0, a first scan from 0",
        )
    beyond = np.sort(np.maximum(alone - first_scan, 0), axis=1).sum(axis=1)
    return np.maximum(first_scan * (beyond > 0) + beyond, alone.max(axis=1))


def virtual_patients(drugs: Sequence[Marginal], correlation: float, count: int = VIRTUAL_PATIENTS) -> Floats:
    """Times [count, k] of patients under each drug alone; evenly spread, the same in every call.

    A patient has the same times in whatever order the drugs are given.
    """
    need_drugs(drugs)
    keys = np.stack([drug.quantile(_FINGERPRINT) for drug in drugs])
    places = np.lexsort(keys.T)
    shares = correlated_uniforms(count, len(drugs), correlation)
    made = np.empty_like(shares)
    for column, drug in enumerate(places):
        made[:, drug] = drugs[drug].quantile(shares[:, column])
    return made


def additive_curve(
    drugs: Sequence[Marginal], times: ArrayLike, first_scan: float, correlation: float
) -> Floats:
    """Share of virtual patients without progression at `times` [T], [T]; NaN past the shortest horizon."""
    at = np.asarray(times, dtype=float)
    together = np.sort(additive_times(virtual_patients(drugs, correlation), first_scan))
    shares = 1 - np.searchsorted(together, at, side="right") / len(together)
    return np.where(at <= min(drug.horizon for drug in drugs), shares, np.nan)


def additive_quantile(
    drugs: Sequence[Marginal], share: float, first_scan: float, correlation: float
) -> float:
    """Time by which `share` of virtual patients has progressed; inf where that is past the shortest horizon."""
    if not 0 < share < 1:
        raise InputError("a quantile's share is out of range", got=share, expected="between 0 and 1")
    together = additive_times(virtual_patients(drugs, correlation), first_scan)
    found = float(np.quantile(together, share, method="inverted_cdf"))
    return found if found <= min(drug.horizon for drug in drugs) else np.inf
