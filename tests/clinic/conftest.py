"""The text of a PDF that reportlab wrote, page by page."""

from __future__ import annotations

import base64
import re
import zlib

import pytest


def pages_of(pdf: bytes) -> list[str]:
    """Text in the order of drawing."""
    found = []
    for stream in re.findall(rb"/ASCII85Decode /FlateDecode[^>]*>>\s*stream\n(.*?)endstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>"))).decode("latin-1")
        except (ValueError, zlib.error):
            continue
        if " Tj" in content:
            found.append("\n".join(re.findall(r"\((.*?)(?<!\\)\) Tj", content)))
    return found


@pytest.fixture(scope="session")
def pdf_pages():
    """pdf_pages(bytes) -> text of each page."""
    return pages_of
