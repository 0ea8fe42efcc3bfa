"""The parts of the PDF, in the order and words of the page."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Image, KeepTogether, Spacer, Table

from tumorcast.clinic.report import charts, notices, words
from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.panels import panels_of
from tumorcast.clinic.report.pdf_pieces import (
    CAUTION,
    FINE,
    GOOD,
    WIDTH,
    bullets,
    fitted,
    grid,
    heading,
    identity,
    paragraph,
    result_box,
    strip,
)
from tumorcast.clinic.report.record import PatientReport, SlidePicture, Tile
from tumorcast.clinic.report.tables import tables_of

_MOST_HIGH = 74 * mm
_PARTS = {
    "genes": (0.14, 0.24, 0.08, 0.36, 0.18),
    "programmes": (0.4, 0.24, 0.16, 0.2),
    "placements": (0.44, 0.26, 0.3),
}
"""Tables -> widths of their columns."""


def story_of(report: PatientReport) -> list[Flowable]:
    """Everything between header and footer."""
    parts = [*_head(report), *(_refusal(report) if not report.is_predicted else _result(report))]
    parts += [*_flags(report), *_layers(report), *_missing(report), *_slides(report), *_parts(report)]
    for panel in panels_of(report):
        parts += _panel(panel)
    parts += [*_limits(report), *_appendix(report)]
    return parts


def _head(report: PatientReport) -> Iterator[Flowable]:
    yield paragraph(words.TITLE, "title")
    yield paragraph(words.question(report), "question")
    if report.watermark:
        yield strip(report.watermark, HexColor("#1c2b36"), "mark")
    yield Spacer(1, 5)
    yield identity(words.identity_rows(report))
    if report.subject.clinical:
        told = " \N{MIDDLE DOT} ".join(f"{name} {value}" for name, value in report.subject.clinical)
        yield paragraph(told, "small")
    yield Spacer(1, 4)
    yield strip(notices.RESEARCH_USE, CAUTION)


def _refusal(report: PatientReport) -> Iterator[Flowable]:
    yield Spacer(1, 14)
    yield paragraph("No prediction", "refusal")
    yield paragraph(report.reason[:1].upper() + report.reason[1:], "reason")
    yield paragraph(words.no_number(report))


def _result(report: PatientReport) -> Iterator[Flowable]:
    response, survival = report.response, report.survival
    if response is not None:
        yield heading("Result")
        yield result_box(
            words.percent(response.probability),
            words.interval_text(response),
            (
                ("Set of answers", f"{words.answers_text(response)}. {words.answers_promise(response)}"),
                ("Calibration", response.calibration),
            ),
        )
        yield charts.probability_scale(response)
        yield paragraph(words.interval_note(response), "small")
    if survival is not None:
        yield heading("Risk of progression or death")
        yield paragraph(words.survival_text(survival))


def _flags(report: PatientReport) -> Iterator[Flowable]:
    if report.flags:
        yield heading(words.flags_title(report))
        for flag in report.flags:
            tone = GOOD if flag.level == "note" else CAUTION
            yield strip(f"{flag.level.capitalize()}: {flag.sentence}", tone, "flag")
    elif report.is_predicted:
        yield heading(words.flags_title(report))
        yield paragraph(words.NOTHING_FOUND)


def _layers(report: PatientReport) -> Iterator[Flowable]:
    table = tables_of(report)["contributions"]
    if not table.rows:
        return
    yield heading(table.title)
    yield grid(table.head, table.rows, (0.26, 0.54, 0.2), table.numeric)
    yield Spacer(1, 6)
    yield charts.contributions_chart(report.contributions)
    if report.pattern is not None:
        yield strip(words.pattern_text(report), GOOD if report.pattern.is_validated else CAUTION, "flag")


def _missing(report: PatientReport) -> Iterator[Flowable]:
    if not report.missing:
        return
    parts: list[Flowable] = [heading("What a missing layer could change")]
    if report.response is not None and any(one.quantiles for one in report.missing):
        parts.append(charts.missing_chart(report.missing, report.response.probability))
        parts.append(paragraph(words.MISSING_LEGEND, "small"))
    parts += bullets([words.missing_text(one) for one in report.missing])
    yield KeepTogether(parts)


def _slides(report: PatientReport) -> Iterator[Flowable]:
    if not report.slides:
        return
    yield heading("What the model weighed in the slides")
    for slide in report.slides:
        yield KeepTogether(_picture(slide))
    for title, tiles in words.tile_rows(report):
        if tiles:
            yield KeepTogether([paragraph(title, "third"), _tiles(tiles)])


def _picture(slide: SlidePicture) -> list[Flowable]:
    found: list[Flowable] = []
    if slide.image:
        found.append(_image(slide.image, WIDTH, _MOST_HIGH))
    return [*found, paragraph(f"{words.slide_text(slide)} {notices.ATTENTION}", "small")]


def _image(encoded: str, most_wide: float, most_high: float) -> Image:
    image = Image(BytesIO(base64.b64decode(encoded)))
    scale = min(most_wide / image.imageWidth, most_high / image.imageHeight)
    image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
    image.hAlign = "LEFT"
    return image


def _tiles(tiles: Sequence[Tile]) -> Table:
    side = WIDTH / 6 - 6
    rows = [tiles[k : k + 6] for k in range(0, len(tiles), 6)]
    cells: list[list[list[Flowable]]] = []
    for row in rows:
        own = [[_image(one.image, side, side), paragraph(words.tile_text(one), "tile")] for one in row]
        cells.append([*own, *([[]] * (6 - len(own)))])
    return Table(cells, colWidths=[WIDTH / 6] * 6, style=FINE, hAlign="LEFT")


def _parts(report: PatientReport) -> Iterator[Flowable]:
    tables = tables_of(report)
    for name, shares in _PARTS.items():
        table = tables[name]
        if table.rows:
            parts = [heading(table.title), grid(table.head, table.rows, shares, table.numeric)]
            yield KeepTogether([*parts, paragraph(table.note, "small")] if table.note else parts)


def _panel(panel: Panel) -> Iterator[Flowable]:
    yield heading(panel.title)
    yield strip(panel.statement, CAUTION)
    for text in panel.warnings:
        yield strip(text, CAUTION, "flag")
    for text in panel.lines:
        yield paragraph(text)
    if panel.chart is not None:
        yield fitted(panel.chart)
    for table in panel.tables:
        yield paragraph(table.title, "third")
        yield grid(
            table.head, table.rows, table.shares or (1 / len(table.head),) * len(table.head), table.numeric
        )
        if table.note:
            yield paragraph(table.note, "small")
    yield from bullets(panel.notes)


def _limits(report: PatientReport) -> Iterator[Flowable]:
    if report.never_tested:
        yield heading("For whom the model was never tested")
        yield from bullets(report.never_tested)
    yield heading("What this report does not say")
    yield from bullets(report.limits)
    yield heading("Sign-off")
    yield paragraph(words.sign_off_text(report.sign_off))


def _appendix(report: PatientReport) -> Iterator[Flowable]:
    yield heading("Appendix: by what this report was made")
    yield grid(("What", "Which"), words.provenance_rows(report), (0.28, 0.72), small=True)
    if report.provenance.digests:
        yield paragraph("Digests of what was read (sha256)", "third")
        yield grid(("File", "sha256"), report.provenance.digests, (0.34, 0.66), small=True)
