"""A document as files: page, PDF, record."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from tumorcast.lab.site.document import Document
from tumorcast.lab.site.html import html_of
from tumorcast.lab.site.pdf import pdf_of
from tumorcast.readers.files import write_text


def plain(value: Any) -> Any:
    """Values that JSON has: NaN and infinity become None."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_document(page: Document, folder: Path, name: str, record: Any = None) -> list[Path]:
    """`NAME.html`, `NAME.pdf` and, where there is a record, `NAME.json`; each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / f"{name}.html", folder / f"{name}.pdf"]
    write_text(made[0], html_of(page))
    temporary = made[1].with_name(made[1].name + ".part")
    temporary.write_bytes(pdf_of(page))
    os.replace(temporary, made[1])
    if record is not None:
        made.append(folder / f"{name}.json")
        write_text(made[-1], json.dumps(plain(record), indent=1, allow_nan=False) + "\n")
    return made
