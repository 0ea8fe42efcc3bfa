"""The tiles with the highest and the lowest scores, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tumorcast.slides.lettering import round_length, text_width, upright, write
from tumorcast.slides.owner import written_whole
from tumorcast.slides.reader import Slide
from tumorcast.slides.show.scores import TileScores

CAPTION = "Shows what the model weighed, not a diagnosis and not a cause. Research use only."
_READ_PX, _SHOWN_PX, _GAP = 320, 220, 10
_EDGE, _TOP, _FOOT, _LABEL = 36, 44, 40, 44
_TEXT_PX, _SMALL_PX = 15, 12


def draw_sheet(slide: Slide, scores: TileScores, tile_um: float, path: Path, count: int = 8) -> None:
    """A PNG with two rows of `count` tiles: highest first above, lowest first below.

    Args:
        slide: where they are read.
        scores: of its tiles.
        tile_um: side of a tile.
        path: written atomically.
        count: tiles a row, fewer where there are fewer.
    """
    order = np.argsort(-scores.values, kind="stable")
    count = min(count, len(order))
    bar_um = round_length(tile_um / 3)
    title = f"{slide.path.name}    tiles of {tile_um:.0f} µm, bar {bar_um:g} µm"
    words = max(text_width(title, _TEXT_PX), text_width(CAPTION, _SMALL_PX))
    width = max(_EDGE + count * (_SHOWN_PX + _GAP), words + 2 * _GAP)
    row_px = _LABEL + _SHOWN_PX
    page = Image.new("RGB", (width, _TOP + 2 * row_px + _FOOT), "white")
    write(page, (width / 2, _TOP / 2), title, _TEXT_PX, "mm")
    write(page, (width / 2, page.height - _FOOT / 2), CAPTION, _SMALL_PX, "mm")
    for row, (name, chosen) in enumerate((("highest", order[:count]), ("lowest", order[::-1][:count]))):
        top = _TOP + row * row_px
        for column, index in enumerate(chosen):
            tile = _tile(slide, scores, int(index), tile_um, bar_um)
            page.paste(tile, (_EDGE + column * (_SHOWN_PX + _GAP), top))
        label = upright(f"{name} {scores.name}", _TEXT_PX)
        page.paste(
            label, ((_EDGE - label.width) // 2, max(0, top + _LABEL + (_SHOWN_PX - label.height) // 2))
        )
    with written_whole(path) as temporary:
        page.save(temporary, format="png")


def _tile(slide: Slide, scores: TileScores, index: int, tile_um: float, bar_um: float) -> Image.Image:
    """A tile with score and place above it and a bar of `bar_um` at its lower right."""
    x, y = (int(each) for each in scores.coords[index])
    read = Image.fromarray(slide.read_tile(x, y, _READ_PX, tile_um / _READ_PX))
    shown = read.resize((_SHOWN_PX, _SHOWN_PX), Image.Resampling.LANCZOS)
    right, low = 0.95 * _SHOWN_PX, round(0.94 * _SHOWN_PX)
    bar = (round(right - bar_um / tile_um * _SHOWN_PX), low - 3, round(right), low)
    pen = ImageDraw.Draw(shown)
    pen.rectangle((bar[0] - 1, bar[1] - 1, bar[2] + 1, bar[3] + 1), "white")
    pen.rectangle(bar, "black")
    pen.rectangle((0, 0, _SHOWN_PX - 1, _SHOWN_PX - 1), outline="#808080")
    drawn = Image.new("RGB", (_SHOWN_PX, _LABEL + _SHOWN_PX), "white")
    drawn.paste(shown, (0, _LABEL))
    write(drawn, (_SHOWN_PX / 2, _LABEL - 28), f"{scores.values[index]:.3g}", _SMALL_PX, "mm")
    write(drawn, (_SHOWN_PX / 2, _LABEL - 12), f"({x}, {y})", _SMALL_PX, "mm")
    return drawn
