"""The plan of one simulated slide: outline, tissue types, lymphocytes per tile; nothing is drawn yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

TILE_PX = 224
SLIDE_MPP = 0.5
CELLS_PER_TILE = 16
CELL_PX = TILE_PX // CELLS_PER_TILE
TILE_MM2 = (TILE_PX * SLIDE_MPP / 1000) ** 2

_FEWEST_TISSUE = 0.6
_FOCUS_FACTOR, _FOCUS_FLOOR_PER_MM2 = 1.5, 800.0


@dataclass(frozen=True)
class TileFacts:
    """What is true of a slide's tissue tiles (n tiles).

    Attributes:
        coords: [n, 2] x and y of their upper left corners, level-0 pixels.
        density_per_mm2: [n] lymphocytes per mm2 of tissue.
        is_planted: [n] True in a lymphocyte focus: 1.5 times the slide's mean and at least 800 per mm2.
        mix: [n, 3] shares of tumour, stroma and necrosis (sum 1).
        size_px: width and height of the slide at level 0.
    """

    coords: NDArray[np.int64]
    density_per_mm2: NDArray[np.float64]
    is_planted: NDArray[np.bool_]
    mix: NDArray[np.float64]
    size_px: tuple[int, int]


@dataclass(frozen=True)
class TissuePlan:
    """What a slide will show; maps are [rows * 16, columns * 16], one cell is 14 px (7 um).

    Attributes:
        tissue, tumour, necrosis: smooth maps, positive inside.
        tiles: [n, 2] row and column of every tile with at least 60% tissue.
        coverage: [n] share of the tile that is tissue.
        mix: [n, 3] shares of tumour, stroma and necrosis of its tissue (sum 1).
        lymphocytes: [n] number drawn in the tile.
        rim_tiles, rim_lymphocytes: the same for tiles with less tissue (drawn, not listed in the truth).
    """

    tissue: NDArray[np.float32]
    tumour: NDArray[np.float32]
    necrosis: NDArray[np.float32]
    tiles: NDArray[np.int64]
    coverage: NDArray[np.float64]
    mix: NDArray[np.float64]
    lymphocytes: NDArray[np.int64]
    rim_tiles: NDArray[np.int64]
    rim_lymphocytes: NDArray[np.int64]

    def facts(self) -> TileFacts:
        """The truth about the listed tiles."""
        density = self.lymphocytes / (self.coverage * TILE_MM2)
        is_planted = (density >= _FOCUS_FACTOR * density.mean()) & (density >= _FOCUS_FLOOR_PER_MM2)
        height, width = self.tissue.shape
        return TileFacts(
            coords=self.tiles[:, ::-1] * TILE_PX,
            density_per_mm2=density,
            is_planted=is_planted,
            mix=self.mix,
            size_px=(width * CELL_PX, height * CELL_PX),
        )


def plan_tissue(
    random: np.random.Generator, n_tiles: int, density_per_mm2: float, is_resection: bool
) -> TissuePlan:
    """Plan about `n_tiles` tissue tiles whose mean lymphocyte density is about `density_per_mm2`."""
    tissue = _outline(random, n_tiles, is_resection)
    shape = tissue.shape
    tumour = _smooth(random, shape, 9) + random.uniform(-0.25, 0.45)
    necrosis = _smooth(random, shape, 22) - random.choice([1.2, 2.0, 3.0], p=[0.2, 0.3, 0.5])
    is_tissue = tissue > 0
    coverage = _by_tile(is_tissue)
    is_full = coverage >= _FEWEST_TISSUE
    is_rim = (coverage > 0.02) & ~is_full
    shares = [is_tissue & (tumour > 0) & (necrosis <= 0), is_tissue & (tumour <= 0) & (necrosis <= 0),
              is_tissue & (necrosis > 0)]  # fmt: skip
    mix = np.stack([_by_tile(share) / np.maximum(coverage, 1e-9) for share in shares], axis=-1)
    expected = _infiltrate(random, coverage, is_full, mix[..., 2], density_per_mm2)
    counts = random.poisson(expected)
    return TissuePlan(
        tissue.astype(np.float32), tumour.astype(np.float32), necrosis.astype(np.float32),
        np.argwhere(is_full), coverage[is_full], mix[is_full], counts[is_full],
        np.argwhere(is_rim), counts[is_rim],
    )  # fmt: skip


def _outline(random: np.random.Generator, n_tiles: int, is_resection: bool) -> NDArray[np.float64]:
    """Positive inside the tissue; its area is `n_tiles` tiles, one tile of glass all around."""
    long_side = np.sqrt(n_tiles * (1.4 if is_resection else 2.6))
    columns, rows = int(np.ceil(long_side)) + 3, int(np.ceil(n_tiles / long_side * 1.3)) + 3
    y, x = np.mgrid[0 : rows * CELLS_PER_TILE, 0 : columns * CELLS_PER_TILE].astype(float)
    u = (x / x.max() - 0.5) * columns / long_side * 2
    bend = random.uniform(-0.2, 0.2) * (u**2 - 0.3)
    v = ((y / y.max() - 0.5) * rows / (n_tiles / long_side * 1.15) * 2) - bend
    score = 1 - np.abs(u) ** 3 - np.abs(v) ** 2.4
    score += 0.25 * _smooth(random, x.shape, 14) + 0.06 * _smooth(random, x.shape, 3)
    edge = np.minimum.reduce([y, x, y.max() - y, x.max() - x]) / CELLS_PER_TILE
    score = np.where(edge < 0.7, -3.0, score)
    threshold = np.partition(score.ravel(), -n_tiles * CELLS_PER_TILE**2)[-n_tiles * CELLS_PER_TILE**2]
    return _crop(score - threshold)


def _crop(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut away glass beyond one tile around the tissue."""
    bounds = []
    for axis in (1, 0):
        inside = np.flatnonzero((score > 0).any(axis=axis)) // CELLS_PER_TILE
        bounds.append((max(inside[0] - 1, 0) * CELLS_PER_TILE, (inside[-1] + 2) * CELLS_PER_TILE))
    (top, bottom), (left, right) = bounds
    return score[top:bottom, left:right]


