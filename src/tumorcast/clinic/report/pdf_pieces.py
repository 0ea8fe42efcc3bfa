"""Typography of the PDF: paragraphs, tables, strips and boxes."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from tumorcast.clinic.report.charts import INK, MUTED, RULE, WIDTH
from tumorcast.clinic.report.fonts import marked

CAUTION, GOOD = HexColor("#a64f05"), HexColor("#1f6f9f")
_PALE = {CAUTION: HexColor("#fdf4ec"), GOOD: HexColor("#eef5f9")}
FINE = TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")])

_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.2, leading=12.4, textColor=INK, spaceAfter=2)


def _style(name: str, parent: ParagraphStyle = _BODY, **changes: object) -> ParagraphStyle:
    return ParagraphStyle(name, parent, **changes)


_STYLES = {
    "body": _BODY,
    "title": _style("title", fontName="Helvetica-Bold", fontSize=17, leading=21, spaceAfter=1),
    "question": _style("question", fontSize=11, leading=14, textColor=MUTED, spaceAfter=6),
    "heading": _style("heading", fontName="Helvetica-Bold", fontSize=11, leading=14, spaceBefore=11, spaceAfter=3,
                      borderColor=INK, keepWithNext=1),
    "third": _style("third", fontName="Helvetica-Bold", fontSize=8.6, textColor=MUTED, spaceBefore=6, keepWithNext=1),
    "small": _style("small", fontSize=8, leading=10.4, textColor=MUTED),
    "tile": _style("tile", fontSize=6.6, leading=8, textColor=MUTED),
    "cell": _style("cell", fontSize=8.4, leading=10.6, spaceAfter=0),
    "number": _style("number", fontSize=8.4, leading=10.6, alignment=TA_RIGHT, spaceAfter=0),
    "first": _style("first", fontName="Helvetica-Bold", fontSize=8.4, leading=10.6, spaceAfter=0),
    "head": _style("head", fontName="Helvetica-Bold", fontSize=7.6, leading=9.6, textColor=MUTED, spaceAfter=0),
    "headnumber": _style("headnumber", fontName="Helvetica-Bold", fontSize=7.6, leading=9.6, textColor=MUTED,
                         alignment=TA_RIGHT, spaceAfter=0),
    "fine": _style("fine", fontSize=7.2, leading=9, spaceAfter=0),
    "strip": _style("strip", fontName="Helvetica-Bold", fontSize=9, leading=12, spaceAfter=0),
    "flag": _style("flag", fontSize=8.8, leading=11.6, spaceAfter=0),
    "mark": _style("mark", fontName="Helvetica-Bold", fontSize=9.4, leading=13, textColor=HexColor("#ffffff"),
                   alignment=TA_CENTER, spaceAfter=0),
    "big": _style("big", fontName="Helvetica-Bold", fontSize=34, leading=38, spaceAfter=0),
    "refusal": _style("refusal", fontName="Helvetica-Bold", fontSize=22, leading=27, textColor=CAUTION),
    "reason": _style("reason", fontName="Helvetica-Bold", fontSize=14, leading=19, spaceAfter=6),
    "bullet": _style("bullet", fontSize=8.8, leading=11.6, leftIndent=10, bulletIndent=1),
}  # fmt: skip


def paragraph(text: str, style: str = "body") -> Paragraph:
    """Text in one of the styles; nothing in it is markup."""
    return Paragraph(marked(text), _STYLES[style])


def heading(text: str) -> Table:
    """A section's title over a rule."""
    rows = Table([[Paragraph(marked(text), _STYLES["heading"])]], colWidths=[WIDTH], hAlign="LEFT")
    rows.setStyle(
        [("LINEBELOW", (0, 0), (-1, -1), 1, INK), ("LEFTPADDING", (0, 0), (-1, -1), 0),
         ("TOPPADDING", (0, 0), (-1, -1), 10), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]
    )  # fmt: skip
    rows.keepWithNext = True
    rows.spaceAfter = 4
    return rows


