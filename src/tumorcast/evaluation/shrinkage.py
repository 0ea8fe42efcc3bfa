"""How far a sample covariance is drawn towards equal variances: Ledoit and Wolf 2004, J Multivar Anal 88:365."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shrinkage_of(z: NDArray[np.float64]) -> float:
    """The weight, 0 to 1, of the mean variance on the diagonal, for centred values [n, F] (their lemmas 3.2 to 3.4).

    The estimated error of the sample covariance over its distance from equal variances, at most 1. Both are sums of
    squares, which the smaller of the products [n, n] and [F, F] holds. One feature has nothing to be drawn to: 0.
    """
    n, count = z.shape
    inner = z @ z.T if n < count else z.T @ z
    covariance = float((inner**2).sum()) / n**2
    variance = float((z**2).sum()) / n
    distance = covariance - variance**2 / count
    error = (float(((z**2).sum(axis=1) ** 2).sum()) / n - covariance) / n
    return min(error / distance, 1.0) if count > 1 and distance > 0 and error > 0 else 0.0
