"""Picture of a patient's survival curves with their bands, drawn from the record alone."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from reportlab.graphics import renderPDF, renderSVG
from reportlab.graphics.shapes import Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor

from tumorcast.clinic.curves.record import PatientCurves, RegimenCurve
from tumorcast.clinic.report.charts import svg_of
from tumorcast.readers.lesion_units import DAYS_PER_MONTH

INK, MUTED, RULE = HexColor("#1c2b36"), HexColor("#566573"), HexColor("#c9d2d9")
COLOURS = (
    HexColor("#1f6f9f"),
    HexColor("#c4620b"),
    HexColor("#4b7a3a"),
    HexColor("#7a4d9a"),
    HexColor("#8a6d1f"),
)
_DASHES = (None, [6, 2], [2, 2], [8, 2, 2, 2], [4, 4])
WIDTH, HEIGHT = 720.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 16.0, 34.0, 66.0
_LEGEND_ROW = 13.0
_FONT, _BOLD = "Helvetica", "Helvetica-Bold"
_TICK_DAYS = (30.4375, 60.875, 91.3125, 182.625, 365.25, 730.5)


def survival_chart(curves: PatientCurves) -> Drawing:
    """The picture as reportlab's drawing, 720 points wide; regimens without a curve are rows of words below."""
    drawn = [one for one in curves.curves if one.days]
    silent = [one for one in curves.curves if not one.days]
    extra = _LEGEND_ROW * (len(drawn) + len(silent))
    drawing = Drawing(WIDTH, HEIGHT + extra)
    drawing.add(Rect(0, 0, WIDTH, drawing.height, fillColor=HexColor("#ffffff"), strokeColor=None))
    frame = _Frame(drawing, curves, extra + _BOTTOM)
    _axes(frame, curves)
    for k, one in enumerate(drawn):
        _band(frame, one, COLOURS[k % len(COLOURS)])
    for k, one in enumerate(drawn):
        _line(frame, one, COLOURS[k % len(COLOURS)], _DASHES[k % len(_DASHES)])
    _words(drawing, curves, drawn, silent, extra)
    return drawing


def chart_svg(curves: PatientCurves, name: str = "curves") -> Markup:
    """The picture as an element of a page (no inline styles); `name` keeps its internal names apart from others'."""
    return svg_of(survival_chart(curves), name, alt_text(curves))


def svg_file(curves: PatientCurves) -> str:
    """The picture as an SVG file."""
    return str(renderSVG.drawToString(survival_chart(curves)))


def pdf_file(curves: PatientCurves) -> bytes:
    """The picture as a PDF page."""
    return bytes(renderPDF.drawToString(survival_chart(curves)))


def alt_text(curves: PatientCurves) -> str:
    """What the picture shows, for who does not see it."""
    since = f", given none by day {curves.landmark_day:g}" if curves.landmark_day else ""
    whose = _of_risk(curves)
    return f"{curves.endpoint}: share of patients without the event over the months{since}, with bands{whose}"


def _of_risk(curves: PatientCurves) -> str:
    return f" of {curves.risk_of}" if curves.risk_of else ""


class _Frame:
    """Places of days and shares in the drawing."""

    def __init__(self, drawing: Drawing, curves: PatientCurves, bottom: float) -> None:
        self.drawing, self.bottom = drawing, bottom
        self.top = drawing.height - _TOP
        self.first, self.last = 0.0, max(curves.horizon_day, 1.0)

    def x(self, day: float) -> float:
        return _LEFT + (day - self.first) / (self.last - self.first) * (WIDTH - _LEFT - _RIGHT)

    def y(self, share: float) -> float:
        return self.bottom + share * (self.top - self.bottom)


