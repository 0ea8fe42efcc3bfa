"""Pages of HTML from templates that lie in a package: self-contained, every text escaped, nothing undefined."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

STYLE = "page.css"


def rendered(package: str, template: str, **content: Any) -> str:
    """A template of a package, with the style that lies beside it.

    Args:
        package: name of the package, whose folder holds both.
    """
    return _environment(package).get_template(template).render(style=Markup(_text(package, STYLE)), **content)


@cache
def _environment(package: str) -> Environment:
    return Environment(
        loader=FunctionLoader(lambda name: _text(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _text(package: str, name: str) -> str:
    return (files(package) / name).read_text(encoding="utf-8")
