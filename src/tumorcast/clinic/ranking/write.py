"""A ranking as files: record, table, page, picture."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.record_json import text_of
from tumorcast.clinic.ranking.table import table_text
from tumorcast.readers.files import write_bytes, write_text


def write_ranking(ranking: Ranking, out: Path) -> list[str]:
    """Write ranking.json and ranking.txt, and with the `lab` extra ranking.html and ranking.svg, .pdf, .png.

    Returns:
        What could not be written, in words.
    """
    write_text(out / "ranking.json", text_of(ranking))
    write_text(out / "ranking.txt", table_text(ranking))
    return list(_drawn(ranking, out))


def _drawn(ranking: Ranking, out: Path) -> Iterator[str]:
    if find_spec("reportlab") is None or find_spec("jinja2") is None:
        yield "no page and no picture: reportlab or jinja2 is not installed (pip install 'tumorcast[lab]')"
        return
    from tumorcast.clinic.ranking.charts import pdf_file, png_file, svg_file
    from tumorcast.clinic.ranking.html import html_of

    write_text(out / "ranking.html", html_of(ranking))
    write_text(out / "ranking.svg", svg_file(ranking))
    write_bytes(out / "ranking.pdf", pdf_file(ranking))
    pixels = png_file(ranking)
    if pixels is None:
        yield "no PNG: reportlab's renderer of pixels is not installed (SVG and PDF are there)"
    else:
        write_bytes(out / "ranking.png", pixels)
