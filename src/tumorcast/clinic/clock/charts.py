"""Clock age against given age, and the residuals, drawn with reportlab's graphics as SVG. No sample is named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Circle, Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor

from tumorcast.clinic.clock.record import Acceleration

_INK, _SOFT, _GRID = HexColor("#1c2733"), HexColor("#5b6875"), HexColor("#d5dce3")
_DOT, _LINE = HexColor("#31708e"), HexColor("#b3541e")
_COLUMN, _UPPER, _LOWER = 230.0, 190.0, 90.0
_LEFT, _TOP, _GAP, _BOTTOM = 44.0, 58.0, 30.0, 46.0
_HEIGHT = _TOP + _UPPER + _GAP + _LOWER + _BOTTOM
_MOST_PANELS = 12


@dataclass(frozen=True)
class _Panel:
    """A square of the picture with its own axes."""

    drawing: Drawing
    left: float
    bottom: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def width(self) -> float:
        return _COLUMN - _LEFT - 12

    def px(self, value: float) -> float:
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * self.width

    def py(self, value: float) -> float:
        return self.bottom + (value - self.y[0]) / (self.y[1] - self.y[0]) * self.height

    def text(
        self, x: float, y: float, text: str, anchor: str = "start", size: float = 7.5, ink: Color = _SOFT
    ) -> None:
        self.drawing.add(
            String(x, y, text, fontName="Helvetica", fontSize=size, textAnchor=anchor, fillColor=ink)
        )

    def line(
        self, start: tuple[float, float], end: tuple[float, float], ink: Color, width: float = 1
    ) -> None:
        """Between two points of the data, cut off at the panel's upper and lower edge."""
        cut = _cut(start, end, self.y)
        if cut is not None:
            (x1, y1), (x2, y2) = cut
            self.drawing.add(
                Line(self.px(x1), self.py(y1), self.px(x2), self.py(y2), strokeColor=ink, strokeWidth=width)
            )

    def axes(self) -> None:
        """Frame and ticks."""
        self.drawing.add(
            Rect(self.left, self.bottom, self.width, self.height, fillColor=None, strokeColor=_GRID)
        )
        for value in _ticks(self.y, 4):
            y = self.py(value)
            self.drawing.add(
                Line(self.left, y, self.left + self.width, y, strokeColor=_GRID, strokeWidth=0.5)
            )
            self.text(self.left - 4, y - 2.5, f"{value:g}", "end", 7)
        for value in _ticks(self.x, 4):
            self.text(self.px(value), self.bottom - 10, f"{value:g}", "middle", 7)

    def dots(self, points: Sequence[tuple[float, float]]) -> None:
        for x, y in points:
            self.drawing.add(Circle(self.px(x), self.py(y), 2.2, fillColor=_DOT, strokeColor=None))


def age_chart(groups: Sequence[Acceleration]) -> str:
    """One column a clock, tissue and platform: ages above (thin line: equal; thick: least squares), residuals below."""
    shown = groups[:_MOST_PANELS]
    drawing = Drawing(_COLUMN * len(shown) + 8, _HEIGHT)
    drawing.add(Rect(0, 0, drawing.width, _HEIGHT, fillColor=HexColor("#ffffff"), strokeColor=None))
    for k, group in enumerate(shown):
        _draw(drawing, group, _COLUMN * k + _LEFT)
    note = "Above: thin line, equal ages; thick, least squares. Below: age acceleration within tissue and platform."
    if len(groups) > len(shown):
        note += f" {len(groups) - len(shown)} further groups are not drawn."
    drawing.add(String(_LEFT, 6, note, fontName="Helvetica", fontSize=7, fillColor=_SOFT))
    return _svg(drawing, "Clock age against given age, with residuals, one column a clock")


def _draw(drawing: Drawing, group: Acceleration, left: float) -> None:
    given = [age for _, age, _ in group.points]
    clock = [age for _, _, age in group.points]
    x = _range(given)
    upper = _Panel(drawing, left, _BOTTOM + _LOWER + _GAP, _UPPER, x, _range([*given, *clock]))
    upper.axes()
    upper.text(left, _HEIGHT - 18, group.clock, size=11, ink=_INK)
    told = f"{group.tissue}, {group.platform}, {len(group.points)} samples"
    upper.text(left, _HEIGHT - 30, told[:46])
    upper.text(left, _HEIGHT - 52, "clock age, years", size=7)
    upper.line((x[0], x[0]), (x[1], x[1]), _SOFT, 0.7)
    if group.line is not None:
        slope, start = group.line.slope, group.line.intercept
        upper.line((x[0], start + slope * x[0]), (x[1], start + slope * x[1]), _LINE, 1.4)
        upper.text(
            left,
            _HEIGHT - 41,
            f"r {group.line.correlation:.2f}, median error {group.line.median_error:.1f} y",
        )
    upper.dots(list(zip(given, clock, strict=True)))
    _draw_residuals(drawing, group, left, x)


def _draw_residuals(drawing: Drawing, group: Acceleration, left: float, x: tuple[float, float]) -> None:
    known = [
        (age, residual)
        for (_, age, _), residual in zip(group.points, group.residuals, strict=True)
        if residual is not None
    ]
    most = 1.15 * max((abs(residual) for _, residual in known), default=1.0) or 1.0
    lower = _Panel(drawing, left, _BOTTOM, _LOWER, x, (-most, most))
    lower.axes()
    lower.line((x[0], 0), (x[1], 0), _SOFT, 0.7)
    lower.dots(known)
    if not known:
        lower.text(left + lower.width / 2, _BOTTOM + _LOWER / 2 + 4, "too few samples", "middle")
    lower.text(left + lower.width / 2, _BOTTOM - 22, "given age, years", "middle")
    lower.text(left, _BOTTOM + _LOWER + 6, "residual, years", size=7)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def _ticks(ends: tuple[float, float], most: int) -> list[float]:
    span = ends[1] - ends[0]
    step = next(
        s * 10.0**power for power in range(-3, 300) for s in (1, 2, 5) if span / (s * 10.0**power) <= most
    )
    first = int(ends[0] // step) + 1
    return [round(step * k, 6) for k in range(first, int(ends[1] // step) + 1)]


def _cut(
    start: tuple[float, float], end: tuple[float, float], y: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The part of a line whose y lies inside; None: none of it."""
    (x1, y1), (x2, y2) = start, end
    if y1 == y2:
        return (start, end) if y[0] <= y1 <= y[1] else None
    shares = sorted(((y[0] - y1) / (y2 - y1), (y[1] - y1) / (y2 - y1)))
    low, high = max(0.0, shares[0]), min(1.0, shares[1])
    if low >= high:
        return None
    return (x1 + low * (x2 - x1), y1 + low * (y2 - y1)), (x1 + high * (x2 - x1), y1 + high * (y2 - y1))


def _svg(drawing: Drawing, told: str) -> str:
    text = renderSVG.drawToString(drawing)
    text = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return text.replace("<svg", f'<svg role="img" aria-label="{told}"', 1)
