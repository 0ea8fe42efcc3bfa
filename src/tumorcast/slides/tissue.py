"""Where there is tissue: optical density above the glass, without presets for scanner, stain or organ.

Method: the glass colour is the mode of the bright pixels; every pixel's optical density is taken against
it. The threshold is Otsu's (1979, IEEE SMC 9:62), held between the noise of the glass and the density of
pale stroma, because Otsu alone splits the glass itself on an empty slide or on one with 2% tissue. What is
paler, but still differs from the noise of the glass, is tissue where it hangs together with such pixels. Pixels
without colour (dust, bubbles, fold shadows, black borders) and marker pen are not tissue.
Not for fluorescence, and not a detector of tumour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from tumorcast.domain.errors import SlideError
from tumorcast.slides.pixels import Rgb
from tumorcast.slides.reader import Slide

MASK_MPP = 8.0
"""Pixel size of the mask in um (coarser only where the slide itself is)."""

MIN_PIECE_MM2 = 0.001
"""Smaller pieces (32 x 32 um, a few cells) are debris; smaller holes are filled."""

_LOWEST_DENSITY, _HIGHEST_DENSITY = 0.03, 0.045
_GLASS_SIGMAS = 6.0
_LOWEST_COLOUR, _HIGHEST_COLOUR = 0.015, 0.03
_PALE_DENSITY, _PALE_COLOUR = (0.012, 0.02), (0.008, 0.012)
_PALE_PIECE_MM2 = 0.05
_BRIGHT = 170
_GAP_UM = 40.0


@dataclass(frozen=True)
class Tissue:
    """A tissue mask and the picture it was made from.

    Attributes:
        is_tissue: bool [h, w].
        thumbnail: uint8 [h, w, 3].
        mpp: um per mask pixel.
    """

    is_tissue: np.ndarray
    thumbnail: Rgb
    mpp: float

    @property
    def area_mm2(self) -> float:
        """Area of the tissue."""
        return float(self.is_tissue.sum()) * (self.mpp / 1000) ** 2


def find_tissue(slide: Slide, mask_mpp: float = MASK_MPP) -> Tissue:
    """The slide's tissue, or SlideError `no_tissue`."""
    mpp = max(mask_mpp, slide.mpp)
    thumbnail = slide.thumbnail(mpp)
    tissue = Tissue(tissue_mask(thumbnail, mpp), thumbnail, mpp)
    if not tissue.is_tissue.any():
        raise SlideError(
            "no_tissue",
            "no tissue was found on the slide",
            got=f"{slide.dimensions[0]} x {slide.dimensions[1]} pixels of {slide.mpp:.3g} um, all background",
            expected=f"a stained piece of at least {MIN_PIECE_MM2} mm2",
            fix="look at the slide; a blank, a label image or a faded stain cannot be encoded",
        )
    return tissue


def tissue_mask(picture: Rgb, mpp: float) -> np.ndarray:
    """Bool [h, w], True = tissue, of a picture uint8 [h, w, 3] whose pixels are `mpp` um wide."""
    density, colour = optical_density(picture)
    strongest = np.maximum(density, colour)
    certain = (strongest > density_threshold(strongest)) & (
        colour > glass_limit(colour, _LOWEST_COLOUR, _HIGHEST_COLOUR)
    )
    likely = (strongest > glass_limit(strongest, *_PALE_DENSITY)) & (
        colour > glass_limit(colour, *_PALE_COLOUR)
    )
    pen, black = ink_of(picture)
    is_free = ~pen & ~black
    return _clean(_grown(certain & is_free, (certain | likely) & is_free, mpp), mpp)


