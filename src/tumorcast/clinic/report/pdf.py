"""The record as a PDF on A4: every page with patient, model, number of pages and the research-use notice."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from tumorcast.clinic.report import words
from tumorcast.clinic.report.charts import INK, MUTED, RULE
from tumorcast.clinic.report.fonts import plain
from tumorcast.clinic.report.notices import RESEARCH_USE
from tumorcast.clinic.report.pdf_sections import story_of
from tumorcast.clinic.report.record import PatientReport

_SIDE, _TOP, _BOTTOM = 20 * mm, 24 * mm, 21 * mm


def pdf_of(report: PatientReport) -> bytes:
    """The whole file."""
    stream = BytesIO()
    who = f"{report.subject.patient_id} {report.subject.course_id}".strip()
    document = BaseDocTemplate(
        stream,
        pagesize=A4,
        title=f"{words.TITLE}: {who}",
        author=f"tumorcast {report.provenance.tumorcast}",
        subject=RESEARCH_USE,
        lang="en",
        invariant=1,
    )
    width, height = A4
    frame = Frame(_SIDE, _BOTTOM, width - 2 * _SIDE, height - _TOP - _BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("page", [frame])])
    document.build(story_of(report), canvasmaker=_pages_of(report))
    return stream.getvalue()


def _pages_of(report: PatientReport) -> type[Canvas]:
    """A canvas that draws header, footer and watermark once the number of pages is known."""

    class Pages(Canvas):
        """Keeps finished pages until all are there."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._finished: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802
            self._finished.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, state in enumerate(self._finished, start=1):
                self.__dict__.update(state)
                _frame_page(self, report, number, len(self._finished))
                super().showPage()
            super().save()

    return Pages


def _frame_page(canvas: Canvas, report: PatientReport, number: int, count: int) -> None:
    width, height = A4
    subject, model = report.subject, report.provenance.model_id
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.7)
    canvas.line(_SIDE, height - 18 * mm, width - _SIDE, height - 18 * mm)
    canvas.line(_SIDE, 17 * mm, width - _SIDE, 17 * mm)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 8.5)
    canvas.drawString(
        _SIDE,
        height - 15.5 * mm,
        plain(f"Patient {subject.patient_id}   Course {subject.course_id or 'none'}"),
    )
    canvas.setFont("Helvetica", 8.5)
    canvas.drawRightString(
        width - _SIDE, height - 15.5 * mm, plain(f"Model {model}   {words.status_word(report.sign_off)}")
    )
    canvas.setFont("Helvetica-Bold", 7.8)
    canvas.drawString(_SIDE, 12.8 * mm, RESEARCH_USE)
    canvas.setFillColor(MUTED)
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(width - _SIDE, 12.8 * mm, f"Page {number} of {count}")
    if report.watermark:
        _mark(canvas, report.watermark)


def _mark(canvas: Canvas, text: str) -> None:
    width, height = A4
    canvas.saveState()
    canvas.translate(width / 2, height / 2)
    canvas.rotate(52)
    canvas.setFillColorRGB(0.5, 0.1, 0.1, alpha=0.13)
    canvas.setFont("Helvetica-Bold", min(40.0, 40.0 * 27 / max(len(text), 1)))
    canvas.drawCentredString(0, 0, plain(text))
    canvas.restoreState()
