"""The record as one page of HTML: self-contained, without scripts, for screen and paper."""

from __future__ import annotations

from typing import Any

from tumorcast.clinic import pages
from tumorcast.clinic.report import notices, words
from tumorcast.clinic.report.charts import charts_of, svg_of
from tumorcast.clinic.report.panels import panels_of
from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.tables import tables_of

_PACKAGE = "tumorcast.clinic.report"


def html_of(report: PatientReport) -> str:
    """The page; every text of the record is escaped."""
    return rendered("page.html.j2", **shown(report))


def shown(report: PatientReport) -> dict[str, Any]:
    """What a template needs to show the record, here and on the lab's web page."""
    panels = panels_of(report)
    drawn = {one.key: svg_of(one.chart, one.key, one.alt) for one in panels if one.chart is not None}
    return {
        "report": report,
        "words": words,
        "notices": notices,
        "charts": charts_of(report) | drawn,
        "panels": panels,
        "tables": tables_of(report),
    }


def rendered(template: str, **content: Any) -> str:
    """A template of this folder, with the style of all pages."""
    return pages.rendered(_PACKAGE, template, **content)
