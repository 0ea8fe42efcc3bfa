"""Charts of a report: drawn once with reportlab's graphics, shown as SVG on the page and as vectors in the PDF."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup, escape
from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing, Line, Polygon, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from tumorcast.clinic.report.record import Contribution, MissingLayer, PatientReport, Response
from tumorcast.clinic.report.words import (
    CONTRIBUTIONS_ALT,
    MISSING_ALT,
    modality_name,
    percent,
    scale_text,
    signed,
)

INK, MUTED, RULE = HexColor("#1c2b36"), HexColor("#566573"), HexColor("#c9d2d9")
FOR, AGAINST = HexColor("#1f6f9f"), HexColor("#c4620b")
"""Blue towards response, orange away from it: told apart by every kind of colour vision, and by the sign beside."""
BAND = HexColor("#cfe2ee")
WIDTH = 482.0
_FONT, _BOLD, _SIZE = "Helvetica", "Helvetica-Bold", 8.5
_ROW = 15.5
_LABELS, _VALUES = 120.0, 56.0

Place = Callable[[float], float]


def charts_of(report: PatientReport) -> dict[str, Markup]:
    """Name -> SVG of the charts that the record gives; "" of the others."""
    made = dict.fromkeys(("probability", "contributions", "missing"), Markup(""))
    response = report.response
    if response is not None:
        made["probability"] = svg_of(probability_scale(response), "probability", scale_text(response))
        if any(one.quantiles for one in report.missing):
            drawn = missing_chart(report.missing, response.probability)
            made["missing"] = svg_of(drawn, "missing", MISSING_ALT)
    if report.contributions:
        drawn = contributions_chart(report.contributions)
        made["contributions"] = svg_of(drawn, "contributions", CONTRIBUTIONS_ALT)
    return made


def probability_scale(response: Response) -> Drawing:
    """0 to 100% with interval, point and the training patients' share of responders."""
    drawing, left, right = Drawing(WIDTH, 62), 12.0, WIDTH - 12.0
    at = _linear(0, 1, left, right)
    drawing.add(Rect(left, 26, right - left, 12, fillColor=HexColor("#eef2f5"), strokeColor=None))
    if response.low is not None and response.high is not None:
        low, high = at(response.low), at(response.high)
        drawing.add(Rect(low, 26, high - low, 12, fillColor=BAND, strokeColor=FOR, strokeWidth=0.6))
    _percent_axis(drawing, at, 26, 12)
    if response.base_rate is not None:
        x = at(response.base_rate)
        drawing.add(Line(x, 22, x, 44, strokeColor=MUTED, strokeWidth=1, strokeDashArray=[2, 2]))
        _label(drawing, x, 47, f"training patients {percent(response.base_rate)}", MUTED, "middle")
    x = at(response.probability)
    drawing.add(
        Polygon(
            [x, 26, x - 6, 32, x, 38, x + 6, 32],
            fillColor=INK,
            strokeColor=HexColor("#ffffff"),
            strokeWidth=0.8,
        )
    )
    return drawing


def contributions_chart(contributions: Sequence[Contribution]) -> Drawing:
    """Waterfall from nothing to the model's own logit: what each layer adds, in the order of the layers."""
    values = [0.0 if one.value is None else one.value for one in contributions]
    ends = np.cumsum(values)
    starts = ends - values
    drawing = Drawing(WIDTH, _ROW * (len(values) + 1) + 22)
    span = [*ends, *starts, 0.0]
    at = _linear(min(span), max(span), _LABELS + 14, WIDTH - _VALUES - 8, share=0.03)
    top = drawing.height - 4
    _zero(drawing, at(0), top, _ROW * (len(values) + 1))
    for k, (one, start, end) in enumerate(zip(contributions, starts, ends, strict=True)):
        y = top - _ROW * (k + 1) + 4
        _row(drawing, y, modality_name(one.modality), signed(one.value) if one.is_present else "not measured")
        if one.value is not None:
            _bar(drawing, at(start), at(end), y, FOR if one.value >= 0 else AGAINST)
            drawing.add(Line(at(end), y, at(end), y - _ROW + 11, strokeColor=MUTED, strokeWidth=0.5))
    total = float(ends[-1]) if len(ends) else 0.0
    y = top - _ROW * (len(values) + 1) + 4
    _row(drawing, y, "All together", signed(total), is_bold=True)
    _bar(drawing, at(0), at(total), y, INK)
    _label(drawing, min(max(at(0), 0.35 * WIDTH), 0.62 * WIDTH), 4, "grey line: even odds", MUTED, "middle")
    _label(drawing, WIDTH, 4, "blue: towards response", FOR, "end")
    _label(drawing, 0, 4, "orange: away from it", AGAINST, "start")
    return drawing


