"""Which modalities were measured: at random, a little different from site to site, never by outcome."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MISSING_RATES = {"slide": 0.10, "mutations": 0.20, "expression": 0.25}
VALUE_MISSING_RATES = {"AGE": 0.02, "SEX": 0.01, "STAGE": 0.05, "ECOG": 0.08, "ALBUMIN": 0.10, "NLR": 0.08}

_SITE_FACTORS = np.array([0.8, 0.9, 1.1, 1.2, 1.5])
"""One for each of `patients.SITES`."""


def draw_presence(random: np.random.Generator, site: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Modality -> [n], True where it was measured; clinical data are there for everyone."""
    factor = _SITE_FACTORS[site]
    present = {name: random.random(len(site)) >= rate * factor for name, rate in MISSING_RATES.items()}
    return {**present, "clinical": np.ones(len(site), bool)}
