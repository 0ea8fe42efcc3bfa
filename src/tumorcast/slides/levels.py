"""Do the levels of a pyramid show the same picture? Tools that add levels sometimes get them wrong, silently."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tumorcast.domain.errors import SlideError
from tumorcast.slides.reader import Slide
from tumorcast.slides.tissue import Tissue

_PLACES, _SIDE_UM = 5, 256.0
_MOST_DIFFERENCE = 40.0
"""Intensities, at the overview's scale. Seen: 3 to 8 where levels are averaged, 16 to 20 where a level takes every
second pixel, 77 where a tool had mixed up the tiles of its levels."""


def check_levels(slide: Slide, tissue: Tissue) -> None:
    """Raise SlideError `levels_disagree` where tissue of the overview is something else on level 0.

    Compared are the densest places of the overview with the same places read from level 0; the median counts.
    """
    if slide.level_for(tissue.mpp) == 0:
        return
    side = max(2, round(_SIDE_UM / tissue.mpp))
    differences = []
    for top, left in _densest(tissue, side):
        shown = tissue.thumbnail[top : top + side, left : left + side].astype(float)
        corner = round(left * tissue.mpp / slide.mpp), round(top * tissue.mpp / slide.mpp)
        size = round(shown.shape[1] * tissue.mpp / slide.mpp), round(shown.shape[0] * tissue.mpp / slide.mpp)
        damaged = slide.n_damaged_blocks
        fine = Image.fromarray(slide.region(corner, size, slide.mpp))
        if slide.n_damaged_blocks > damaged:  # the reading of the tiles will tell
            slide.n_damaged_blocks = damaged
            continue
        mean = np.asarray(fine.resize(shown.shape[1::-1], Image.Resampling.BOX), float)
        differences.append(np.abs(mean - shown).mean())
    if differences and np.median(differences) > _MOST_DIFFERENCE:
        raise SlideError(
            "levels_disagree",
            "the reduced levels of the slide show something else than the scan",
            got=f"{np.median(differences):.0f} intensities of difference",
            expected=f"at most {_MOST_DIFFERENCE:.0f}",
            fix="copy or export the slide again: its pixels are damaged, or a tool got its pyramid wrong",
        )


def _densest(tissue: Tissue, side: int) -> list[tuple[int, int]]:
    """Corners of the blocks of the overview that hold most tissue."""
    height, width = (length // side for length in tissue.is_tissue.shape)
    blocks = tissue.is_tissue[: height * side, : width * side].reshape(height, side, width, side).mean((1, 3))
    order = np.argsort(-blocks, axis=None)[:_PLACES]
    places = zip(*np.unravel_index(order, blocks.shape), strict=True)
    return [(int(row) * side, int(column) * side) for row, column in places]
