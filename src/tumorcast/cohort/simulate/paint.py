"""A tissue plan -> the picture of the slide (RGB at 0.5 um a pixel)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from tumorcast.cohort.simulate.nuclei import U8, nucleus_library
from tumorcast.cohort.simulate.stain import stain_table
from tumorcast.cohort.simulate.tissue_plan import CELL_PX, TILE_PX, TissuePlan

F32 = NDArray[np.float32]

_TEXTURE_PX = 1024
_TEXTURE_SEED = 77
_TUMOUR_SPACING_PX, _SPINDLE_SPACING_PX, _DEBRIS_SPACING_PX = 25, 34, 15


def paint(plan: TissuePlan, site: int, random: np.random.Generator) -> U8:
    """Draw the slide: [height, width, 3]. The planned number of lymphocytes is drawn in every tile."""
    shape = (plan.tissue.shape[0] * CELL_PX, plan.tissue.shape[1] * CELL_PX)
    haematoxylin, eosin = _ground(plan, shape, random)
    library = nucleus_library()
    is_inside = plan.tissue > 0.01
    is_dead = is_inside & (plan.necrosis > 0)
    is_tumour = is_inside & (plan.tumour > 0) & ~is_dead
    is_stroma = is_inside & ~is_tumour & ~is_dead
    for mask, spacing, stamps, keep in (
        (is_dead, _DEBRIS_SPACING_PX, library.debris, 0.7),
        (is_stroma, _SPINDLE_SPACING_PX, library.spindle, 0.75),
        (is_tumour, _TUMOUR_SPACING_PX, library.tumour, 0.93),
    ):
        _stamp(haematoxylin, _scatter(random, mask, shape, spacing, keep), stamps, random)
    _stamp(haematoxylin, _lymphocyte_places(plan, random), library.lymphocyte, random)
    index = (haematoxylin.astype(np.uint16) << 8) | eosin
    return np.take(stain_table(site, random), index, axis=0)


def _ground(plan: TissuePlan, shape: tuple[int, int], random: np.random.Generator) -> tuple[U8, U8]:
    """Haematoxylin and eosin of everything but nuclei."""
    fibres, grain = (_cut(texture, shape, random) for texture in _textures())
    inside = np.clip(_enlarge(plan.tissue, shape) * 40 + grain * 0.25, 0, 1)
    tumour = np.clip(_enlarge(plan.tumour, shape) * 14 + grain * 0.5 + 0.5, 0, 1)
    dead = np.clip(_enlarge(plan.necrosis, shape) * 5 + 0.3 * grain, 0, 1)
    eosin = 62 + 22 * fibres + (30 + 6 * grain - 22 * fibres - 36) * tumour
    haematoxylin = 8 + 3 * fibres + (22 + 5 * grain - 3 * fibres) * tumour
    eosin += (98 + 13 * grain - eosin) * dead
    haematoxylin += (14 + 4 * grain - haematoxylin) * dead
    return _to_bytes(haematoxylin * inside), _to_bytes(eosin * inside)


@cache
def _textures() -> tuple[F32, F32]:
    """Wavy collagen fibres and a fine grain: repeating squares of mean 0 and standard deviation 1."""
    random = np.random.default_rng(_TEXTURE_SEED)
    shape = (_TEXTURE_PX, _TEXTURE_PX)
    streaks = gaussian_filter(random.standard_normal(shape), (1.6, 26), mode="wrap")
    streaks += gaussian_filter(random.standard_normal(shape), (4.5, 40), mode="wrap") * 2.2
    waves = gaussian_filter(random.standard_normal(shape), 45, mode="wrap")
    rows, columns = np.indices(shape).astype(np.float32)
    rows += 16 * waves / waves.std()
    fibres = map_coordinates(streaks, [rows, columns], order=1, mode="grid-wrap")
    grain = gaussian_filter(random.standard_normal(shape), 1.5, mode="wrap")
    grain = (
        grain / grain.std()
        + 0.8 * (coarse := gaussian_filter(random.standard_normal(shape), 6, mode="wrap")) / coarse.std()
    )
    return tuple(((t - t.mean()) / t.std()).astype(np.float32) for t in (fibres, grain))  # type: ignore[return-value]


def _cut(texture: F32, shape: tuple[int, int], random: np.random.Generator) -> F32:
    """A piece of the repeating texture, shifted and flipped at random."""
    shift = random.integers(0, _TEXTURE_PX, 2)
    moved = np.roll(texture, tuple(shift), axis=(0, 1))[:: random.choice([-1, 1]), :: random.choice([-1, 1])]
    repeats = [-(-side // _TEXTURE_PX) for side in shape]
    return np.tile(moved, repeats)[: shape[0], : shape[1]]


def _enlarge(cells: F32, shape: tuple[int, int]) -> F32:
    picture = Image.fromarray(cells, mode="F").resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _scatter(
    random: np.random.Generator, mask: NDArray[np.bool_], shape: tuple[int, int], spacing: int, keep: float
) -> NDArray[np.int64]:
    """[n, 2] rows and columns on a jittered grid, only where `mask` (cells) holds."""
    grid = np.mgrid[0 : shape[0] : spacing, 0 : shape[1] : spacing].reshape(2, -1).T
    places = grid + random.integers(0, int(spacing * 0.8), grid.shape)
    places = places[((places >= 0) & (places < shape)).all(axis=1)]
    cells = places // CELL_PX
    is_kept = mask[cells[:, 0], cells[:, 1]] & (random.random(len(places)) < keep)
    return places[is_kept]


def _lymphocyte_places(plan: TissuePlan, random: np.random.Generator) -> NDArray[np.int64]:
    """[n, 2] rows and columns: for every tile its number of lymphocytes, anywhere in its tissue."""
    tiles = np.concatenate([plan.tiles, plan.rim_tiles])
    counts = np.concatenate([plan.lymphocytes, plan.rim_lymphocytes])
    per_tile = TILE_PX // CELL_PX
    found = []
    for (row, column), count in zip(tiles, counts, strict=True):
        block = plan.tissue[
            row * per_tile : (row + 1) * per_tile, column * per_tile : (column + 1) * per_tile
        ]
        cells = np.argwhere(block > 0)
        chosen = cells[random.choice(len(cells), count, replace=count > len(cells))]
        corner = np.array([row, column]) * TILE_PX
        found.append(corner + chosen * CELL_PX + random.integers(0, CELL_PX, chosen.shape))
    return np.concatenate(found)


def _stamp(
    canvas: U8, places: NDArray[np.int64], stamps: tuple[U8, ...], random: np.random.Generator
) -> None:
    """Stamp a random variant, flipped at random, at every place; the darker of the two stays."""
    half = stamps[0].shape[0] // 2
    variants = [turned for s in stamps for turned in (s, s[::-1, ::-1], s[::-1], s[:, ::-1])]
    which = random.integers(0, len(variants), len(places)).tolist()
    height, width = canvas.shape
    for (row, column), variant in zip(places.tolist(), which, strict=True):
        if half <= row < height - half and half <= column < width - half:
            window = canvas[row - half : row + half + 1, column - half : column + half + 1]
            np.maximum(window, variants[variant], out=window)


def _to_bytes(values: F32) -> U8:
    return np.clip(values, 0, 255).astype(np.uint8)