def _grown(certain: np.ndarray, likely: np.ndarray, mpp: float) -> np.ndarray:
    """Pieces of what is likely that hold something certain or are too large for chance: pale stroma, fat, mucin."""
    labels, count = ndimage.label(likely, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    seeds = np.bincount(labels.ravel(), certain.ravel(), minlength=count + 1)
    keep = (seeds * (mpp / 1000) ** 2 >= MIN_PIECE_MM2 / 2) | (sizes * (mpp / 1000) ** 2 >= _PALE_PIECE_MM2)
    keep[0] = False
    return keep[labels]


def optical_density(picture: Rgb) -> tuple[np.ndarray, np.ndarray]:
    """Density [h, w] against the glass, and how much it differs between the channels; over 3 x 3 pixels."""
    glass = glass_colour(picture)
    light = (picture.astype(np.float32) + 1) / (glass.astype(np.float32) + 1)
    absorbed = ndimage.uniform_filter(-np.log10(light), size=(3, 3, 1), mode="nearest")
    return absorbed.mean(axis=2), absorbed.max(axis=2) - absorbed.min(axis=2)


def glass_colour(picture: Rgb) -> np.ndarray:
    """Colour of the empty glass, uint8 [3]: the mode of the bright pixels; near white without any."""
    bright = picture[picture.min(axis=2) >= _BRIGHT]
    if len(bright) < 0.001 * picture.shape[0] * picture.shape[1]:
        return np.full(3, 245, np.uint8)
    lightness = bright.mean(axis=1).astype(np.int64)
    mode = int(np.bincount(lightness, minlength=256).argmax())
    return np.median(bright[np.abs(lightness - mode) <= 2], axis=0).astype(np.uint8)


def density_threshold(density: np.ndarray) -> float:
    """Optical density above which a pixel is stained; Otsu's value within the guards."""
    lowest = glass_limit(density, _LOWEST_DENSITY, _HIGHEST_DENSITY)
    return float(np.clip(_otsu(density), lowest, _HIGHEST_DENSITY))


def glass_limit(values: np.ndarray, lowest: float, highest: float) -> float:
    """What empty glass does not exceed: its median and six robust deviations, within the bounds.

    Glass is taken to be the lower half of the pixels as far as it lies below `highest`.
    """
    glass = values[(values <= np.median(values)) & (values < highest)]
    if glass.size == 0:
        return lowest
    return float(np.clip(np.median(glass) + _GLASS_SIGMAS * 1.4826 * _spread(glass), lowest, highest))


def ink_of(picture: Rgb) -> tuple[np.ndarray, np.ndarray]:
    """Bool [h, w] twice: marker pen (green, blue, red), and black: scan borders and black pen."""
    red, green, blue = (picture[..., channel].astype(np.int16) for channel in range(3))
    brightest, darkest = picture.max(axis=2).astype(np.int16), picture.min(axis=2).astype(np.int16)
    black = (brightest < 60) & (brightest - darkest < 25)
    green_pen = (green - red > 25) & (green - blue > 10)
    blue_pen = (blue > 90) & (blue - red > 90) & (green - red > 10)
    red_pen = (red > 180) & (red - green > 140) & (red - blue > 130)
    return green_pen | blue_pen | red_pen, black


def _spread(values: np.ndarray) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def _otsu(values: np.ndarray) -> float:
    """Threshold of greatest variance between two classes (256 bins)."""
    counts, edges = np.histogram(values, bins=256)
    centres = (edges[:-1] + edges[1:]) / 2
    weight = np.cumsum(counts)
    total = np.cumsum(counts * centres)
    other_weight = weight[-1] - weight
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = total / weight - (total[-1] - total) / other_weight
    between = np.where((weight > 0) & (other_weight > 0), weight * other_weight * gap**2, 0.0)
    return float(centres[int(np.argmax(between))])


def _clean(mask: np.ndarray, mpp: float) -> np.ndarray:
    """Close gaps between cells, fill small holes, drop small pieces."""
    reach = max(1, round(_GAP_UM / mpp / 2))
    closed = ndimage.binary_closing(np.pad(mask, 2 * reach), iterations=reach)
    closed = closed[2 * reach : -2 * reach, 2 * reach : -2 * reach]
    least_px = max(1.0, MIN_PIECE_MM2 * (1000 / mpp) ** 2)
    without_holes = ~_drop_small(~closed, least_px)
    return _drop_small(without_holes, least_px)


def _drop_small(mask: np.ndarray, least_px: float) -> np.ndarray:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    keep = np.bincount(labels.ravel()) >= least_px
    keep[0] = False
    return keep[labels]
