"""Probes that were not measured: what stands in for them."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Imputation = Literal["hybrid", "reference", "mean", "none"]
IMPUTATIONS: tuple[str, ...] = get_args(Imputation)

_COMMON = 0.8
"""Share of samples in which a probe must be measured for its mean to stand in (biolearn's `hybrid_impute`)."""


def filled(betas: Numbers, reference: Numbers, how: Imputation) -> tuple[Numbers, NDArray[np.bool_]]:
    """(betas without what could be filled, which values are not the sample's own).

    `hybrid`, biolearn's default: a probe measured in 80% of the samples or more gets their mean where it is missing;
    any other probe is the reference in every sample, measured or not. `reference`: each missing value. `mean`: the mean
    of the samples given. `none`: nothing. What nothing stands in for stays NaN.

    Args:
        betas: [samples, probes], NaN not measured; samples of one tissue and platform.
        reference: [probes], NaN unknown.
    """
    is_measured = ~np.isnan(betas)
    n_measured = is_measured.sum(axis=0)
    means = np.nansum(betas, axis=0) / np.where(n_measured > 0, n_measured, np.nan)
    is_replaced = np.zeros(betas.shape[1], bool)
    match how:
        case "none":
            stand_in = np.full_like(reference, np.nan)
        case "mean":
            stand_in = means
        case "reference":
            stand_in = reference
        case "hybrid":
            is_common = n_measured >= _COMMON * len(betas)
            is_replaced = ~is_common & ~np.isnan(reference)
            stand_in = np.where(is_common, means, reference)
    values = np.where(is_measured & ~is_replaced, betas, stand_in)
    return values, ~np.isnan(values) & (is_replaced | ~is_measured)
