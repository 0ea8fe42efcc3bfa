"""How a slide looks, as a few numbers that a scanner, a stainer or a focus changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from tumorcast.slides.pixels import Rgb
from tumorcast.slides.quality import sharpness
from tumorcast.slides.reader import Slide
from tumorcast.slides.tissue import Tissue, find_tissue, glass_colour

_SAMPLES, _SAMPLE_UM, _SAMPLE_MPP = 24, 128.0, 0.5
_LEAST_DENSITY = 0.1
_STAINS = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]])
"""Optical density of haematoxylin, eosin and DAB in red, green and blue (Ruifrok and Johnston 2001)."""


@dataclass(frozen=True)
class Appearance:
    """Of one slide; NaN where nothing is stained.

    Attributes:
        glass: mean intensity of the empty glass, 0 to 255.
        red, green, blue: mean optical density of stained pixels against white, which gamma and lamp change too.
        haematoxylin, eosin: mean amounts of the two stains against the glass.
        sharpness: median over places on the tissue, of `quality.sharpness`.
        mpp: um/px of level 0.
        tissue: share of the slide that is tissue.
    """

    glass: float
    red: float
    green: float
    blue: float
    haematoxylin: float
    eosin: float
    sharpness: float
    mpp: float
    tissue: float

    def numbers(self) -> dict[str, float]:
        """By name, as "pixels: NAME"."""
        return {f"pixels: {name}": float(value) for name, value in asdict(self).items()}


def appearance(slide: Slide, tissue: Tissue | None = None) -> Appearance:
    """Of an open slide, from its overview and 24 places on its tissue, the same at each call.

    Raises:
        SlideError: no tissue is found.
    """
    tissue = find_tissue(slide) if tissue is None else tissue
    places = _places(slide, tissue)
    glass = glass_colour(tissue.thumbnail).astype(float)
    pixels = np.concatenate([place.reshape(-1, 3) for place in places]).astype(np.float32)
    against_glass = np.maximum(-np.log10((pixels + 1) / (glass.astype(np.float32) + 1)), 0)
    is_stained = against_glass.mean(axis=1) > _LEAST_DENSITY
    stained = pixels[is_stained]
    density = -np.log10((stained + 1) / 256)
    normal = _STAINS / np.linalg.norm(_STAINS, axis=1, keepdims=True)
    amounts = against_glass[is_stained] @ np.linalg.inv(normal)
    red, green, blue = _mean(density)
    haematoxylin, eosin, _ = _mean(amounts)
    sharp = [value for place in places if np.isfinite(value := sharpness(place))]
    return Appearance(
        float(glass.mean()), red, green, blue, haematoxylin, eosin,
        float(np.median(sharp)) if sharp else float("nan"), slide.mpp, float(tissue.is_tissue.mean()),
    )  # fmt: skip


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    one, two, three = values.mean(axis=0).tolist() if len(values) else [float("nan")] * 3
    return one, two, three


def _places(slide: Slide, tissue: Tissue) -> list[Rgb]:
    """Squares on the tissue, spread evenly over its pixels."""
    rows, columns = np.nonzero(tissue.is_tissue)
    chosen = np.unique(np.linspace(0, len(rows) - 1, _SAMPLES).astype(int))
    side, scale = max(1, round(_SAMPLE_UM / slide.mpp)), tissue.mpp / slide.mpp
    corners = [
        (round(float(columns[i]) * scale) - side // 2, round(float(rows[i]) * scale) - side // 2)
        for i in chosen
    ]
    return [slide.region(corner, (side, side), _SAMPLE_MPP) for corner in corners]
