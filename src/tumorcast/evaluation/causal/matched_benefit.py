"""C-for-benefit: do pairs of like patients, one of each arm, differ as was predicted?

Patients of a randomised trial are matched one to one by predicted benefit; a pair's benefit is its outcome under
treatment less that under control, its prediction the mean of the two. The statistic is the concordance of both over
pairs of pairs of unequal benefit (van Klaveren et al. 2018, J Clin Epidemiol 94:59): 0.5 says nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.metrics.intervals import Interval, percentile_interval

Array = NDArray[np.float64]


def c_for_benefit(outcome: ArrayLike, is_treated: ArrayLike, predicted: ArrayLike, seed: int = 0) -> float:
    """The statistic; NaN where no two pairs differ in benefit.

    Of the larger arm as many patients as the smaller has are drawn by chance; both are then matched by their rank.

    Args:
        outcome: [n] higher is better; NaN is left out. is_treated: [n]. predicted: [n] benefit, by a model that had not
            seen the patients.
    """
    benefit, told = _pairs(
        np.asarray(outcome, float), np.asarray(is_treated, bool), np.asarray(predicted, float), seed
    )
    return _concordance(benefit, told)


def c_for_benefit_interval(
    outcome: ArrayLike,
    is_treated: ArrayLike,
    predicted: ArrayLike,
    draws: int = 200,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """With its interval by resampling patients and matching anew."""
    values, arm, told = np.asarray(outcome, float), np.asarray(is_treated, bool), np.asarray(predicted, float)
    random = np.random.default_rng(seed)
    drawn = []
    for k in range(draws):
        rows = random.integers(len(values), size=len(values))
        drawn.append(_concordance(*_pairs(values[rows], arm[rows], told[rows], seed + k)))
    return percentile_interval(c_for_benefit(values, arm, told, seed), np.array(drawn), confidence)


def _pairs(outcome: Array, arm: NDArray[np.bool_], predicted: Array, seed: int) -> tuple[Array, Array]:
    known = np.isfinite(outcome) & np.isfinite(predicted)
    random = np.random.default_rng(seed)
    places = [random.permutation(np.flatnonzero(known & own)) for own in (arm, ~arm)]
    size = min(map(len, places))
    treated, control = (own[:size][np.argsort(predicted[own[:size]], kind="stable")] for own in places)
    return outcome[treated] - outcome[control], (predicted[treated] + predicted[control]) / 2


def _concordance(benefit: Array, told: Array) -> float:
    order = np.sign(benefit[:, None] - benefit[None, :])
    said = np.sign(told[:, None] - told[None, :])
    counted = order > 0
    if not counted.any():
        return float("nan")
    return float((said[counted] > 0).mean() + 0.5 * (said[counted] == 0).mean())
