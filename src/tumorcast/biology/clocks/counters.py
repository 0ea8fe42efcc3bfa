"""Mitotic counters: how many divisions a tissue's cells have gone through, from errors of methylation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_LEAST_DIVISIONS, _MOST_DIVISIONS = 10.0, 10_000.0


def divisions_epitoc2(betas: Numbers, delta: Numbers, beta0: Numbers) -> Numbers:
    """[samples] total number of stem-cell divisions (TNSC): 2 mean((beta - beta0) / (delta (1 - beta0))).

    Teschendorff, Genome Med 2020, 12:56.

    Args:
        betas: [samples, CpGs].
        delta: [CpGs], probability of de novo methylation a division.
        beta0: [CpGs], methylation in the fetal ground state.
    """
    return 2 * ((betas - beta0) / (delta * (1 - beta0))).mean(axis=1)


def divisions_miage(betas: Numbers, b: Numbers, c: Numbers, d: Numbers) -> Numbers:
    """[samples] divisions n between 10 and 10,000 that minimise sum((c + b^(n - 1) d - beta)^2).

    Youn and Wang, Epigenetics 2018, 13:192.

    Args:
        betas: [samples, CpGs].
        b, c, d: [CpGs].
    """
    from scipy.optimize import minimize_scalar

    def misfit(n: float, sample: Numbers) -> float:
        return float((((c + b ** (n - 1) * d) - sample) ** 2).sum())

    found = [
        minimize_scalar(
            misfit, args=(sample,), bounds=(_LEAST_DIVISIONS, _MOST_DIVISIONS), method="bounded",
            options={"xatol": 1e-8},
        ).x
        for sample in betas
    ]  # fmt: skip
    return np.array(found, float)
