"""Why a place of the grid is no tile, and what speaks against a tile that is one.

Rejected is only what is certain (`Reason`); what is doubtful is flagged and kept (`FLAGS`).

- blurred: differences of neighbours are about half of those two pixels apart, as on a smooth surface; on tissue in
  focus they are larger. Measured on 159 sharp tiles of four sources the ratio is 0.541 at least (on H&E of scanners
  0.566); blurred by a Gaussian of 1.5 px (0.75 um) it is 0.534 at most, of 2 px 0.525.
- fold: a narrow band more than three times as dense as the slide's tissue, and dense in itself. Folds of pale tissue
  are missed; with half of that, dark epithelium was taken for folds.
- no_colour: dark without colour: rims of bubbles, dust, pigment, shadows.
- ink: marker pen over a part of the tile.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import ndimage

from tumorcast.slides.flags import FLAGS
from tumorcast.slides.owner import written_whole
from tumorcast.slides.pixels import Rgb
from tumorcast.slides.reader import Slide
from tumorcast.slides.tiling import TileSettings, grid_shape, share_of, tile_grid
from tumorcast.slides.tissue import Tissue, ink_of, optical_density

Reason = Literal["little_tissue", "pen", "unreadable"]
REASONS: tuple[Reason, ...] = ("little_tissue", "pen", "unreadable")

_SHARP = 0.53
_FLAGGED_SHARE = 0.25
_INK_SHARE = 0.02
_FOLD_TIMES, _FOLD_DENSITY = 3.0, 0.55
_FOLD_WIDTH_UM, _FOLD_SLENDER = 300.0, 3.0
_DARK = 0.12


@dataclass(frozen=True)
class Grid:
    """The tiles of a slide and the places of the grid that are none though something is there.

    Attributes:
        coords: int64 [n, 2] corners of the tiles in level-0 pixels.
        flags: uint8 [n], bits of `FLAGS` known before the tiles are read.
        rejected: int64 [k, 2] corners of the others.
        reasons: [k], one of `REASONS` each.
    """

    coords: np.ndarray
    flags: np.ndarray
    rejected: np.ndarray
    reasons: np.ndarray

    def after_reading(self, coords: np.ndarray, flags: np.ndarray, unreadable: np.ndarray) -> Grid:
        """The grid once its tiles were read: those that are left, their flags, and the damaged ones as rejected."""
        lost = np.full(len(unreadable), "unreadable", self.reasons.dtype if len(self.reasons) else "U16")
        return Grid(
            coords, flags, np.concatenate([self.rejected, unreadable]), np.concatenate([self.reasons, lost])
        )


def judge_grid(slide: Slide, tissue: Tissue, settings: TileSettings) -> Grid:
    """The tiles of `tile_grid`, with what is known of them and of their neighbours; SlideError as there."""
    coords = tile_grid(slide, tissue, settings)
    shape, mpp = grid_shape(slide, settings), tissue.mpp
    stained = share_of(tissue.is_tissue, mpp, shape, settings)
    pen, _ = ink_of(tissue.thumbnail)
    ink = share_of(pen, mpp, shape, settings)
    fold = share_of(_folds(tissue), mpp, shape, settings)
    grey = share_of(_colourless(tissue), mpp, shape, settings)
    flags = (fold > _FLAGGED_SHARE) * FLAGS["fold"] + (grey > _FLAGGED_SHARE) * FLAGS["no_colour"]
    flags = (flags + (ink > _INK_SHARE) * FLAGS["ink"]).astype(np.uint8)
    corners = settings.corners(shape, slide.mpp)
    least = max(settings.min_tissue, np.finfo(np.float32).eps)
    is_tile = stained >= least
    is_other = ~is_tile & ((stained > 0) | (ink > _INK_SHARE))
    reasons = np.where(stained + ink >= least, "pen", "little_tissue").astype("U16")
    return Grid(coords, flags[is_tile], corners[is_other], reasons[is_other])


def write_tiles(path: Path, grid: Grid, slide_mpp: float) -> None:
    """Every place of the grid with tissue or ink as a row: corner in level-0 pixels and um, status, reason or flags."""
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("x", "y", "x_um", "y_um", "status", "reason"))
        for (x, y), bits in zip(grid.coords.tolist(), grid.flags.tolist(), strict=True):
            told = " ".join(name for name, bit in FLAGS.items() if bits & bit)
            table.writerow((x, y, f"{x * slide_mpp:.1f}", f"{y * slide_mpp:.1f}", "tile", told))
        for (x, y), reason in zip(grid.rejected.tolist(), grid.reasons.tolist(), strict=True):
            table.writerow((x, y, f"{x * slide_mpp:.1f}", f"{y * slide_mpp:.1f}", "rejected", reason))


def is_blurred(tile: Rgb) -> bool:
    """True for a tile uint8 [h, w, 3] without the detail that its pixel size could show."""
    fine, wide = _differences(tile)
    return bool(fine < _SHARP * wide)


def sharpness(tile: Rgb) -> float:
    """Differences of neighbours over those two pixels apart, of a tile uint8 [h, w, 3]; NaN for a flat one.

    About .54 to .75 in focus, .5 on a smooth surface.
    """
    fine, wide = _differences(tile)
    return fine / wide if wide else float("nan")


def _differences(tile: Rgb) -> tuple[int, int]:
    green = tile[..., 1].astype(np.int16)
    fine = np.abs(green[:, 1:] - green[:, :-1]).sum() + np.abs(green[1:] - green[:-1]).sum()
    wide = np.abs(green[:, 2:] - green[:, :-2]).sum() + np.abs(green[2:] - green[:-2]).sum()
    return int(fine), int(wide)


def _folds(tissue: Tissue) -> np.ndarray:
    density, _ = optical_density(tissue.thumbnail)
    usual = np.median(density[tissue.is_tissue])
    dense = tissue.is_tissue & (density > max(_FOLD_TIMES * usual, _FOLD_DENSITY))
    labels, _ = ndimage.label(ndimage.binary_closing(dense, iterations=2))
    depth = ndimage.distance_transform_edt(np.pad(labels > 0, 1))[1:-1, 1:-1]
    folds = np.zeros(labels.shape, bool)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[box] == number
        width = 2 * float(depth[box][inside].max()) * tissue.mpp
        length = float(np.hypot(*inside.shape)) * tissue.mpp
        if width <= _FOLD_WIDTH_UM and length >= _FOLD_SLENDER * width and length > 100:
            folds[box] |= inside
    return folds


def _colourless(tissue: Tissue) -> np.ndarray:
    density, colour = optical_density(tissue.thumbnail)
    return (density > _DARK) & (colour < 0.25 * density)
