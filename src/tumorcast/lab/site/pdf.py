"""A document as a PDF in A4, with page numbers and room to sign."""

from __future__ import annotations

import io
from collections.abc import Iterator

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from tumorcast.clinic.report.fonts import marked, plain
from tumorcast.lab.site.document import Act, Document, Part, Photograph, Picture, Signature, Table, Tone

_TONES: dict[Tone, colors.Color] = {
    "good": colors.HexColor("#1f6f4a"),
    "bad": colors.HexColor("#a32626"),
    "open": colors.HexColor("#8a5a00"),
    "plain": colors.HexColor("#31506e"),
}
_SOFT, _LINE, _PALE = colors.HexColor("#5b6875"), colors.HexColor("#d5dce3"), colors.HexColor("#fae8e8")
_WIDTH = A4[0] - 36 * mm - 12
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12.5, spaceAfter=4)
_CELL = ParagraphStyle("cell", parent=_BODY, fontSize=8.5, leading=11, spaceAfter=0)
_HEAD = ParagraphStyle("head", parent=_CELL, textColor=_SOFT, fontName="Helvetica-Bold")
_NOTE = ParagraphStyle("note", parent=_BODY, fontSize=8, leading=10.5, textColor=_SOFT)
_TITLE = ParagraphStyle(
    "title", parent=_BODY, fontName="Helvetica-Bold", fontSize=16, leading=20, spaceAfter=1
)
_SECTION = ParagraphStyle(
    "section",
    parent=_BODY,
    fontName="Helvetica-Bold",
    fontSize=11,
    leading=14,
    spaceBefore=10,
    keepWithNext=1,
)


def pdf_of(page: Document) -> bytes:
    """The file's bytes; the same document gives the same bytes."""
    out = io.BytesIO()
    frame = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=18 * mm, bottomMargin=20 * mm,
        title=page.title, author="tumorcast", subject=page.subtitle, invariant=1,
    )  # fmt: skip

    def furniture(canvas: Canvas, _: object) -> None:
        _furnish(canvas, page)

    frame.build(list(_story(page)), onFirstPage=furniture, onLaterPages=furniture)
    return out.getvalue()


def _story(page: Document) -> Iterator[Flowable]:
    yield Paragraph(marked(page.title), _TITLE)
    yield Paragraph(marked(page.subtitle), _NOTE)
    yield Spacer(1, 6)
    yield _verdict(page)
    yield Spacer(1, 6)
    yield _facts(page.facts)
    for section in page.sections:
        heading: list[Flowable] = [Paragraph(marked(section.title), _SECTION)]
        for part in section.parts:
            is_whole = isinstance(part, Picture | Photograph | str)
            yield from [KeepTogether([*heading, *_part(part)])] if is_whole else [*heading, *_part(part)]
            heading = []
    if page.signature is not None:
        yield KeepTogether([Paragraph("Sign-off", _SECTION), *_sign(page.signature)])
    yield Spacer(1, 10)
    for notice in page.notices:
        yield Paragraph(marked(notice), _NOTE)


def _verdict(page: Document) -> Flowable:
    tone = _TONES[page.tone]
    style = ParagraphStyle(
        "verdict", parent=_BODY, fontName="Helvetica-Bold", fontSize=11, leading=14, textColor=tone
    )
    box = [
        ("LINEBEFORE", (0, 0), (0, -1), 4, tone), ("BACKGROUND", (0, 0), (-1, -1), colors.HexColor("#f6f8fa")),
        ("TOPPADDING", (0, 0), (-1, -1), 6), ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
    ]  # fmt: skip
    return Grid([[Paragraph(marked(page.verdict), style)]], colWidths=[_WIDTH], style=box)


def _facts(facts: tuple[tuple[str, str], ...]) -> Flowable:
    rows = [[Paragraph(marked(name), _HEAD), Paragraph(marked(value), _CELL)] for name, value in facts]
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1),
             ("BOTTOMPADDING", (0, 0), (-1, -1), 1), ("LEFTPADDING", (0, 0), (-1, -1), 0)]  # fmt: skip
    return Grid(rows, colWidths=[38 * mm, _WIDTH - 38 * mm], style=style) if rows else Spacer(1, 1)


def _part(part: Part) -> list[Flowable]:
    if isinstance(part, str):
        return [Paragraph(marked(part), _BODY)]
    if isinstance(part, Table):
        return _table(part)
    if isinstance(part, Picture):
        return [_fitted(part), Paragraph(marked(part.caption), _NOTE)]
    return [_photographs(part), Paragraph(marked(part.caption), _NOTE)]


