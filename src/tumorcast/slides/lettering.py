"""Words, scale bars and outlines on pictures, by Pillow alone."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_FONTS = (("reportlab", "fonts/Vera.ttf"), ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"))
_PLAIN = str.maketrans({"µ": "u", "²": "2"})
_HALO_PX = 3


@cache
def font(size_px: int) -> Font:
    """A sans serif that comes with an installed package, else Pillow's own, which has ASCII alone."""
    path = _font_file()
    return ImageFont.truetype(str(path), size_px) if path else ImageFont.load_default(size_px)


def text_width(words: str, size_px: int) -> int:
    """Of the words in a row, in pixels."""
    return int(font(size_px).getlength(_spelt(words)))


def write(
    picture: Image.Image,
    place: tuple[float, float],
    words: str,
    size_px: int,
    anchor: str = "la",
    has_halo: bool = False,
) -> None:
    """Black words on an RGB picture.

    Args:
        place: x and y in pixels of the picture.
        anchor: which point of the words stands there, as Pillow names it (`la`: left, top; `ms`: middle, baseline).
        has_halo: a white rim, readable on any ground.
    """
    rim = _HALO_PX if has_halo else 0
    ImageDraw.Draw(picture).text(
        place, _spelt(words), "black", font(size_px), anchor, stroke_width=rim, stroke_fill="white"
    )


def upright(words: str, size_px: int) -> Image.Image:
    """The words from below to above, on white."""
    row = Image.new("RGB", (text_width(words, size_px) + 4, round(1.4 * size_px)), "white")
    write(row, (2, 0.7 * size_px), words, size_px, "lm")
    return row.transpose(Image.Transpose.ROTATE_90)


def round_length(longest_um: float) -> float:
    """The longest of 1, 2, 5, 10, ... um that is not longer than `longest_um`."""
    power = 10.0 ** np.floor(np.log10(longest_um))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest_um * (1 + 1e-9)))


def draw_scale_bar(picture: Image.Image, um_per_px: float, size_px: int) -> None:
    """A bar of a round length, a fifth of the picture at most, at its lower left."""
    length_um = round_length(picture.width * um_per_px / 5)
    length, thickness = length_um / um_per_px, max(2, size_px // 4)
    x, y = 0.03 * picture.width, 0.97 * picture.height
    bar = (x, y - thickness, x + length, y)
    ImageDraw.Draw(picture).rectangle((bar[0] - 2, bar[1] - 2, bar[2] + 2, bar[3] + 2), "white")
    ImageDraw.Draw(picture).rectangle(bar, "black")
    words = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"
    write(picture, (x + length / 2, y - thickness - size_px * 0.45), words, size_px, "ms", has_halo=True)


def draw_edge(picture: Image.Image, share: np.ndarray, colour: str, width_px: float = 2.0) -> None:
    """The line where `share` crosses one half, smooth.

    Args:
        share: float [h, w] of the picture's pixels.
        width_px: of the line.
    """
    rows, columns = np.gradient(share)
    distance = np.abs(share - 0.5) / np.maximum(np.hypot(rows, columns), 1e-6)
    opacity = np.clip((width_px + 1) / 2 - distance, 0, 1)
    picture.paste(colour, (0, 0), Image.fromarray(np.rint(255 * opacity).astype(np.uint8)))


def _spelt(words: str) -> str:
    return words if _font_file() else words.translate(_PLAIN).encode("ascii", "replace").decode()


@cache
def _font_file() -> Path | None:
    for package, name in _FONTS:
        try:
            found = find_spec(package)
        except ImportError:
            continue
        if found and found.origin and (path := Path(found.origin).parent / name).is_file():
            return path
    return None
