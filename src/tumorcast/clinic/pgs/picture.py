"""How sums are spread over the samples of a run: one histogram a score, in one SVG."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor

from tumorcast.clinic.pgs.result import LEAST_SAMPLES, PgsRun
from tumorcast.clinic.report.charts import BAND, INK, MUTED, RULE, svg_of

_MOST_SCORES = 6
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 560.0, 170.0, 44.0, 16.0, 34.0, 34.0
_FONT = "Helvetica"


def distributions_svg(run: PgsRun) -> str | None:
    """The picture of the first six scores with 20 sums or more; None where there is none."""
    shown = []
    for result in run.results:
        values = np.array([result.sums[n] for n in range(len(run.samples)) if result.has_sum(n)])
        if len(values) >= LEAST_SAMPLES:
            shown.append((result, values))
    shown = shown[:_MOST_SCORES]
    if not shown:
        return None
    drawing = Drawing(_WIDTH, _HEIGHT * len(shown))
    drawing.add(Rect(0, 0, _WIDTH, drawing.height, fillColor=HexColor("#ffffff"), strokeColor=None))
    for n, (result, values) in enumerate(shown):
        head = f"{result.score.name}: sums of {len(values)} samples of this run; match rate {result.match_rate:.1%}"
        _histogram(drawing, _HEIGHT * (len(shown) - 1 - n), head, values)
    names = ", ".join(result.score.name for result, _ in shown)
    told = f"Histograms of the sums of {names} over the samples of this run"
    text = str(svg_of(drawing, "pgs", told))
    return text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="840" ', 1) + "\n"


def _histogram(drawing: Drawing, bottom: float, head: str, values: NDArray[np.float64]) -> None:
    counts, edges = np.histogram(values, bins=min(40, max(8, int(np.sqrt(len(values))))))
    low, high = float(edges[0]), float(edges[-1])
    floor, top = bottom + _BOTTOM, bottom + _HEIGHT - _TOP
    span, most = (high - low) or 1.0, max(int(counts.max()), 1)

    def px(value: float) -> float:
        return _LEFT + (value - low) / span * (_WIDTH - _LEFT - _RIGHT)

    for count, start, end in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist()):
        height = count / most * (top - floor)
        drawing.add(
            Rect(
                px(start),
                floor,
                px(end) - px(start),
                height,
                fillColor=BAND,
                strokeColor=RULE,
                strokeWidth=0.4,
            )
        )
    drawing.add(Line(_LEFT, floor, _WIDTH - _RIGHT, floor, strokeColor=MUTED, strokeWidth=0.6))
    for value in round_ticks(low, high):
        drawing.add(Line(px(value), floor, px(value), floor - 3, strokeColor=MUTED, strokeWidth=0.6))
        _text(drawing, px(value), floor - 12, f"{value:g}", "middle")
    _text(drawing, _LEFT - 4, top - 6, str(most), "end")
    _text(drawing, _LEFT - 4, floor - 3, "0", "end")
    drawing.add(String(_LEFT, bottom + _HEIGHT - 18, head, fontName=_FONT, fontSize=9.5, fillColor=INK))
    note = "A place among these people is no percentile of a population. Upwards: samples. Research use only."
    _text(drawing, _LEFT, bottom + 8, note, "start")


def round_ticks(low: float, high: float) -> list[float]:
    """Two to six multiples of 1, 2 or 5 times a power of ten between two numbers."""
    step = 10.0 ** math.floor(math.log10((high - low) / 6))
    step *= next(times for times in (1, 2, 5, 10) if (high - low) / (times * step) <= 6)
    numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
    return [float(f"{n * step:.12g}") for n in numbers]


def _text(drawing: Drawing, x: float, y: float, text: str, anchor: str) -> None:
    drawing.add(String(x, y, text, fontName=_FONT, fontSize=8, fillColor=MUTED, textAnchor=anchor))