def _table(table: Table) -> list[Flowable]:
    rows = [[Paragraph(marked(cell), _HEAD) for cell in table.head]]
    for i, row in enumerate(table.rows):
        cells = [Paragraph(marked(cell), _CELL) for cell in row]
        tone = table.tones[i] if table.tones else "plain"
        if table.tones and tone != "plain":
            bold = ParagraphStyle("tone", parent=_CELL, fontName="Helvetica-Bold", textColor=_TONES[tone])
            cells[-1] = Paragraph(marked(row[-1]), bold)
        rows.append(cells)
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
             ("LEFTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 2),
             ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]  # fmt: skip
    made: list[Flowable] = [Grid(rows, colWidths=_widths(table), style=style, repeatRows=1)]
    return [*made, Paragraph(marked(table.note), _NOTE)] if table.note else made


def _widths(table: Table) -> list[float]:
    """Shares of the page by the longest text of each column, none below 8%."""
    longest = [
        max(6, min(40, max(len(row[k]) for row in (table.head, *table.rows)))) for k in range(len(table.head))
    ]
    shares = [max(length / sum(longest), 0.08) for length in longest]
    return [_WIDTH * share / sum(shares) for share in shares]


def _fitted(picture: Picture) -> Flowable:
    drawing = picture.drawing
    scale = min(1.0, _WIDTH / drawing.width)
    if scale < 1:
        drawing = drawing.copy()
        drawing.scale(scale, scale)
        drawing.width, drawing.height = drawing.width * scale, drawing.height * scale
    drawing.hAlign = "LEFT"
    return drawing


def _photographs(part: Photograph) -> Flowable:
    width = _WIDTH / max(len(part.images), 2) - 6
    cells = []
    for image in part.images:
        shown = Image(io.BytesIO(image))
        scale = min(width / shown.imageWidth, 70 * mm / shown.imageHeight)
        shown.drawWidth, shown.drawHeight = shown.imageWidth * scale, shown.imageHeight * scale
        cells.append(shown)
    return Grid([cells], hAlign="LEFT", style=[("LEFTPADDING", (0, 0), (-1, -1), 0)])


def _sign(signature: Signature) -> list[Flowable]:
    if signature.acts:
        return [Paragraph(marked(f"Status: {signature.status}."), _BODY), *map(_act, signature.acts)]
    line = [("LINEABOVE", (0, 1), (0, 1), 0.7, colors.black), ("LINEABOVE", (2, 1), (2, 1), 0.7, colors.black),
            ("LINEABOVE", (4, 1), (4, 1), 0.7, colors.black)]  # fmt: skip
    names = [Paragraph(word, _NOTE) for word in ("Name", "", "Date", "", "Signature")]
    gap = 6 * mm
    each = (_WIDTH - 2 * gap) / 3
    return [
        Paragraph("Not signed yet.", _BODY),
        Grid(
            [[""] * 5, names],
            colWidths=[each, gap, each, gap, each],
            rowHeights=[14 * mm, 6 * mm],
            style=line,
        ),
    ]


def _act(act: Act) -> Flowable:
    told = f"{act.what} by <b>{marked(act.name)}</b>, {act.at}."
    return Paragraph(f"{told} {marked(act.comment)}" if act.comment else told, _BODY)


def _furnish(canvas: Canvas, page: Document) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 7.5)
    canvas.setFillColor(_SOFT)
    canvas.drawString(18 * mm, 11 * mm, plain(f"{page.title} - {page.subtitle}")[:110])
    status = "" if page.signature is None else f"{page.signature.status}, "
    canvas.drawRightString(A4[0] - 18 * mm, 11 * mm, f"{status}page {canvas.getPageNumber()}")
    if page.watermark:
        canvas.setFont("Helvetica-Bold", 8)
        canvas.setFillColor(_TONES["open"])
        canvas.drawCentredString(A4[0] / 2, A4[1] - 11 * mm, plain(page.watermark))
    if page.stamp:
        _stamp(canvas, page.stamp)
    canvas.restoreState()


def _stamp(canvas: Canvas, text: str) -> None:
    """At the head of the page, and across it below the text."""
    canvas.setFont("Helvetica-Bold", 10)
    canvas.setFillColor(_TONES["bad"])
    canvas.drawCentredString(A4[0] / 2, A4[1] - 15.5 * mm, text)
    canvas.setFont("Helvetica-Bold", 80)
    canvas.setFillColor(_PALE)
    canvas.translate(A4[0] / 2, A4[1] / 2)
    canvas.rotate(50)
    canvas.drawCentredString(0, 0, text.split()[0])
