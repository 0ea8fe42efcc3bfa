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
    """

    target_mpp: float
    tile_px: int
    min_tissue: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.min_tissue <= 1:
            raise InputError("min_tissue is a share", got=self.min_tissue, expected="0 to 1")
        if not 16 <= self.tile_px <= 4096:
            raise InputError("tile_px is out of range", got=self.tile_px, expected="16 to 4096 pixels")
        if not 0.05 <= self.target_mpp <= 20:
            raise InputError("target_mpp is out of range", got=self.target_mpp, expected="0.05 to 20 um/px")

    @property
    def tile_um(self) -> float:
        """Side of a tile in micrometres."""
        return self.tile_px * self.target_mpp


def tile_grid(slide: Slide, tissue: Tissue, settings: TileSettings) -> np.ndarray:
    """Corners of the tiles with enough tissue, int64 [n, 2] (x, y) in level-0 pixels, row by row.

    The grid starts at the slide's corner, its pitch is `tile_um`, tiles lie wholly on the slide.

    Raises:
        SlideError: `mpp_too_coarse`, `too_small` (no tile fits), `no_tiles` (no tile has enough tissue).
    """
    slide.check_target(settings.target_mpp)
    width_um, height_um = (side * slide.mpp for side in slide.dimensions)
    columns, rows = floor(width_um / settings.tile_um), floor(height_um / settings.tile_um)
    if columns == 0 or rows == 0:
        raise SlideError(
            "too_small",
            "the slide is smaller than one tile",
            got=f"{width_um:.0f} x {height_um:.0f} um",
            expected=f"at least {settings.tile_um:.0f} um each way",
            fix="use a smaller --tile-px or a finer --target-mpp",
        )
    share = tissue_share(tissue, columns, rows, settings.tile_um)
    least = max(settings.min_tissue, np.finfo(np.float32).eps)
    row, column = np.nonzero(share >= least)
    if len(row) == 0:
        raise SlideError(
            "no_tiles",
            "no tile has enough tissue",
            got=f"{tissue.area_mm2:.4f} mm2 of tissue, at most {share.max():.0%} of a tile",
            expected=f"a tile with at least {settings.min_tissue:.0%}",
            fix="lower --min-tissue, or check the slide's pixel size",
        )
    return np.rint(np.stack([column, row], axis=1) * (settings.tile_um / slide.mpp)).astype(np.int64)


def tissue_share(tissue: Tissue, columns: int, rows: int, tile_um: float) -> np.ndarray:
    """Share of tissue in each cell of the grid, float [rows, columns].

    Exact for cells that cut mask pixels: differences of the bilinearly read summed-area table.
    """
    summed = np.pad(tissue.is_tissue.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    pitch = tile_um / tissue.mpp
    by_row = _read_between(summed, np.arange(rows + 1) * pitch)
    corners = _read_between(by_row.T, np.arange(columns + 1) * pitch).T
    area = np.diff(np.diff(corners, axis=0), axis=1)
    return np.clip(area / pitch**2, 0, 1)


def _read_between(table: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Rows of `table` at fractional positions, linearly; positions beyond the end read the last row."""
    position = np.clip(position, 0, len(table) - 1)
    low = np.minimum(position.astype(np.int64), max(len(table) - 2, 0))
    weight = (position - low)[:, None]
    return table[low] * (1 - weight) + table[np.minimum(low + 1, len(table) - 1)] * weight
