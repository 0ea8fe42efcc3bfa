"""Fan chart of a record: scans, bands, RECIST's lines, and always the last value carried forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup
from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor

from tumorcast.clinic.report.charts import AGAINST, BAND, FOR, INK, MUTED, RULE, svg_of
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.record import Band, ScenarioRecord, TwinRecord

WIDTH, HEIGHT = 560.0, 300.0
_LEFT, _RIGHT, _BOTTOM, _TOP = 44.0, 96.0, 52.0, 30.0
_DEEP, _OTHER, _OTHER_BAND = HexColor("#9cc3dc"), HexColor("#7a3e9d"), HexColor("#e7d9ef")
_MODEL = HexColor("#8a6100")
_FONT, _SIZE = "Helvetica", 8.0
Place = Callable[[float], float]


def fan_svg(record: TwinRecord, scenario: ScenarioRecord | None = None, name: str = "twin") -> Markup:
    """The fan chart as an SVG element without inline styles, for pages and panels.

    Args:
        scenario: a "what if" of the record, drawn over the forecast.
        name: keeps its internal names apart from those of other pictures on a page.
    """
    return svg_of(fan_drawing(record, scenario), name, told(record, scenario))


def told(record: TwinRecord, scenario: ScenarioRecord | None = None) -> str:
    """What the picture shows, for who does not see it."""
    whose = (
        "Simulated population, not this patient"
        if record.kind == "population_simulation"
        else "Sum of diameters of one patient"
    )
    more = f", with what if: {scenario.name}" if scenario else ""
    if record.shift:
        more += ", the same without what a model said before any scan"
    return f"{whose}: scans, forecast with bands of 50 and 90 percent, last value carried forward{more}"


def fan_drawing(record: TwinRecord, scenario: ScenarioRecord | None = None) -> Drawing:
    """The fan chart; a refused record shows scans and the last value alone."""
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.add(Rect(0, 0, WIDTH, HEIGHT, fillColor=HexColor("#ffffff"), strokeColor=None))
    px, py = _axes(drawing, record, scenario)
    _bands(drawing, _joined(record, record.fan), px, py, (BAND, _DEEP, FOR))
    if scenario is not None and scenario.fan:
        _bands(drawing, _joined(record, scenario.fan), px, py, (None, _OTHER_BAND, _OTHER))
    _thresholds(drawing, record, px, py)
    _prior(drawing, record, px, py)
    _last_value(drawing, record, px, py)
    _scans(drawing, record, px, py)
    _legend(drawing, record, scenario)
    if record.kind == "population_simulation":
        mark = words.population_mark(bool(record.shift))
        _text(
            drawing,
            (WIDTH - _RIGHT + _LEFT) / 2,
            HEIGHT - 46,
            mark,
            AGAINST,
            "middle",
            9 if record.shift else 13,
        )
    return drawing


def _axes(drawing: Drawing, record: TwinRecord, scenario: ScenarioRecord | None) -> tuple[Place, Place]:
    days = [one.day for one in record.scans] + [record.horizon_day] + [one.day for one in record.fan]
    most = _top(record, scenario)
    first, last = min(days), max(days)
    span = (last - first) or 1.0

    def px(day: float) -> float:
        return _LEFT + (day - first) / span * (WIDTH - _LEFT - _RIGHT)

    def py(size: float) -> float:
        return _BOTTOM + min(max(size, 0.0), most) / most * (HEIGHT - _BOTTOM - _TOP)

    for k in range(6):
        y = py(most * k / 5)
        drawing.add(Line(_LEFT, y, WIDTH - _RIGHT, y, strokeColor=RULE, strokeWidth=0.5))
        _text(drawing, _LEFT - 4, y - 3, f"{most * k / 5:g}", MUTED, "end")
    for day in _ticks(first, last):
        drawing.add(Line(px(day), _BOTTOM, px(day), _BOTTOM - 3, strokeColor=MUTED, strokeWidth=0.6))
        _text(drawing, px(day), _BOTTOM - 13, f"{day:g}", MUTED, "middle")
    _text(drawing, _LEFT, HEIGHT - 16, "Sum of diameters, mm", INK, "start", 9.5)
    _text(drawing, WIDTH - _RIGHT, _BOTTOM - 25, "days", MUTED, "end")
    highest = max(_reach(record, scenario), default=0.0)
    if highest > most:
        told = f"bands are cut off at {most:g} mm: they go on to {highest:.0f} mm"
        _text(drawing, WIDTH - _RIGHT, HEIGHT - 16, told, AGAINST, "end")
    return px, py


def _top(record: TwinRecord, scenario: ScenarioRecord | None) -> float:
    """End of the axis, mm: holds every scan and threshold; bands may go on above it."""
    held = [one.high_mm for one in record.scans if one.high_mm is not None]
    held += [
        size for size in (record.progression_mm, record.response_mm, record.last_value_mm) if size is not None
    ]
    reach = _reach(record, scenario)
    bands = float(np.quantile(reach, 0.97)) if reach else 0.0
    return _round_up(1.1 * max([*held, bands, 10.0]))


def _reach(record: TwinRecord, scenario: ScenarioRecord | None) -> list[float]:
    """How high what is drawn of the fans goes."""
    return [one.high_mm for one in record.fan] + [
        one.three_quarters_mm for one in (scenario.fan if scenario else ())
    ]


def _joined(record: TwinRecord, fan: Sequence[Band]) -> list[Band]:
    """With the last number before it, so that the fan begins where the scans end."""
    known = [one for one in record.scans if one.high_mm is not None]
    if not fan or not known or record.kind != "individual":
        return list(fan)
    size = float(known[-1].high_mm or 0.0)
    return [Band(known[-1].day, size, size, size, size, size), *fan]


def _bands(
    drawing: Drawing, fan: Sequence[Band], px: Place, py: Place, colours: tuple[Color | None, Color, Color]
) -> None:
    if not fan:
        return
    wide, deep, line = colours
    for colour, low, high in ((wide, "low_mm", "high_mm"), (deep, "quarter_mm", "three_quarters_mm")):
        if colour is None:
            continue
        edge = [(px(one.day), py(getattr(one, high))) for one in fan]
        edge += [(px(one.day), py(getattr(one, low))) for one in reversed(fan)]
        drawing.add(
            Polygon(
                [each for pair in edge for each in pair], fillColor=colour, strokeColor=None, fillOpacity=0.75
            )
        )
    flat = [each for one in fan for each in (px(one.day), py(one.median_mm))]
    drawing.add(PolyLine(flat, strokeColor=line, strokeWidth=1.6))


def _thresholds(drawing: Drawing, record: TwinRecord, px: Place, py: Place) -> None:
    end = WIDTH - _RIGHT
    lines = (
        (record.progression_mm, "PD from", AGAINST),
        (record.response_mm, "PR to", FOR),
        (record.nadir_mm, "nadir", MUTED),
    )
    places: list[float] = []
    for size, name, colour in sorted(lines, key=lambda one: -(one[0] or 0.0)):
        if size is None:
            continue
        y = py(size)
        drawing.add(Line(_LEFT, y, end, y, strokeColor=colour, strokeWidth=0.8, strokeDashArray=[1.5, 2]))
        at = y - 3
        while any(abs(at - other) < 9 for other in places):
            at -= 9
        places.append(at)
        _text(drawing, end + 4, at, f"{name} {size:.0f} mm", colour, "start", 7.5)


def _prior(drawing: Drawing, record: TwinRecord, px: Place, py: Place) -> None:
    """What a model expected before any scan, and the middle of the forecast without it."""
    prior = record.prior
    if prior is None or prior.expected is None or prior.day is None:
        return
    flat = [each for one in _joined(record, prior.fan) for each in (px(one.day), py(one.median_mm))]
    if len(flat) > 2:
        drawing.add(PolyLine(flat, strokeColor=_MODEL, strokeWidth=1.3, strokeDashArray=[1.2, 2.2]))
    if record.baseline_mm is not None and record.kind == "individual":
        x, change = px(prior.day), prior.expected
        low, middle, high = (
            py(record.baseline_mm * (1 + one / 100)) for one in (change.low, change.median, change.high)
        )
        drawing.add(Line(x, low, x, high, strokeColor=_MODEL, strokeWidth=1))
        corners = [x, middle + 4, x + 4, middle, x, middle - 4, x - 4, middle]
        drawing.add(Polygon(corners, fillColor=HexColor("#ffffff"), strokeColor=_MODEL, strokeWidth=1))
        _text(drawing, x + 4, high - 2, words.PRIOR_MARK, _MODEL, "start", 7)
    if prior.watermark:
        _text(drawing, (WIDTH - _RIGHT + _LEFT) / 2, HEIGHT - 60, prior.watermark, AGAINST, "middle", 8)


def _last_value(drawing: Drawing, record: TwinRecord, px: Place, py: Place) -> None:
    known = [one for one in record.scans if one.high_mm is not None]
    if record.last_value_mm is None or not known:
        return
    y = py(record.last_value_mm)
    drawing.add(
        Line(
            px(known[-1].day), y, px(max(record.horizon_day, known[-1].day)), y, strokeColor=INK,
            strokeWidth=1.2, strokeDashArray=[5, 3],
        )
    )  # fmt: skip


def _scans(drawing: Drawing, record: TwinRecord, px: Place, py: Place) -> None:
    measured = [one for one in record.scans if one.size_mm is not None]
    flat = [each for one in measured for each in (px(one.day), py(one.size_mm or 0.0))]
    if len(measured) > 1:
        drawing.add(PolyLine(flat, strokeColor=INK, strokeWidth=0.7))
    for one in record.scans:
        x = px(one.day)
        if one.status == "measured":
            drawing.add(Circle(x, py(one.size_mm or 0.0), 2.8, fillColor=INK, strokeColor=None))
        elif one.status == "below":
            top, bottom = py(one.high_mm or 0.0), py(one.low_mm or 0.0)
            drawing.add(Line(x, bottom, x, top, strokeColor=INK, strokeWidth=1.2))
            drawing.add(Circle(x, top, 2.8, fillColor=HexColor("#ffffff"), strokeColor=INK))
        else:
            _text(drawing, x, _BOTTOM + 3, "NE", MUTED, "middle", 7)


def _legend(drawing: Drawing, record: TwinRecord, scenario: ScenarioRecord | None) -> None:
    parts: list[tuple[str, Color]] = [("scans", INK)]
    if record.last_value_mm is not None:
        parts.append(("- - last value carried forward", INK))
    if record.fan:
        parts.append(("forecast: median, 50% and 90% bands", FOR))
    if record.shift and record.prior is not None:
        parts.append((f"... {words.PRIOR_LEGEND}", _MODEL))
    if scenario is not None and scenario.fan:
        parts.append((f"what if: {scenario.name[:28]} (median, 50%)", _OTHER))
    x = _LEFT
    for text, colour in parts:
        _text(drawing, x, 12, text, colour, "start", 7.5)
        x += 4.0 * len(text) + 14
    _text(drawing, WIDTH - 4, 2.5, words.RESEARCH_USE, MUTED, "end", 6.5)


def _round_up(size: float) -> float:
    step = 10.0 ** np.floor(np.log10(max(size, 1.0)))
    return float(next(step * k for k in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * k >= size - 1e-9))


def _ticks(first: float, last: float) -> list[float]:
    step = next((s for s in (7, 14, 28, 42, 84, 168, 336) if (last - first) / s <= 9), 672)
    return [float(k * step) for k in range(int(np.ceil(first / step)), int(last // step) + 1)]


def _text(
    drawing: Drawing, x: float, y: float, text: str, colour: Color, anchor: str, size: float = _SIZE
) -> None:
    drawing.add(String(x, y, text, fontName=_FONT, fontSize=size, fillColor=colour, textAnchor=anchor))
