"""A report as files in a folder: record, page, PDF, FHIR, heatmaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tumorcast.clinic.report.fhir import fhir_text
from tumorcast.clinic.report.html import html_of
from tumorcast.clinic.report.names import file_name
from tumorcast.clinic.report.pdf import pdf_of
from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.record_json import write_report_json
from tumorcast.readers.files import write_text
from tumorcast.slides.owner import written_whole
from tumorcast.slides.show.geojson import write_geojson
from tumorcast.slides.show.scores import TileScores

RECORD_NAME, PAGE_NAME, PDF_NAME, FHIR_NAME = "report.json", "report.html", "report.pdf", "fhir.json"


@dataclass(frozen=True)
class ReportFiles:
    """Where the files of a report lie; `geojsons`: a heatmap for each slide whose tiles have places and weights."""

    folder: Path
    json: Path
    html: Path
    pdf: Path
    fhir: Path
    geojsons: tuple[Path, ...]


def write_report(report: PatientReport, folder: Path) -> ReportFiles:
    """Write all files of a report; each is whole or not there. The record is written last: where it is, all is."""
    folder.mkdir(parents=True, exist_ok=True)
    page, pdf, fhir, record = (folder / name for name in (PAGE_NAME, PDF_NAME, FHIR_NAME, RECORD_NAME))
    write_text(page, html_of(report))
    with written_whole(pdf) as temporary:
        temporary.write_bytes(pdf_of(report))
    write_text(fhir, fhir_text(report))
    heatmaps = tuple(_heatmaps(report, folder))
    write_report_json(report, record)
    return ReportFiles(folder, record, page, pdf, fhir, heatmaps)


def _heatmaps(report: PatientReport, folder: Path) -> Iterator[Path]:
    for slide in report.slides:
        if slide.heat and slide.side_px:
            table = np.array(slide.heat)
            scores = TileScores(table[:, :2].astype(np.int64), table[:, 2], "attention")
            path = folder / f"heatmap_{file_name(slide.slide_id)}.geojson"
            write_geojson(path, scores, slide.side_px)
            yield path
