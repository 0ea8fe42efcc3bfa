"""The record as one page of HTML: self-contained, without scripts, for screen and paper."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from tumorcast.clinic.report import charts, notices, words
from tumorcast.clinic.report.record import PatientReport

_PACKAGE = "tumorcast.clinic.report"
_CELLS = (
    words.contribution_cells,
    words.gene_cells,
    words.programme_cells,
    words.placement_cells,
)


def html_of(report: PatientReport) -> str:
    """The page; every text of the record is escaped."""
    return rendered(
        "page.html.j2",
        report=report,
        words=words,
        notices=notices,
        charts={name: Markup(svg) for name, svg in _charts(report).items()},
        tile_rows=words.tile_rows(report),
    )


def rendered(template: str, **content: Any) -> str:
    """A template of this folder, with the style of all pages."""
    return _environment().get_template(template).render(style=Markup(_text("page.css")), **content)


def _charts(report: PatientReport) -> dict[str, str]:
    """Name -> SVG of the charts that the record gives; "" of the others."""
    made = dict.fromkeys(("probability", "contributions", "missing"), "")
    response = report.response
    if response is not None:
        made["probability"] = charts.svg_of(charts.probability_scale(response), "probability")
        if any(one.quantiles for one in report.missing):
            drawn = charts.missing_chart(report.missing, response.probability)
            made["missing"] = charts.svg_of(drawn, "missing")
    if report.contributions:
        made["contributions"] = charts.svg_of(
            charts.contributions_chart(report.contributions), "contributions"
        )
    return made


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({cells.__name__: cells for cells in _CELLS})
    return made


@cache
def _text(name: str) -> str:
    return (files(_PACKAGE) / name).read_text(encoding="utf-8")
