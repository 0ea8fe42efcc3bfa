"""Charts of a site's records, drawn once with reportlab's graphics: SVG for pages, vectors for PDF."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Circle, Drawing, Group, Line, PolyLine, Rect, String
from reportlab.lib.colors import HexColor

from tumorcast.clinic.report.fonts import plain

INK, SOFT, GRID = HexColor("#1c2733"), HexColor("#5b6875"), HexColor("#d5dce3")
BLUE, RED, AMBER, GREEN = HexColor("#31506e"), HexColor("#a32626"), HexColor("#c98a00"), HexColor("#1f6f4a")
_FONT = "Helvetica"


@dataclass(frozen=True)
class Line2:
    """A horizontal line at a value; `label` stands at its right end."""

    value: float
    label: str = ""
    color: HexColor = GRID
    is_dashed: bool = False


@dataclass(frozen=True)
class Axes:
    """A drawing whose plot area maps x and y; draws frame, ticks and labels once."""

    drawing: Drawing
    x: tuple[float, float]
    y: tuple[float, float]
    left: float = 58
    bottom: float = 34
    right: float = 70
    top: float = 26

    def px(self, value: float) -> float:
        """x in points."""
        low, high = self.x
        return self.left + (value - low) / (high - low) * (self.drawing.width - self.left - self.right)

    def py(self, value: float) -> float:
        """y in points, kept within the frame."""
        low, high = self.y
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.bottom + share * (self.drawing.height - self.bottom - self.top)

    def text(
        self, x: float, y: float, text: str, size: float = 8, anchor: str = "start", color: HexColor = INK
    ) -> None:
        """A string at a place in points."""
        self.drawing.add(
            String(x, y, plain(text), fontName=_FONT, fontSize=size, textAnchor=anchor, fillColor=color)
        )

    def level(self, line: Line2) -> None:
        """A horizontal line across the plot."""
        y = self.py(line.value)
        drawn = Line(
            self.left, y, self.drawing.width - self.right, y, strokeColor=line.color, strokeWidth=0.8
        )
        if line.is_dashed:
            drawn.strokeDashArray = [3, 3]
        self.drawing.add(drawn)
        if line.label:
            self.text(self.drawing.width - self.right + 4, y - 3, line.label, 7.5, color=SOFT)

    def curve(
        self, x: Sequence[float], y: Sequence[float], color: HexColor = BLUE, width: float = 1.2
    ) -> None:
        """A line through points."""
        points = [each for a, b in zip(x, y) for each in (self.px(a), self.py(b))]
        if len(points) >= 4:
            self.drawing.add(PolyLine(points, strokeColor=color, strokeWidth=width))

    def dot(self, x: float, y: float, color: HexColor = BLUE, radius: float = 2.4) -> None:
        """A point."""
        self.drawing.add(Circle(self.px(x), self.py(y), radius, fillColor=color, strokeColor=color))

    def frame(self, title: str, x_label: str, y_label: str, ticks: int = 4) -> None:
        """Title, axes' names, numbers at the left."""
        drawing = self.drawing
        self.text(self.left, drawing.height - 14, title, 9.5)
        self.text((self.left + drawing.width - self.right) / 2, 6, x_label, 8, "middle", SOFT)
        for value in nice_ticks(*self.y, ticks) if ticks else ():
            self.text(self.left - 5, self.py(float(value)) - 3, f"{value:g}", 7.5, "end", SOFT)
        label = String(0, 0, plain(y_label), fontName=_FONT, fontSize=8, textAnchor="middle", fillColor=SOFT)
        turned = Group(label)
        turned.translate(14, (self.bottom + drawing.height - self.top) / 2)
        turned.rotate(90)
        drawing.add(turned)
        width, height = drawing.width - self.left - self.right, drawing.height - self.bottom - self.top
        drawing.add(
            Rect(self.left, self.bottom, width, height, fillColor=None, strokeColor=GRID, strokeWidth=0.8)
        )


def series_chart(
    title: str,
    days: Sequence[str],
    values: Sequence[float],
    lines: Sequence[Line2],
    is_out: Sequence[bool],
    y_label: str = "",
    reach: tuple[float, float] | None = None,
) -> Drawing:
    """Values in the order of time, with horizontal limits; those that are out are red.

    Args:
        reach: least range of y.
    """
    finite = [v for v in (*values, *(line.value for line in lines), *(reach or ())) if np.isfinite(v)]
    low, high = _range(finite)
    axes = Axes(Drawing(560, 210), (-0.5, max(len(values) - 0.5, 0.5)), (low, high))
    axes.frame(title, "", y_label)
    for line in lines:
        axes.level(line)
    shown = [(i, float(np.clip(v, low, high))) for i, v in enumerate(values) if not np.isnan(v)]
    axes.curve([i for i, _ in shown], [v for _, v in shown])
    for i, value in shown:
        axes.dot(i, value, RED if is_out[i] else BLUE, 3 if is_out[i] else 2)
    for i in sorted({int(k) for k in np.linspace(0, len(days) - 1, min(len(days), 6))} if days else ()):
        axes.text(axes.px(i), axes.bottom - 12, days[i], 7.5, "middle", SOFT)
    return axes.drawing


