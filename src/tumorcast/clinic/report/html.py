"""The record as one page of HTML: self-contained, without scripts, for screen and paper."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

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
    return _environment().get_template(template).render(style=Markup(_text("page.css")), **content)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _text(name: str) -> str:
    return (files(_PACKAGE) / name).read_text(encoding="utf-8")
