"""Waterfall and spider plot of a cohort, drawn with reportlab's graphics, as SVG. No patient is named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor

from tumorcast.clinic.recist.responses import PatientResponse
from tumorcast.clinic.recist.tables import best_change

_INK, _SOFT, _GRID = HexColor("#1c2733"), HexColor("#5b6875"), HexColor("#d5dce3")
_COLOURS = {
    "CR": HexColor("#0b6e4f"), "PR": HexColor("#31708e"), "SD": HexColor("#9aa5b1"),
    "NON-CR/NON-PD": HexColor("#9aa5b1"), "PD": HexColor("#b3541e"), "iUPD": HexColor("#d9a441"),
    "NE": HexColor("#e3e8ec"), "NED": HexColor("#e3e8ec"),
}  # fmt: skip
_WIDTH, _HEIGHT = 640.0, 320.0
_LEFT, _RIGHT, _BOTTOM, _TOP = 56.0, 92.0, 40.0, 34.0
_LEAST, _MOST = -100.0, 100.0
_FONT = "Helvetica"


@dataclass(frozen=True)
class _Axes:
    drawing: Drawing
    x: tuple[float, float]

    def px(self, value: float) -> float:
        low, high = self.x
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def py(self, percent: float) -> float:
        share = (min(max(percent, _LEAST), _MOST) - _LEAST) / (_MOST - _LEAST)
        return _BOTTOM + share * (_HEIGHT - _BOTTOM - _TOP)

    def text(
        self, x: float, y: float, text: str, anchor: str = "start", size: float = 8, ink: Color = _SOFT
    ) -> None:
        self.drawing.add(String(x, y, text, fontName=_FONT, fontSize=size, textAnchor=anchor, fillColor=ink))


def waterfall(responses: Sequence[PatientResponse]) -> str:
    """Best change of the target sum, one bar a patient, worst first; patients without one are counted, not drawn."""
    known = [(best_change(one), one.best.response) for one in responses]
    bars = sorted(((change, word) for change, word in known if change is not None), reverse=True)
    axes = _frame("Best change of the sum of target lesions", "patients", (0.0, float(max(len(bars), 1))))
    for k, (change, word) in enumerate(bars):
        left, right = axes.px(k + 0.1), axes.px(k + 0.9)
        low, high = sorted((axes.py(0), axes.py(change)))
        axes.drawing.add(
            Rect(left, low, right - left, max(high - low, 1.0), fillColor=_colour(word), strokeColor=None)
        )
        if change > _MOST:
            axes.text((left + right) / 2, axes.py(_MOST) + 3, f"{change:+.0f}", "middle", 6)
    undrawn = len(known) - len(bars)
    if undrawn:
        axes.text(_LEFT, 8, f"{undrawn} without a sum after baseline not drawn")
    _legend(axes, [word for _, word in bars])
    return _svg(
        axes.drawing, "Best change of the sum of target lesions of each patient, in percent of baseline"
    )


def spider(responses: Sequence[PatientResponse]) -> str:
    """Change of the target sum over the days, one line a patient, until another treatment; above +100% at the edge."""
    lines = [(_trace(one), one.best.response) for one in responses]
    last = max((day for points, _ in lines for day, _ in points), default=1.0)
    axes = _frame("Change of the sum of target lesions", "days from the start", (0.0, max(last, 1.0)))
    for day in _ticks(last):
        axes.text(axes.px(day), _BOTTOM - 12, f"{day:g}", "middle", 7.5)
    for points, word in lines:
        if len(points) < 2:
            continue
        flat = [each for day, change in points for each in (axes.px(max(day, 0.0)), axes.py(change))]
        axes.drawing.add(PolyLine(flat, strokeColor=_colour(word), strokeWidth=1.1))
        for x, y in zip(flat[::2], flat[1::2], strict=True):
            axes.drawing.add(Circle(x, y, 1.7, fillColor=_colour(word), strokeColor=None))
    _legend(axes, [word for _, word in lines])
    return _svg(axes.drawing, "Change of the sum of target lesions over time, in percent of baseline")


def _trace(one: PatientResponse) -> list[tuple[float, float]]:
    start = one.patient.assessments[0].first_day
    later = [
        (p.assessment.first_day, p.change_from_baseline) for p in one.points if one.is_before_new_therapy(p)
    ]
    return [(start, 0.0), *((day, 100 * share) for day, share in later if share is not None)]


def _frame(title: str, x_label: str, x: tuple[float, float]) -> _Axes:
    axes = _Axes(Drawing(_WIDTH, _HEIGHT), x)
    axes.drawing.add(Rect(0, 0, _WIDTH, _HEIGHT, fillColor=HexColor("#ffffff"), strokeColor=None))
    axes.text(_LEFT, _HEIGHT - 16, f"{title}, % of baseline", size=10, ink=_INK)
    axes.text((_LEFT + _WIDTH - _RIGHT) / 2, _BOTTOM - 26, x_label, "middle")
    for percent in (-100, -50, 0, 50, 100):
        y = axes.py(percent)
        axes.drawing.add(Line(_LEFT, y, _WIDTH - _RIGHT, y, strokeColor=_GRID, strokeWidth=0.7))
        axes.text(_LEFT - 5, y - 3, f"{percent:+d}" if percent else "0", "end", 7.5)
    for percent, told in ((-30, "-30% (PR)"), (20, "+20%")):
        y = axes.py(percent)
        axes.drawing.add(Line(_LEFT, y, _WIDTH - _RIGHT, y, strokeColor=_SOFT, strokeWidth=0.8))
        axes.text(_WIDTH - _RIGHT + 4, y - 3, told, size=7.5)
    return axes


def _legend(axes: _Axes, words: Sequence[str]) -> None:
    for k, word in enumerate(sorted(set(words), key=lambda w: (list(_COLOURS).index(_plain(w)), w))):
        y = _HEIGHT - _TOP - 8 - 13 * k
        axes.drawing.add(Rect(_WIDTH - _RIGHT + 8, y - 1, 8, 8, fillColor=_colour(word), strokeColor=None))
        axes.text(_WIDTH - _RIGHT + 20, y, word, size=7 if len(word) > 8 else 8)


def _colour(word: str) -> Color:
    return _COLOURS[_plain(word)]


def _plain(word: str) -> str:
    """RECIST's word for iRECIST's; iUPD keeps its own."""
    known = {"iCPD": "PD", "NON-iCR/NON-iUPD": "NON-CR/NON-PD"}
    return word if word in _COLOURS else known.get(word, word.removeprefix("i"))


def _ticks(last: float) -> list[float]:
    step = next((s for s in (14, 28, 56, 84, 168, 336) if last / s <= 8), 672)
    return [float(step * k) for k in range(int(last // step) + 1)]


def _svg(drawing: Drawing, told: str) -> str:
    text = renderSVG.drawToString(drawing)
    text = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return text.replace("<svg", f'<svg role="img" aria-label="{told}"', 1)
