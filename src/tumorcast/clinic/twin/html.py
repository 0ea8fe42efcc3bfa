"""The record as one page for a tumour board: self-contained, without scripts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.charts import fan_svg
from tumorcast.clinic.twin.record import TwinRecord
from tumorcast.clinic.twin.table import prior_lines


def html_of(record: TwinRecord) -> str:
    """The page; every text of the record is escaped."""
    scenarios = [
        (one, None if one.refused else fan_svg(record, one, f"scenario{k}"))
        for k, one in enumerate(record.scenarios)
    ]
    template = _environment().get_template("page.html.j2")
    return template.render(
        record=record,
        scenarios=scenarios,
        words=words,
        prior_lines=prior_lines(record.prior) if record.prior else [],
        chart=fan_svg(record),
        style=Markup(_text("page.css")),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def _text(name: str) -> str:
    return (files("tumorcast.clinic.twin") / name).read_text(encoding="utf-8")
