"""A sample's betas brought to the distribution that a clock was made on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def matched_to(betas: Numbers, gold: Numbers) -> Numbers:
    """[samples, probes]: each beta becomes the gold mean of its rank; tied ones the mean of the two ranks between.

    As DunedinPACE's (Belsky 2022, eLife 11:e73420) after `normalize.quantiles.use.target`.

    Args:
        betas: all known.
        gold: [probes].
    """
    from scipy.stats import rankdata

    ordered = np.sort(gold)
    ranks = rankdata(betas, axis=1)
    lower = np.floor(ranks).astype(int) - 1
    upper = np.minimum(lower + 1, len(ordered) - 1)
    is_between = ranks - np.floor(ranks) > 0.4
    return np.where(is_between, (ordered[lower] + ordered[upper]) / 2, ordered[lower])
