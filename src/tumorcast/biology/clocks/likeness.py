"""Whether betas look like a methylome at all: they are laid beside the medians of real arrays, CpG by CpG."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Likeness = Literal["methylome", "no_methylome", "cannot_tell"]

_LEAST_PROBES, _LEAST_SPREAD = 50, 0.15
"""Fewer CpGs, or medians that are all alike, tell nothing."""
_LEAST_SHARE = 0.25
"""Of the medians' variance, which a tissue without a tumour must share; whole blood shares 0.93 to 0.98."""
_LEAST_CORRELATION = 0.3
"""In a tumour, where promoters gain and the rest loses methylation, the order of the CpGs must be left."""


def likeness_of(betas: Numbers, medians: Numbers, is_tumour: bool) -> Likeness:
    """Judges [probes] betas by [probes] medians of 450k arrays; NaN in either is left out.

    The share is 1 - sum (beta - median)^2 / sum (median - mean)^2: 0 or less for constants, random numbers, ranks,
    betas of another scale and probes under wrong names, whose distribution may well be bimodal.
    """
    is_known = ~np.isnan(betas) & ~np.isnan(medians)
    values, expected = betas[is_known], medians[is_known]
    if len(values) < _LEAST_PROBES or expected.std() < _LEAST_SPREAD:
        return "cannot_tell"
    centred = expected - expected.mean()
    if is_tumour:
        spread = float(values.std() * expected.std())
        correlation = float(np.mean((values - values.mean()) * centred)) / spread if spread > 1e-9 else 0.0
        return "methylome" if correlation >= _LEAST_CORRELATION else "no_methylome"
    share = 1 - float(np.sum((values - expected) ** 2) / np.sum(centred**2))
    return "methylome" if share >= _LEAST_SHARE else "no_methylome"
