"""The page around a picture of a slide: title, caption, and at its right what the colours mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from tumorcast.slides.lettering import text_width, upright, write

_EDGE, _TOP, _FOOT = 30, 60, 46
_TITLE_PX, _SMALL_PX = 18, 15
_BAR_PX = 33
_ROW_PX = 24
_LEAST_HEIGHT = 600
_FRAME = "#404040"


@dataclass(frozen=True)
class Legend:
    """What marks mean.

    Attributes:
        rows: (frame, shade or cross; colour; words) each.
    """

    rows: list[tuple[str, str, str]]


@dataclass(frozen=True)
class ScoreBar:
    """A scale of colours.

    Attributes:
        name: of the score. low, high: its ends.
        colours: [n, 4], 0 to 255, from the highest to the lowest.
    """

    name: str
    low: float
    high: float
    colours: np.ndarray


def page_of(
    picture: Image.Image,
    title: str,
    caption: str,
    beside: Legend | ScoreBar | None,
    overview: Image.Image | None,
) -> Image.Image:
    """RGB on white; wide enough for the title and the caption."""
    column = _column_of(beside, overview, max(picture.height, _LEAST_HEIGHT))
    words = max(text_width(title, _TITLE_PX), text_width(caption, _SMALL_PX))
    width = max(picture.width + (column.width + _EDGE if column else 0), words) + 2 * _EDGE
    height = max(picture.height, column.height if column else 0)
    page = Image.new("RGB", (width, height + _TOP + _FOOT), "white")
    write(page, (width / 2, _TOP / 2), title, _TITLE_PX, "mm")
    write(page, (width / 2, page.height - _FOOT / 2), caption, _SMALL_PX, "mm")
    page.paste(picture, (_EDGE, _TOP))
    _frame(page, _EDGE, _TOP, picture.size)
    if column:
        page.paste(column, (_EDGE + picture.width + _EDGE, _TOP))
    return page


def cross(side_px: float) -> Image.Image:
    """A smooth x as a mask."""
    fine = 4
    side = max(5, round(side_px) + 2)
    mask = Image.new("L", (side * fine, side * fine))
    pen, last = ImageDraw.Draw(mask), (side - 1) * fine
    pen.line((fine, fine, last, last), 255, 2 * fine)
    pen.line((fine, last, last, fine), 255, 2 * fine)
    return mask.resize((side, side), Image.Resampling.BOX)


def _column_of(
    beside: Legend | ScoreBar | None, overview: Image.Image | None, height: int
) -> Image.Image | None:
    """Overview above, legend or bar below."""
    low = _drawn(beside, height) if beside else None
    high = _titled(overview) if overview else None
    parts = [part for part in (high, low) if part]
    if not parts:
        return None
    height = max(height, sum(part.height for part in parts) + _EDGE)
    column = Image.new("RGB", (max(part.width for part in parts), height), "white")
    if high:
        column.paste(high, (0, 0))
    if low:
        column.paste(low, (0, height - low.height))
    return column


def _drawn(beside: Legend | ScoreBar, height: int) -> Image.Image:
    return _legend(beside) if isinstance(beside, Legend) else _bar(beside, round(0.45 * height))


def _titled(overview: Image.Image) -> Image.Image:
    drawn = Image.new("RGB", (overview.width + 1, overview.height + 30), "white")
    drawn.paste(overview, (0, 0))
    _frame(drawn, 0, 0, overview.size)
    write(drawn, (overview.width / 2, overview.height + 17), "whole slide", _SMALL_PX, "mm")
    return drawn


def _legend(legend: Legend) -> Image.Image:
    width = 34 + max(text_width(words, _SMALL_PX) for _, _, words in legend.rows)
    drawn = Image.new("RGB", (width, _ROW_PX * len(legend.rows)), "white")
    for number, (kind, colour, words) in enumerate(legend.rows):
        top = _ROW_PX * number + 5
        if kind == "cross":
            drawn.paste(colour, (6, top - 1), cross(13))
        elif kind == "frame":
            ImageDraw.Draw(drawn).rectangle((0, top, 26, top + 13), outline=colour)
        else:
            ImageDraw.Draw(drawn, "RGBA").rectangle((0, top, 26, top + 13), colour + "73")
        write(drawn, (34, top + 7), words, _SMALL_PX, "lm")
    return drawn


def _bar(bar: ScoreBar, height: int) -> Image.Image:
    """Colours on white, as they lie on glass, with ticks at round values and the name upright."""
    opacity = bar.colours[:, 3:] / 255
    rgb = np.rint(bar.colours[:, :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)
    scale = Image.fromarray(np.repeat(rgb[:, None], _BAR_PX, axis=1)).resize((_BAR_PX, height))
    labels = {value: f"{value:.6g}" for value in _ticks(bar.low, bar.high)}
    room = max((text_width(label, _SMALL_PX) for label in labels.values()), default=0)
    name = upright(bar.name, _SMALL_PX)
    drawn = Image.new("RGB", (_BAR_PX + 14 + room + 8 + name.width, max(height, name.height) + 16), "white")
    top = drawn.height - height - 8
    drawn.paste(scale, (0, top))
    _frame(drawn, 0, top, scale.size)
    for value, label in labels.items():
        y = top + (height - 1) * (bar.high - value) / (bar.high - bar.low)
        ImageDraw.Draw(drawn).line((_BAR_PX, y, _BAR_PX + 6, y), _FRAME)
        write(drawn, (_BAR_PX + 12, y), label, _SMALL_PX, "lm")
    drawn.paste(name, (drawn.width - name.width, top + (height - name.height) // 2))
    return drawn


def _ticks(low: float, high: float) -> list[float]:
    """At most nine multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 8
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * (1 - 1e-9))
    count = range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)
    return [float(number * step) for number in count] or [low]


def _frame(picture: Image.Image, left: int, top: int, size: tuple[int, int]) -> None:
    ImageDraw.Draw(picture).rectangle((left, top, left + size[0] - 1, top + size[1] - 1), outline=_FRAME)
