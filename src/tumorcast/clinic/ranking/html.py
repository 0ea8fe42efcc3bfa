"""The record as one page of HTML for a tumour board: self-contained, without scripts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from tumorcast.clinic.ranking import words
from tumorcast.clinic.ranking.charts import chart_svg
from tumorcast.clinic.ranking.record import Ranking


def html_of(ranking: Ranking) -> str:
    """The page; every text of the record is escaped."""
    sections = [
        (title, [one for one in ranking.candidates if one.is_standard is is_standard])
        for title, is_standard in (("Guideline standards", True), ("Other regimens", False))
    ]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            ranking=ranking,
            sections=[section for section in sections if section[1]],
            names={one.key: one.name for one in ranking.candidates},
            words=words,
            chart=chart_svg(ranking),
            style=Markup(_text("page.css")),
        )
    )


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
    return (files(__package__) / name).read_text(encoding="utf-8")
