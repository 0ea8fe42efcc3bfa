"""From a clock's weighted sum to what it says."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Transform = Literal["identity", "horvath", "logistic"]
TRANSFORMS: tuple[str, ...] = get_args(Transform)

_ADULT_AGE = 20.0


def transformed(sums: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    """[...] weighted sums with the intercept -> ages or scores.

    `horvath`: logarithmic below the age of 20, linear above (Horvath, Genome Biol 2013, 14:R115, additional file 2):
    21 exp(x) - 1 for x < 0, else 21 x + 20. `logistic`: 1 / (1 + exp(-x)).
    """
    match transform:
        case "identity":
            return sums
        case "horvath":
            young = (1 + _ADULT_AGE) * np.exp(np.minimum(sums, 0.0)) - 1
            return np.where(sums < 0, young, (1 + _ADULT_AGE) * sums + _ADULT_AGE)
        case "logistic":
            return 1 / (1 + np.exp(-sums))
