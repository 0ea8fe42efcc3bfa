"""Another laboratory's stain for a tile: amounts of haematoxylin, eosin and the rest drawn a little off.

Tellez et al. 2018 (IEEE Trans Med Imaging 37:2126, doi:10.1109/TMI.2018.2820199), "HED-light" at a strength of 0.05:
optical densities are unmixed (Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291; the third vector is the
residual, at right angles to both stains), each amount s becomes a s + b, a drawn from 1 +- strength, b from
+- strength, and is mixed again. Unlike the paper, b fades out towards glass, so that glass stays as white as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError

F32 = NDArray[np.float32]

LIGHT, STRONG = 0.05, 0.2
"""Strengths of the paper's light and strong variants."""

_HAEMATOXYLIN, _EOSIN = np.array([0.65, 0.70, 0.29]), np.array([0.07, 0.99, 0.11])
_STAINED = 0.15
"""Mean optical density from which a pixel is stained through and through."""
_DENSITY = -np.log10((np.arange(256) + 1) / 256).astype(np.float32)


def stain_vectors() -> NDArray[np.float64]:
    """[3, 3]: unit optical densities (red, green, blue) of haematoxylin, eosin and the residual, one a row."""
    rows = np.stack([_HAEMATOXYLIN, _EOSIN, np.cross(_HAEMATOXYLIN, _EOSIN)])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclass(frozen=True)
class StainDraw:
    """What n tiles are stained with: factors and offsets [n, 3] of haematoxylin, eosin and the residual."""

    factor: F32
    offset: F32

    @classmethod
    def drawn(cls, strength: float, seed: int, keys: NDArray[np.int64]) -> Self:
        """One draw a tile, by seed and the tile's key [n, k] (whole numbers) alone: order and batches change nothing.

        Raises:
            InputError: a strength outside 0 to 0.5.
        """
        if not 0 <= strength <= 0.5:
            raise InputError(
                "the strength of the stain augmentation is out of range",
                got=strength,
                expected="0 (none) to 0.5",
                fix=f"{LIGHT} is the light, {STRONG} the strong variant of Tellez et al.",
            )
        rows = [np.random.default_rng([seed, *key]).uniform(-1, 1, 6) for key in keys.tolist()]
        table = strength * np.array(rows, np.float32).reshape(len(keys), 6)
        return cls(1 + table[:, :3], table[:, 3:])


def stain_anew(tiles: NDArray[np.uint8], draw: StainDraw) -> NDArray[np.uint8]:
    """RGB tiles uint8 [n, h, w, 3] in other stains; the very pixels where factors are 1 and offsets 0."""
    vectors = stain_vectors()
    unmixed = np.linalg.inv(vectors)
    made = np.empty_like(tiles)
    for i, tile in enumerate(tiles):
        factor, offset = draw.factor[i], draw.offset[i]
        if (factor == 1).all() and not offset.any():
            made[i] = tile
            continue
        mix = (unmixed @ (factor[:, None] * vectors)).astype(np.float32)
        density = _DENSITY[tile]
        stained = np.clip(density.mean(axis=-1, keepdims=True) / _STAINED, 0, 1)
        density = density @ mix + stained * (offset @ vectors).astype(np.float32)
        light = 256 * np.power(np.float32(10), -density) - 1
        made[i] = np.clip(np.rint(light), 0, 255).astype(np.uint8)
    return made
