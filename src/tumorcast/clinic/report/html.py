"""The record as one page of HTML: self-contained, without scripts."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from tumorcast.clinic.report.notices import ATTENTION, RESEARCH_USE
from tumorcast.clinic.report.record import PatientReport


def html_of(report: PatientReport) -> str:
    """The page; every text of the record is escaped."""
    return _template().render(report=report, research_use=RESEARCH_USE, attention=ATTENTION)


@cache
def _template() -> Template:
    loader = PackageLoader("tumorcast.clinic.report", "")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.j2")
