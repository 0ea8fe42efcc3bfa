"""Is a slide stained with haematoxylin and eosin? A model trained on H&E says nothing about anything else.

Method: optical densities of stained pixels against the glass. Eosin absorbs green and hardly red, haematoxylin
absorbs red and green alike, diaminobenzidine (DAB) and aminoethylcarbazole absorb blue as much as green (stain
vectors of Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291). So a slide with hardly any pixel that spares
red has no eosin, and one with pixels that absorb blue as much as green, and no eosin, has a brown or red chromogen,
or silver.

What it cannot tell: periodic acid-Schiff and Fast Red look like eosin here. Haematoxylin alone is "unknown".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorcast.domain.errors import SlideError
from tumorcast.slides.pixels import Rgb
from tumorcast.slides.reader import Slide
from tumorcast.slides.tissue import Tissue, glass_colour

Stain = Literal["H&E", "not H&E", "unknown"]

_SAMPLES, _SAMPLE_UM, _SAMPLE_MPP = 24, 256.0, 2.0
_LEAST_DENSITY = 0.1
_LEAST_PIXELS = 200
_PINK_RATIO, _PINK_BLUE_RATIO, _BROWN_RATIO = 0.6, 0.8, 0.9
_PINK_ENOUGH, _PINK_NONE, _BROWN_ENOUGH = 0.15, 0.10, 0.02


@dataclass(frozen=True)
class StainVerdict:
    """What the stain is, and the figures behind it.

    Attributes:
        stain: the verdict.
        pink: share of stained pixels that absorb green alone (eosin).
        brown: share that absorb blue as much as green (DAB, AEC, silver, melanin).
    """

    stain: Stain
    pink: float
    brown: float

    def __str__(self) -> str:
        return f"{self.pink:.0%} of the stained pixels like eosin, {self.brown:.0%} brown"


def judge_stain(pixels: Rgb, glass: np.ndarray) -> StainVerdict:
    """The verdict on pixels uint8 [..., 3] of tissue, against the colour of the glass uint8 [3]."""
    light = (pixels.reshape(-1, 3).astype(np.float32) + 1) / (glass.astype(np.float32) + 1)
    density = np.maximum(-np.log10(light), 0)
    red, green, blue = density[density.mean(axis=1) > _LEAST_DENSITY].T
    if len(green) < _LEAST_PIXELS:
        return StainVerdict("unknown", 0.0, 0.0)
    pink = float(((red < _PINK_RATIO * green) & (blue < _PINK_BLUE_RATIO * green)).mean())
    brown = float((blue > _BROWN_RATIO * green).mean())
    if pink >= _PINK_ENOUGH and pink > brown:
        return StainVerdict("H&E", pink, brown)
    if brown >= _BROWN_ENOUGH and (pink < _PINK_NONE or brown > pink):
        return StainVerdict("not H&E", pink, brown)
    return StainVerdict("unknown", pink, brown)


def slide_stain(slide: Slide, tissue: Tissue) -> StainVerdict:
    """The verdict on places spread over the tissue, read at 2 um/px (damaged ones are white and do not count)."""
    rows, columns = np.nonzero(tissue.is_tissue)
    chosen = np.random.default_rng(0).choice(len(rows), min(_SAMPLES, len(rows)), replace=False)
    side = max(1, round(_SAMPLE_UM / slide.mpp))
    scale = tissue.mpp / slide.mpp
    pieces = [
        slide.region(
            (round(columns[i] * scale) - side // 2, round(rows[i] * scale) - side // 2),
            (side, side),
            _SAMPLE_MPP,
        ).reshape(-1, 3)
        for i in np.sort(chosen)
    ]
    return judge_stain(np.concatenate(pieces), glass_colour(tissue.thumbnail))


def check_stain(verdict: StainVerdict) -> None:
    """Raise SlideError `not_he` where the slide is stained with something else."""
    if verdict.stain == "not H&E":
        raise SlideError(
            "not_he",
            "the slide is not stained with haematoxylin and eosin",
            got=str(verdict),
            expected="H&E, which the models are trained on",
            fix="use the H&E slide of this block; --any-stain encodes it all the same",
        )
