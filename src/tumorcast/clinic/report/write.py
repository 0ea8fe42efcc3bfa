"""A report as files in a folder: record, page, PDF, FHIR, heatmaps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tumorcast.clinic.report.html import html_of
from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.record_json import write_report_json
from tumorcast.readers.files import write_text

RECORD_NAME, PAGE_NAME, PDF_NAME, FHIR_NAME = "report.json", "report.html", "report.pdf", "fhir.json"


@dataclass(frozen=True)
class ReportFiles:
    """Where a report lies; `pdf` and `fhir` are None where they were not made."""

    folder: Path
    json: Path
    html: Path
    pdf: Path | None
    fhir: Path | None
    geojsons: tuple[Path, ...]


def write_report(report: PatientReport, folder: Path) -> ReportFiles:
    """Write all files of a report; each is whole or not there. The record is written last: where it is, all is."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / PAGE_NAME
    write_text(page, html_of(report))
    write_report_json(report, folder / RECORD_NAME)
    return ReportFiles(folder, folder / RECORD_NAME, page, None, None, ())
