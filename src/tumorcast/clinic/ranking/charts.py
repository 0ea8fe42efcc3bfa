"""Picture of a ranking: one row a candidate, standards first, bars with intervals; drawn from the record alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup
from reportlab.graphics import renderPDF, renderSVG
from reportlab.graphics.shapes import Drawing, Line, Polygon, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.words import estimate_text, outcome_title, sections
from tumorcast.clinic.report.charts import svg_of

INK, MUTED, RULE = HexColor("#1c2b36"), HexColor("#566573"), HexColor("#c9d2d9")
STANDARD, OTHER, HOLLOW = HexColor("#1f6f9f"), HexColor("#8fb8d0"), HexColor("#ffffff")
WIDTH = 720.0
_LABELS, _VALUES = 268.0, 118.0
_ROW, _HEAD = 22.0, 20.0
_FONT, _BOLD = "Helvetica", "Helvetica-Bold"
ALT = "Outcome among patients who received each regimen, guideline standards first, with intervals"


def ranking_chart(ranking: Ranking) -> Drawing:
    """The picture as reportlab's drawing, 720 points wide; a candidate without a number is a row of words."""
    rows = list(_rows(ranking))
    height = sum(_HEAD if isinstance(row, str) else _ROW for row in rows)
    drawing = Drawing(WIDTH, height + 66)
    drawing.add(Rect(0, 0, WIDTH, drawing.height, fillColor=HexColor("#ffffff"), strokeColor=None))
    y = drawing.height - 14
    _text(
        drawing,
        0,
        y,
        f"{outcome_title(ranking.outcome)} among patients who received it",
        INK,
        size=10,
        font=_BOLD,
    )
    if ranking.watermark:
        _text(drawing, WIDTH, y, ranking.watermark, HexColor("#a02c1d"), "end", 8, _BOLD)
    top = y - 8
    _axis(drawing, top, top - height)
    y = top
    for row in rows:
        if isinstance(row, str):
            y -= _HEAD
            _text(drawing, 0, y + 5, row, MUTED, size=8.5, font=_BOLD)
        else:
            y -= _ROW
            _candidate(drawing, y, row)
    _text(drawing, 0, 14, _legend(ranking), MUTED, size=7.5)
    _text(drawing, 0, 3, "Not a cause, not advice. Research use only, preliminary.", MUTED, size=7.5)
    return drawing


def chart_svg(ranking: Ranking, name: str = "ranking") -> Markup:
    """The picture as an element of a page (no inline styles).

    Args:
        name: keeps its internal names apart from those of other pictures of the page.
    """
    return svg_of(ranking_chart(ranking), name, ALT)


def svg_file(ranking: Ranking) -> str:
    """The picture as the text of an SVG file."""
    text = renderSVG.drawToString(ranking_chart(ranking))
    return text[text.index("<svg") :]


def pdf_file(ranking: Ranking) -> bytes:
    """The picture as a PDF."""
    made: Any = renderPDF.drawToString(ranking_chart(ranking), ALT)
    return bytes(made)


def png_file(ranking: Ranking) -> bytes | None:
    """The picture as PNG at 144 dpi; None where reportlab has no renderer of pixels here."""
    try:
        from reportlab.graphics import renderPM

        made: Any = renderPM.drawToString(ranking_chart(ranking), fmt="PNG", dpi=144)
    except Exception:  # reportlab raises its own kinds where its renderer is not installed
        return None
    return bytes(made)


def _rows(ranking: Ranking) -> Iterator[str | Candidate]:
    for title, own in sections(ranking):
        yield title
        yield from own


def _legend(ranking: Ranking) -> str:
    told = [
        "line: interval",
        "number in brackets: group of ties" if ranking.tie_groups else "no order is supported",
    ]
    if any(one.has_number and one.tier != "seen_here" for one in ranking.candidates):
        told.append("hollow: not seen for this cancer")
    if any(one.reference is not None for one in ranking.candidates):
        told.append("diamond: independent action, no synergy assumed")
    return "; ".join(told)


def _axis(drawing: Drawing, top: float, bottom: float) -> None:
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.add(Line(_at(tick), bottom, _at(tick), top, strokeColor=RULE, strokeWidth=0.6))
        _text(drawing, _at(tick), bottom - 11, f"{tick:.0%}", MUTED, "middle", 7.5)


def _candidate(drawing: Drawing, y: float, one: Candidate) -> None:
    group = f"[{one.group}] " if one.group is not None else ""
    _text(drawing, _LABELS - 8, y + 8, _cut(group + one.name, _LABELS - 12, 8.5), INK, "end", 8.5)
    if one.number is None:
        told = one.reason or "no probability"
        _text(drawing, _at(0) + 4, y + 8, _cut(told, WIDTH - _at(0) - 6, 7.5), MUTED, "start", 7.5)
        return
    is_seen = one.tier == "seen_here"
    colour = STANDARD if one.is_standard else OTHER
    value = _at(one.number.value)
    drawing.add(
        Rect(
            _at(0), y + 6, max(value - _at(0), 0.6), 9,
            fillColor=colour if is_seen else HOLLOW, strokeColor=colour, strokeWidth=0.9,
        )
    )  # fmt: skip
    if one.number.low is not None and one.number.high is not None:
        low, high = _at(one.number.low), _at(one.number.high)
        for line in (
            (low, y + 10.5, high, y + 10.5),
            (low, y + 7.5, low, y + 13.5),
            (high, y + 7.5, high, y + 13.5),
        ):
            drawing.add(Line(*line, strokeColor=INK, strokeWidth=1))
    if one.reference is not None:
        _diamond(drawing, _at(one.reference.value), y + 10.5)
    _text(drawing, WIDTH, y + 8, estimate_text(one.number), INK, "end", 8)


def _diamond(drawing: Drawing, x: float, y: float) -> None:
    points: Sequence[float] = (x, y - 4, x - 4, y, x, y + 4, x + 4, y)
    drawing.add(Polygon(list(points), fillColor=HOLLOW, strokeColor=INK, strokeWidth=0.9))


def _at(probability: float) -> float:
    return _LABELS + probability * (WIDTH - _LABELS - _VALUES)


def _cut(text: str, width: float, size: float) -> str:
    if stringWidth(text, _FONT, size) <= width:
        return text
    while text and stringWidth(text + "...", _FONT, size) > width:
        text = text[:-1]
    return text.rstrip() + "..."


def _text(
    drawing: Drawing, x: float, y: float, text: str, colour: Color, anchor: str = "start", size: float = 8.5,
    font: str = _FONT,
) -> None:  # fmt: skip
    drawing.add(String(x, y, text, fontName=font, fontSize=size, fillColor=colour, textAnchor=anchor))