def missing_chart(missing: Sequence[MissingLayer], now: float) -> Drawing:
    """For each missing layer the probability that could come: 5 to 95% as a line, the middle half as a box."""
    shown = [one for one in missing if one.quantiles]
    drawing = Drawing(WIDTH, (_ROW + 3) * len(shown) + 34)
    at = _linear(0, 1, _LABELS + 14, WIDTH - 12)
    bottom = 16.0
    height = (_ROW + 3) * len(shown)
    _percent_axis(drawing, at, bottom, height)
    for k, one in enumerate(shown):
        y = bottom + height - (_ROW + 3) * (k + 1) + 5
        low, quarter, middle, three, high = (at(value) for value in one.quantiles)
        _label(drawing, _LABELS, y + 3, modality_name(one.modality), INK, "end")
        drawing.add(Line(low, y + 6, high, y + 6, strokeColor=FOR, strokeWidth=1.2))
        drawing.add(Rect(quarter, y, three - quarter, 12, fillColor=BAND, strokeColor=FOR, strokeWidth=0.8))
        drawing.add(Line(middle, y, middle, y + 12, strokeColor=FOR, strokeWidth=2))
    x = at(now)
    drawing.add(
        Line(x, bottom, x, bottom + height + 4, strokeColor=INK, strokeWidth=1, strokeDashArray=[3, 2])
    )
    _label(drawing, x, bottom + height + 7, f"now {percent(now)}", INK, "middle")
    return drawing


def svg_of(drawing: Drawing, name: str, told: str) -> Markup:
    """The drawing as an element of a page, without inline styles, which the web page's policy forbids.

    Args:
        name: keeps its internal names apart from those of others.
        told: what it shows, for who does not see it.
    """
    text = renderSVG.drawToString(drawing)
    text = text[text.index("<svg") :]
    text = re.sub(r"<(desc|title)>.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r' style="([^"]*)"', _as_attributes, text)
    size = f"0 0 {drawing.width:g} {drawing.height:g}"
    head = f'<svg viewBox="{size}" class="chart" role="img" aria-label="{escape(told)}">'
    text = re.sub(r"<svg[^>]*>", lambda _: head, text, count=1)
    return Markup(re.sub(r'(\bid="|url\(#)', rf"\g<1>{name}-", text))


def _as_attributes(style: re.Match[str]) -> str:
    told = style[1].replace(_BOLD, f"{_FONT}; font-weight: 600").replace(_FONT, f"{_FONT}, Arial, sans-serif")
    pairs = (pair.split(":") for pair in told.split(";") if pair.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)


def _linear(low: float, high: float, left: float, right: float, share: float = 0.0) -> Place:
    span = (high - low) or 1.0
    low, high = low - share * span, high + share * span
    return lambda value: left + (value - low) / (high - low or 1.0) * (right - left)


def _percent_axis(drawing: Drawing, at: Place, bottom: float, height: float) -> None:
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.add(Line(at(tick), bottom, at(tick), bottom + height, strokeColor=RULE, strokeWidth=0.7))
        _label(drawing, at(tick), bottom - 11, f"{tick:.0%}", MUTED, "middle")


def _zero(drawing: Drawing, x: float, top: float, height: float) -> None:
    drawing.add(Line(x, top - height, x, top, strokeColor=RULE, strokeWidth=1))


def _bar(drawing: Drawing, start: float, end: float, y: float, colour: Color) -> None:
    drawing.add(Rect(min(start, end), y, max(abs(end - start), 0.6), 11, fillColor=colour, strokeColor=None))


def _row(
    drawing: Drawing, y: float, name: str, value: str, *, width: float = _LABELS, is_bold: bool = False
) -> None:
    _label(drawing, width, y + 2.5, name, INK, "end", is_bold)
    _label(drawing, WIDTH, y + 2.5, value, MUTED if value == "not measured" else INK, "end", is_bold)


def _label(
    drawing: Drawing, x: float, y: float, text: str, colour: Color, anchor: str, is_bold: bool = False
) -> None:
    font = _BOLD if is_bold else _FONT
    if anchor == "middle":
        half = stringWidth(text, font, _SIZE) / 2
        x = min(max(x, half), WIDTH - half)
    drawing.add(String(x, y, text, fontName=font, fontSize=_SIZE, fillColor=colour, textAnchor=anchor))
