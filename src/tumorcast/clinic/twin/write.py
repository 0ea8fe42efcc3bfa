"""A record as files: twin.json, twin.txt, and with the `lab` extra a page and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tumorcast.clinic.twin.record import TwinRecord
from tumorcast.clinic.twin.record_json import record_text
from tumorcast.clinic.twin.table import table_text
from tumorcast.readers.files import write_bytes, write_text


def write_twin(record: TwinRecord, out: Path) -> list[str]:
    """Write twin.json and twin.txt, and where reportlab and jinja2 are installed twin.html, twin.svg and twin.png.

    Returns:
        What could not be written, in words.
    """
    write_text(out / "twin.txt", table_text(record))
    told = list(_drawn(record, out))
    write_text(out / "twin.json", record_text(record))
    return told


def _drawn(record: TwinRecord, out: Path) -> Iterator[str]:
    if find_spec("reportlab") is None or find_spec("jinja2") is None:
        yield "no page and no picture: reportlab or jinja2 is not installed (pip install 'tumorcast[lab]')"
        return
    from reportlab.graphics import renderPM, renderSVG

    from tumorcast.clinic.twin.charts import fan_drawing, told
    from tumorcast.clinic.twin.html import html_of

    drawing = fan_drawing(record)
    write_text(out / "twin.html", html_of(record))
    text = renderSVG.drawToString(drawing)
    text = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>", "", text[text.index("<svg") :], flags=re.DOTALL)
    write_text(out / "twin.svg", text.replace("<svg", f'<svg role="img" aria-label="{told(record)}"', 1))
    try:
        write_bytes(out / "twin.png", renderPM.drawToString(drawing, fmt="PNG", dpi=144))
    except Exception as error:
        yield f"no PNG: {type(error).__name__} (reportlab's renderer of pixels); SVG and page are there"