def _axes(frame: _Frame, curves: PatientCurves) -> None:
    drawing = frame.drawing
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = frame.y(share)
        drawing.add(Line(_LEFT, y, WIDTH - _RIGHT, y, strokeColor=RULE, strokeWidth=0.7))
        _text(drawing, _LEFT - 5, y - 3, f"{share:.0%}", anchor="end")
    step = next((days for days in _TICK_DAYS if frame.last / days <= 9), 1461.0)
    for k in range(int(frame.last // step) + 1):
        _text(
            drawing, frame.x(k * step), frame.bottom - 12, f"{k * step / DAYS_PER_MONTH:.0f}", anchor="middle"
        )
    _text(
        drawing,
        (_LEFT + WIDTH - _RIGHT) / 2,
        frame.bottom - 24,
        "months from the first day of treatment",
        anchor="middle",
    )
    if curves.landmark_day:
        x = frame.x(curves.landmark_day)
        drawing.add(
            Line(x, frame.bottom, x, frame.top, strokeColor=INK, strokeWidth=0.9, strokeDashArray=[3, 2])
        )
        _text(drawing, x + 3, frame.top - 9, f"landmark, day {curves.landmark_day:g}", INK)


def _band(frame: _Frame, one: RegimenCurve, colour: Color) -> None:
    points = _stairs(frame, one.days, one.high) + _stairs(frame, one.days, one.low)[::-1]
    fill = Color(colour.red, colour.green, colour.blue, alpha=0.16)
    frame.drawing.add(Polygon([v for point in points for v in point], fillColor=fill, strokeColor=None))


def _line(frame: _Frame, one: RegimenCurve, colour: Color, dash: list[int] | None) -> None:
    flat = [v for point in _stairs(frame, one.days, one.survival) for v in point]
    frame.drawing.add(PolyLine(flat, strokeColor=colour, strokeWidth=1.8, strokeDashArray=dash))


def _stairs(frame: _Frame, days: Sequence[float], shares: Sequence[float]) -> list[tuple[float, float]]:
    points = [(frame.x(days[0]), frame.y(shares[0]))]
    for day, before, share in zip(days[1:], shares[:-1], shares[1:], strict=True):
        points += [(frame.x(day), frame.y(before)), (frame.x(day), frame.y(share))]
    return points


def _words(
    drawing: Drawing,
    curves: PatientCurves,
    drawn: Sequence[RegimenCurve],
    silent: Sequence[RegimenCurve],
    extra: float,
) -> None:
    y = drawing.height - 14
    title = f"{curves.endpoint} among training patients of the predicted risk{_of_risk(curves)}"
    _text(drawing, 0, y, title, INK, size=10, font=_BOLD)
    if curves.watermark:
        _text(drawing, WIDTH, y, curves.watermark, HexColor("#a02c1d"), "end", 8, _BOLD)
    y = extra + 22
    for k, one in enumerate(drawn):
        colour, dash = COLOURS[k % len(COLOURS)], _DASHES[k % len(_DASHES)]
        drawing.add(
            Line(_LEFT, y + 3, _LEFT + 26, y + 3, strokeColor=colour, strokeWidth=1.8, strokeDashArray=dash)
        )
        _text(
            drawing,
            _LEFT + 32,
            y,
            f"{one.regimen}: {_middle(one)}{_whose(one)}",
            INK,
        )
        y -= _LEGEND_ROW
    for one in silent:
        _text(drawing, _LEFT, y, f"{one.regimen}: no curve; {one.reason}"[:140])
        y -= _LEGEND_ROW
    told = f"{curves.n_patients} training patients, {curves.n_events} events; no curve past day {curves.horizon_day:g}."
    _text(drawing, 0, 12, told, size=7.5)
    _text(drawing, 0, 3, "Not a cause, not advice. Research use only, preliminary.", size=7.5)


def _whose(one: RegimenCurve) -> str:
    said = ", as recorded" if one.given == "recorded" else ""
    return said + (
        f"; {one.n_here} of training received it" if one.n_here else "; none of training known to have"
    )


def _middle(one: RegimenCurve) -> str:
    if one.median_days is None:
        return "median not reached"
    return f"median {one.median_days / DAYS_PER_MONTH:.1f} months"


def _text(
    drawing: Drawing, x: float, y: float, text: str, ink: Color = MUTED, anchor: str = "start", size: float = 8,
    font: str = _FONT,
) -> None:  # fmt: skip
    drawing.add(String(x, y, text, fontName=font, fontSize=size, textAnchor=anchor, fillColor=ink))
