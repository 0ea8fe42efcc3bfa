"""Fonts of the PDF: its own Helvetica where that has the letters, else one of the machine, else the letters' codes.

Helvetica knows the letters of Windows-1252. A name in another script must not be printed as boxes: a patient could be
taken for another.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

_WIDE = "WideLetters"
_FOLDERS = ("fonts/truetype/dejavu", "fonts/truetype/noto", "fonts/truetype/liberation", "fonts")
_FILES = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "arial.ttf", "Arial.ttf", "LiberationSans-Regular.ttf")
_SYMBOLS = "\N{MINUS SIGN}\N{MULTIPLICATION SIGN}"
"""Letters that are drawn in reportlab's own symbol font."""


def marked(text: str) -> str:
    """Text for a paragraph: markup escaped, letters that Helvetica lacks in another font or as codes."""
    if not _others(text):
        return escape(text)
    font = _wide_font()
    parts = []
    for letter in text:
        if not _others(letter):
            parts.append(escape(letter))
        elif font is not None and ord(letter) in font.face.charToGlyph:
            parts.append(f'<font name="{_WIDE}">{escape(letter)}</font>')
        else:
            parts.append(_code(letter))
    return "".join(parts)


def plain(text: str) -> str:
    """Text for a line that is drawn in Helvetica: letters that it lacks as codes."""
    return "".join(letter if not _others(letter) else _code(letter) for letter in text)


def _others(text: str) -> bool:
    for symbol in _SYMBOLS:
        text = text.replace(symbol, "")
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return True
    return False


def _code(letter: str) -> str:
    return f"[U+{ord(letter):04X}]"


@cache
def _wide_font() -> TTFont | None:
    """A font of the machine with many letters, registered; None where there is none."""
    roots = [
        Path("/usr/share"),
        Path("/usr/local/share"),
        Path("/Library"),
        Path(os.environ.get("WINDIR", "C:/Windows")),
    ]
    for name in _FILES:
        for path in (root / folder / name for root in roots for folder in _FOLDERS):
            if path.is_file():
                try:
                    font = TTFont(_WIDE, str(path))
                except (TTFError, OSError):
                    continue
                pdfmetrics.registerFont(font)
                return font
    return None