def agreement_chart(
    title: str, mean: Sequence[float], difference: Sequence[float], lines: Sequence[Line2]
) -> Drawing:
    """Differences of pairs over their mean (Bland and Altman)."""
    low, high = _range([*difference, *(line.value for line in lines), 0.0])
    axes = Axes(Drawing(560, 230), _range([*mean]), (low, high), right=96)
    axes.frame(title, "mean of both probabilities", "second less first")
    for line in lines:
        axes.level(line)
    for x, y in zip(mean, difference, strict=True):
        axes.dot(x, y)
    for value in nice_ticks(*axes.x, 5):
        axes.text(axes.px(float(value)), axes.bottom - 12, f"{value:g}", 7.5, "middle", SOFT)
    return axes.drawing


def interval_chart(
    title: str, rows: Sequence[tuple[str, float, float, float, float | None]], x: tuple[float, float]
) -> Drawing:
    """One row a figure: (name, value, low, high, limit), the limit as a red tick; a NaN end is left out."""
    axes = Axes(Drawing(560, 48 + 22 * len(rows)), x, (-0.5, len(rows) - 0.5), left=190, right=20)
    axes.frame(title, "", "", ticks=0)
    for k, (name, value, low, high, limit) in enumerate(reversed(rows)):
        y = axes.py(k)
        axes.text(axes.left - 8, y - 3, name, 8, "end")
        if np.isfinite(low) and np.isfinite(high):
            ends = [axes.px(float(np.clip(v, *x))) for v in (low, high)]
            axes.drawing.add(Line(ends[0], y, ends[1], y, strokeColor=BLUE, strokeWidth=1.6))
        if np.isfinite(value):
            axes.dot(float(np.clip(value, *x)), k, BLUE, 3.2)
        if limit is not None and np.isfinite(limit):
            at = axes.px(float(np.clip(limit, *x)))
            axes.drawing.add(Line(at, y - 7, at, y + 7, strokeColor=RED, strokeWidth=1.4))
    for value in np.linspace(*x, 6):
        axes.text(axes.px(float(value)), axes.bottom - 12, f"{value:.2g}", 7.5, "middle", SOFT)
    return axes.drawing


def calibration_chart(
    title: str,
    predicted: Sequence[float],
    observed: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> Drawing:
    """Observed shares of responders over mean predicted probabilities, with intervals."""
    axes = Axes(Drawing(560, 210), (0, 1), (0, 1), right=290)
    axes.frame(title, "predicted probability", "share of responders", ticks=5)
    axes.curve([0, 1], [0, 1], GRID)
    for p, o, a, b in zip(predicted, observed, low, high, strict=True):
        at = axes.px(p)
        axes.drawing.add(Line(at, axes.py(a), at, axes.py(b), strokeColor=BLUE, strokeWidth=1))
        axes.dot(p, o, BLUE, 3)
    for value in np.linspace(0, 1, 6):
        axes.text(axes.px(float(value)), axes.bottom - 12, f"{value:.1f}", 7.5, "middle", SOFT)
    return axes.drawing


def svg_text(drawing: Drawing) -> str:
    """The drawing as an SVG element, to stand within a page."""
    text = renderSVG.drawToString(drawing)
    text = text[text.index("<svg") :]
    text = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>", "", text, flags=re.S)
    number = f"c{zlib.crc32(text.encode()):08x}"
    return text.replace('id="clip"', f'id="{number}"').replace("url(#clip)", f"url(#{number})")


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers between two values, about so many."""
    raw = (high - low) / max(about, 1)
    scale = 10.0 ** np.floor(np.log10(raw))
    step = scale * next(k for k in (1, 2, 5, 10) if k * scale >= raw * (1 - 1e-9))
    first = int(np.ceil(low / step - 1e-9))
    return [round(k * step, 10) for k in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _range(values: Sequence[float]) -> tuple[float, float]:
    finite = [v for v in values if np.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    room = 0.08 * (high - low) or max(abs(high) * 0.05, 1e-3)
    return low - room, high + room