def _infiltrate(
    random: np.random.Generator,
    coverage: NDArray[np.float64],
    is_full: NDArray[np.bool_],
    necrosis_share: NDArray[np.float64],
    density_per_mm2: float,
) -> NDArray[np.float64]:
    """Expected lymphocytes per tile: a low ground level, one to three smooth foci, few in necrosis."""
    rows, columns = np.indices(coverage.shape)
    field = 0.35 + 0.12 * random.random(coverage.shape)
    full = np.argwhere(is_full)
    n_foci = min(len(full), int(random.integers(1, 4)))
    for row, column in full[random.choice(len(full), n_foci, replace=False)]:
        distance = (rows - row) ** 2 + (columns - column) ** 2
        field += random.uniform(1.5, 3.0) * np.exp(-distance / (2 * random.uniform(0.9, 1.5) ** 2))
    field *= 1 - 0.7 * necrosis_share
    field *= density_per_mm2 / field[is_full].mean()
    return field * coverage * TILE_MM2


def _smooth(random: np.random.Generator, shape: tuple[int, ...], scale: float) -> NDArray[np.float64]:
    """Smooth noise of mean 0 and standard deviation 1; `scale` in cells (made coarse, then enlarged)."""
    step = max(1, int(scale // 3))
    coarse = tuple(-(-side // step) for side in shape)
    noise = gaussian_filter(random.standard_normal(coarse), scale / step, mode="reflect").astype(np.float32)
    picture = Image.fromarray(noise, mode="F").resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    noise = np.asarray(picture, dtype=np.float64)
    return (noise - noise.mean()) / noise.std()


def _by_tile(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = mask.shape[0] // CELLS_PER_TILE, mask.shape[1] // CELLS_PER_TILE
    return mask.reshape(rows, CELLS_PER_TILE, columns, CELLS_PER_TILE).mean(axis=(1, 3))