def bullets(sentences: Sequence[str]) -> list[Flowable]:
    """A list."""
    return [Paragraph(marked(text), _STYLES["bullet"], bulletText="\N{BULLET}") for text in sentences]


def fitted(drawing: Drawing) -> Drawing:
    """The drawing as wide as the text."""
    share = WIDTH / drawing.width
    drawing.scale(share, share)
    drawing.width, drawing.height = WIDTH, drawing.height * share
    return drawing


def grid(
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    shares: Sequence[float],
    right: Sequence[int] = (),
    small: bool = False,
) -> Table:
    """A table; columns `right` are numbers. The head stands on every page that it reaches."""
    rows = [[paragraph(text, "headnumber" if k in right else "head") for k, text in enumerate(head)]]
    for row in cells:
        styles = [
            "fine" if small else "number" if k in right else "first" if k == 0 else "cell"
            for k in range(len(row))
        ]
        rows.append([paragraph(text, style) for text, style in zip(row, styles, strict=True)])
    made = Table(rows, colWidths=[share * WIDTH for share in shares], repeatRows=1, hAlign="LEFT")
    pad = 1.4 if small else 2.6
    made.setStyle(
        [("LINEBELOW", (0, 0), (-1, 0), 0.9, MUTED), ("LINEBELOW", (0, 1), (-1, -1), 0.5, RULE),
         ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), pad),
         ("BOTTOMPADDING", (0, 0), (-1, -1), pad), ("LEFTPADDING", (0, 0), (0, -1), 0),
         ("RIGHTPADDING", (-1, 0), (-1, -1), 0)]
    )  # fmt: skip
    return made


def identity(rows: Sequence[tuple[str, str]]) -> Table:
    """Name over value, four a line, in a grid."""
    cells = [[paragraph(name, "fine"), paragraph(value, "first")] for name, value in rows]
    lines = [cells[k : k + 4] for k in range(0, len(cells), 4)]
    made = Table(lines, colWidths=[WIDTH / 4] * 4, hAlign="LEFT")
    made.setStyle(
        [("GRID", (0, 0), (-1, -1), 0.6, RULE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
         ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4)]
    )  # fmt: skip
    made.spaceAfter = 4
    return made


def strip(text: str, tone: Color, style: str = "strip") -> Table:
    """A line of text with a coloured edge; filled where the style is "mark"."""
    made = Table([[paragraph(text, style)]], colWidths=[WIDTH], hAlign="LEFT")
    back = tone if style == "mark" else _PALE.get(tone, HexColor("#f3f6f8"))
    made.setStyle(
        [("BACKGROUND", (0, 0), (-1, -1), back), ("LINEBEFORE", (0, 0), (0, -1), 3, tone),
         ("TOPPADDING", (0, 0), (-1, -1), 3.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 4.5),
         ("LEFTPADDING", (0, 0), (-1, -1), 8)]
    )  # fmt: skip
    made.spaceBefore = made.spaceAfter = 3
    return made


def result_box(value: str, interval: str, rows: Sequence[tuple[str, str]]) -> Table:
    """The number, large, beside what is known of it."""
    left = [paragraph(value, "big"), paragraph("probability of response"), paragraph(interval, "small")]
    right: list[Flowable] = []
    for name, text in rows:
        right += [paragraph(name, "head"), paragraph(text, "flag")]
    made = Table([[left, right]], colWidths=[0.34 * WIDTH, 0.66 * WIDTH], hAlign="LEFT")
    made.setStyle(
        [("BOX", (0, 0), (-1, -1), 1.1, INK), ("LINEAFTER", (0, 0), (0, 0), 0.6, RULE),
         ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("TOPPADDING", (0, 0), (-1, -1), 8),
         ("BOTTOMPADDING", (0, 0), (-1, -1), 9), ("LEFTPADDING", (0, 0), (-1, -1), 11)]
    )  # fmt: skip
    made.spaceAfter = 6
    return made
