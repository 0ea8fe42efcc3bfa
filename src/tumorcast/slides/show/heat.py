"""A small picture of a slide under the scores of its tiles, drawn with Pillow alone."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from tumorcast.slides.reader import Slide

_PICTURE_PX = 900
_MARGIN = 0.05
_QUALITY = 82
_ANCHORS = np.array(
    [(68, 1, 84), (72, 40, 120), (62, 74, 137), (49, 104, 142), (38, 130, 142), (31, 158, 137), (53, 183, 121),
     (110, 206, 88), (181, 222, 43), (253, 231, 37)], float,
)  # fmt: skip
"""Viridis (van der Walt and Smith, CC0) at ten places: ordered in lightness, its top unlike any stain."""


def colours(shares: np.ndarray) -> np.ndarray:
    """uint8 [n, 4] of shares from 0 to 1: viridis, the stronger the more opaque."""
    place = np.clip(np.asarray(shares, float), 0, 1) * (len(_ANCHORS) - 1)
    steps = np.arange(len(_ANCHORS))
    rgb = np.stack([np.interp(place, steps, channel) for channel in _ANCHORS.T], axis=1)
    alpha = 40 + 130 * place / (len(_ANCHORS) - 1)
    return np.column_stack([rgb, alpha]).round().astype(np.uint8)


def heat_picture(slide: Slide, coords: np.ndarray, shares: np.ndarray | None, side_px: float) -> bytes:
    """JPEG of the part of the slide that holds its tiles, with a scale bar.

    Args:
        coords: [n, 2] corners of the tiles in level-0 pixels.
        shares: [n] 0 to 1, the colour of each; None draws outlines alone.
        side_px: side of a tile in level-0 pixels.
    """
    low, high = _window(slide, coords, side_px)
    mpp = max(float((high - low).max()) * slide.mpp / _PICTURE_PX, slide.mpp)
    corner, size = (int(low[0]), int(low[1])), (int(high[0] - low[0]), int(high[1] - low[1]))
    picture = Image.fromarray(slide.region(corner, size, mpp)).convert("RGBA")
    scale = slide.mpp / mpp
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    paint = None if shares is None else colours(shares)
    for k, (x, y) in enumerate((coords - low) * scale):
        box = (float(x), float(y), float(x + side_px * scale), float(y + side_px * scale))
        fill = (
            None
            if paint is None
            else (int(paint[k, 0]), int(paint[k, 1]), int(paint[k, 2]), int(paint[k, 3]))
        )
        pen.rectangle(box, fill=fill, outline=(33, 102, 172, 160) if paint is None else None)
    joined = Image.alpha_composite(picture, layer).convert("RGB")
    _scale_bar(joined, mpp)
    stream = BytesIO()
    joined.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def tile_picture(slide: Slide, corner: tuple[int, int], tile_um: float, picture_px: int = 144) -> bytes:
    """JPEG of one tile."""
    stream = BytesIO()
    pixels = slide.read_tile(*corner, picture_px, tile_um / picture_px)
    Image.fromarray(pixels).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def bar_length(longest_um: float) -> float:
    """The longest of 1, 2, 5, 10, ... um that is not longer."""
    power = 10.0 ** np.floor(np.log10(longest_um))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest_um * (1 + 1e-9)))


def _window(slide: Slide, coords: np.ndarray, side_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners, in level-0 pixels, of the box around the tiles with a margin."""
    low, high = coords.min(axis=0).astype(float), coords.max(axis=0) + side_px
    margin = np.maximum(_MARGIN * (high - low).max(), side_px / 2)
    whole = np.array(slide.dimensions, float)
    return np.floor(np.maximum(low - margin, 0)), np.ceil(np.minimum(high + margin, whole))


def _scale_bar(picture: Image.Image, mpp: float) -> None:
    length_um = bar_length(picture.width * mpp / 4)
    left, bottom, width = 14, picture.height - 14, length_um / mpp
    label = f"{length_um / 1000:g} mm"  # Pillow's own font has no micro sign
    pen = ImageDraw.Draw(picture)
    pen.rectangle((left - 7, bottom - 30, left + max(width, 64) + 7, bottom + 7), fill=(255, 255, 255))
    pen.rectangle((left, bottom - 5, left + width, bottom), fill=(20, 20, 20))
    pen.text((left, bottom - 24), label, fill=(20, 20, 20), font_size=15)
