"""Independent action: each patient responds to a combination as to that drug of it which does most for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.biology.combinations.copula import Floats, all_below
from tumorcast.biology.combinations.marginals import Marginal
from tumorcast.domain.errors import InputError

_HALVINGS = 200


def independent_response(probabilities: ArrayLike, correlation: float) -> Floats:
    """Probability of a response to any of the drugs, [...].

    Palmer and Sorger 2017, doi:10.1016/j.cell.2017.11.009: one minus the probability that none responds, the drugs'
    responses correlated over patients. Frei's (1961) formula at correlation 0, the better drug alone at 1.

    Args:
        probabilities: [k, ...] of each drug alone, in patients of the same kind; NaN stays NaN.
        correlation: of normal scores; 0 to 1, two drugs also from -1.

    Raises:
        InputError: a probability or a correlation out of range.
    """
    return 1 - all_below(1 - np.asarray(probabilities, dtype=float), correlation)


def independent_survival(shares: ArrayLike, correlation: float) -> Floats:
    """Share without progression where each patient's time is the longest of those under each drug, [...].

    Args:
        shares: [k, ...] without progression under each drug alone, at the same times.
        correlation: as in `independent_response`.
    """
    return independent_response(shares, correlation)


def independent_curve(drugs: Sequence[Marginal], times: ArrayLike, correlation: float) -> Floats:
    """`independent_survival` of distributions at `times` [T], [T]; NaN past the shortest horizon of them."""
    need_drugs(drugs)
    return independent_survival(np.stack([drug.survival(times) for drug in drugs]), correlation)


def independent_quantile(drugs: Sequence[Marginal], share: float, correlation: float) -> float:
    """Time by which `share` (0.5: the median) has progressed; inf where that is past the horizon.

    Raises:
        InputError: no drugs, or a share that is not between 0 and 1.
    """
    need_drugs(drugs)
    if not 0 < share < 1:
        raise InputError("a quantile's share is out of range", got=share, expected="between 0 and 1")
    low, high = 0.0, max(float(drug.quantile(1 - (1 - share) / 1e6)) for drug in drugs)
    if np.isinf(high):
        high = min(drug.horizon for drug in drugs)
        if not independent_curve(drugs, [high], correlation)[0] <= 1 - share + 1e-12:
            return np.inf
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        has = independent_curve(drugs, [middle], correlation)[0] <= 1 - share + 1e-12
        low, high = (low, middle) if has else (middle, high)
    return high


def need_drugs(drugs: Sequence[Marginal]) -> None:
    """There is one drug at least.

    Raises:
        InputError: none.
    """
    if len(drugs) == 0:
        raise InputError("a combination without drugs", expected="one distribution a drug")
