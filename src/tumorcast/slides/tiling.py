"""Tiles on a grid in micrometres: the same physical field on every scanner."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np

from tumorcast.domain.errors import InputError, SlideError
from tumorcast.slides.reader import Slide
from tumorcast.slides.tissue import Tissue


@dataclass(frozen=True)
class TileSettings:
    """Size of the tiles and how much of one must be tissue.

    Attributes:
        target_mpp: um/px at which tiles are given to the encoder.
        tile_px: side in pixels at `target_mpp`.
        min_tissue: smallest share of the tile's area that must be tissue, 0..1 (0: any tissue at all).
        overlap: share of a tile's side that the next one covers too, 0 to 0.9.
        context_mpp: a second, coarser um/px at which a larger field around the centre of each tile is encoded as
            well; its features stand behind the tile's own. None: one scale.
    """

    target_mpp: float
    tile_px: int
    min_tissue: float = 0.25
    overlap: float = 0.0
    context_mpp: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_tissue <= 1:
            raise InputError("min_tissue is a share", got=self.min_tissue, expected="0 to 1")
        if not 0 <= self.overlap <= 0.9:
            raise InputError("overlap is a share of a tile's side", got=self.overlap, expected="0 to 0.9")
        if self.context_mpp is not None and not self.target_mpp < self.context_mpp <= 20:
            raise InputError(
                "context_mpp is no coarser scale",
                got=self.context_mpp,
                expected=f"{self.target_mpp} to 20 um/px",
            )
        if not 16 <= self.tile_px <= 4096:
            raise InputError("tile_px is out of range", got=self.tile_px, expected="16 to 4096 pixels")
        if not 0.05 <= self.target_mpp <= 20:
            raise InputError("target_mpp is out of range", got=self.target_mpp, expected="0.05 to 20 um/px")

    @property
    def tile_um(self) -> float:
        """Side of a tile in micrometres."""
        return self.tile_px * self.target_mpp

    @property
    def step_um(self) -> float:
        """From one tile's corner to the next one's."""
        return self.tile_um * (1 - self.overlap)

    def corners(self, shape: tuple[int, int], slide_mpp: float) -> np.ndarray:
        """int64 [rows, columns, 2]: (x, y) of every place of the grid in level-0 pixels."""
        row, column = np.indices(shape)
        return np.rint(np.stack([column, row], axis=-1) * (self.step_um / slide_mpp)).astype(np.int64)


def tile_grid(slide: Slide, tissue: Tissue, settings: TileSettings) -> np.ndarray:
    """Corners of the tiles with enough tissue, int64 [n, 2] (x, y) in level-0 pixels, row by row.

    The grid starts at the slide's corner, its pitch is `step_um`, tiles lie wholly on the slide.

    Raises:
        SlideError: `mpp_too_coarse`, `too_small` (no tile fits), `no_tiles` (no tile has enough tissue).
    """
    slide.check_target(settings.target_mpp)
    shape = grid_shape(slide, settings)
    share = share_of(tissue.is_tissue, tissue.mpp, shape, settings)
    least = max(settings.min_tissue, np.finfo(np.float32).eps)
    if not (share >= least).any():
        raise SlideError(
            "no_tiles",
            "no tile has enough tissue",
            got=f"{tissue.area_mm2:.4f} mm2 of tissue, at most {share.max():.0%} of a tile",
            expected=f"a tile with at least {settings.min_tissue:.0%}",
            fix="lower --min-tissue, or check the slide's pixel size",
        )
    return settings.corners(shape, slide.mpp)[share >= least]


def grid_shape(slide: Slide, settings: TileSettings) -> tuple[int, int]:
    """Rows and columns of tiles that lie wholly on the slide; SlideError `too_small` where there is none."""
    width_um, height_um = (side * slide.mpp for side in slide.dimensions)
    rows, columns = (
        floor((side - settings.tile_um) / settings.step_um + 1e-9) + 1 for side in (height_um, width_um)
    )
    if columns < 1 or rows < 1:
        raise SlideError(
            "too_small",
            "the slide is smaller than one tile",
            got=f"{width_um:.0f} x {height_um:.0f} um",
            expected=f"at least {settings.tile_um:.0f} um each way",
            fix="use a smaller --tile-px or a finer --target-mpp",
        )
    return rows, columns


def share_of(mask: np.ndarray, mpp: float, shape: tuple[int, int], settings: TileSettings) -> np.ndarray:
    """Share of a mask (bool, `mpp` um a pixel) in each tile of the grid, float [rows, columns].

    Exact for tiles that cut mask pixels: differences of the bilinearly read summed-area table.
    """
    summed = np.pad(mask.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    step, side = settings.step_um / mpp, settings.tile_um / mpp
    for count in shape:
        start = np.arange(count) * step
        summed = (_read_between(summed, start + side) - _read_between(summed, start)).T
    return np.clip(summed / side**2, 0, 1)


def _read_between(table: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Rows of `table` at fractional positions, linearly; positions beyond the end read the last row."""
    position = np.clip(position, 0, len(table) - 1)
    low = np.minimum(position.astype(np.int64), max(len(table) - 2, 0))
    weight = (position - low)[:, None]
    return table[low] * (1 - weight) + table[np.minimum(low + 1, len(table) - 1)] * weight
