"""Feature bags without pixels: what a tile encoder might give for the planned tissue."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.simulate.patients import SITES
from tumorcast.cohort.simulate.settings import world
from tumorcast.cohort.simulate.tissue_plan import SLIDE_MPP, TILE_PX, TileFacts
from tumorcast.slides.store import CoordsAttrs, StoreAttrs, write_features

FEATURE_DIM = 64
ENCODER_ID = "simulated-64"

_LYMPHOCYTE_GAIN, _LYMPHOCYTE_UNIT_PER_MM2 = 2.4, 800.0
_CLUSTER_SCALE, _TILE_NOISE, _SLIDE_NOISE, _SITE_SHIFT = 1.5, 0.5, 0.08, 0.12


def tile_features(facts: TileFacts, site: int, random: np.random.Generator) -> NDArray[np.float32]:
    """[n, 64]: clusters of tumour, stroma and necrosis, one direction that grows with the density of
    lymphocytes (2.4 for every 800 per mm2), noise of tile and slide, and the site's shift."""
    directions, shifts = _encoder()
    mean = _CLUSTER_SCALE * facts.mix @ directions[1:4]
    amount = _LYMPHOCYTE_GAIN * facts.density_per_mm2 / _LYMPHOCYTE_UNIT_PER_MM2
    noise = _TILE_NOISE * random.standard_normal((len(amount), FEATURE_DIM))
    slide = _SLIDE_NOISE * random.standard_normal(FEATURE_DIM)
    return (mean + amount[:, None] * directions[0] + noise + slide + shifts[site]).astype(np.float32)


def write_bag(path: Path, facts: TileFacts, site: int, random: np.random.Generator) -> None:
    """Write the slide's feature store."""
    attrs = StoreAttrs(
        encoder=ENCODER_ID,
        target_mpp=SLIDE_MPP,
        slide_mpp=SLIDE_MPP,
        tile_um=TILE_PX * SLIDE_MPP,
        tile_px=TILE_PX,
    )
    located = CoordsAttrs(
        patch_size_level0=TILE_PX,
        level0_magnification=20.0,
        target_magnification=20.0,
        level0_width=facts.size_px[0],
        level0_height=facts.size_px[1],
        name=path.stem,
    )
    write_features(path, tile_features(facts, site, random), facts.coords, attrs, located)


@cache
def _encoder() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Orthonormal directions [4, 64] (lymphocytes, tumour, stroma, necrosis); site shifts [sites, 64]."""
    random = world("tile encoder")
    directions, _ = np.linalg.qr(random.standard_normal((FEATURE_DIM, 4)))
    return directions.T, random.normal(0, _SITE_SHIFT, (len(SITES), FEATURE_DIM))
