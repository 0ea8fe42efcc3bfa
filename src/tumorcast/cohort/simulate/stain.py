"""Amounts of haematoxylin and eosin -> colour, with the shift of a site's staining and scanner.

Colours by Beer-Lambert (Ruifrok & Johnston 2001, Anal Quant Cytol Histol 23:291), with their haematoxylin
vector and a warmer eosin, as on most scanners.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HAEMATOXYLIN = np.array([0.65, 0.70, 0.29])
_EOSIN = np.array([0.12, 0.92, 0.38])
_OD_AT_255 = 2.0
_GLASS_RGB = np.array([243.0, 242.0, 244.0])
_SHIFTS_SEED = 41


def stain_table(site: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """[65536, 3] RGB of every pair `256 * haematoxylin + eosin` (amounts 0-255).

    The site sets the strength of both stains and tilts their colours (the same for each cohort); every
    slide adds a little of its own.
    """
    site_random = np.random.default_rng([_SHIFTS_SEED, site])
    strength = np.exp(site_random.normal(0, 0.08, 2) + random.normal(0, 0.03, 2))
    tilt = site_random.normal(0, 0.04, (2, 3)) + random.normal(0, 0.01, (2, 3))
    vectors = np.stack([_HAEMATOXYLIN, _EOSIN]) * (1 + tilt)
    glass = np.clip(_GLASS_RGB + site_random.normal(0, 1.5, 3), 235, 250)
    amounts = np.arange(256) / 255 * _OD_AT_255
    haematoxylin = amounts[:, None] * strength[0]
    eosin = amounts[None, :] * strength[1] * (1 - 0.75 * np.linspace(0, 1, 256)[:, None])
    density = haematoxylin[..., None] * vectors[0] + eosin[..., None] * vectors[1]
    return np.clip(glass * np.exp(-density), 0, 255).astype(np.uint8).reshape(65536, 3)
