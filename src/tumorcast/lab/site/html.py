"""A document as one page of HTML: self-contained, no script, nothing fetched."""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, Template
from markupsafe import Markup

from tumorcast.lab.site.charts import svg_text
from tumorcast.lab.site.document import Document, Part, Picture, Table


def html_of(page: Document) -> str:
    """The page as text."""
    return _template().render(page=page, kind_of=_kind, svg_of=lambda d: Markup(svg_text(d)), data_of=_data)


def _kind(part: Part) -> str:
    if isinstance(part, str):
        return "text"
    return "table" if isinstance(part, Table) else "picture" if isinstance(part, Picture) else "photograph"


def _data(image: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(image).decode("ascii")


@lru_cache(maxsize=1)
def _template() -> Template:
    text = (files("tumorcast.lab.site") / "page.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
