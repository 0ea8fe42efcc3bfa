"""GMT files: one gene set a line, `name <tab> description <tab> gene <tab> gene ...`."""

from __future__ import annotations

import gzip
from pathlib import Path

from tumorcast.domain.errors import InputError


def open_text(path: Path) -> str:
    """The whole text of a plain or gzipped file.

    Raises:
        InputError: absent, not text, or a damaged archive.
    """
    if not path.is_file():
        raise InputError("The file was not found.", got=path, fix="check the path")
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as reason:
        raise InputError(
            f"{path.name} is not readable as text.", got=reason, expected="UTF-8 text"
        ) from reason


def read_gmt(path: Path | str) -> dict[str, tuple[str, ...]]:
    """Gene sets of a GMT file: name -> genes as the file writes them, each once, in order.

    Blank lines and lines that begin with `#` are skipped. A set that occurs twice is an error, because
    either could be meant.

    Raises:
        InputError: absent, no set, a line without a gene, or a name twice (with the line's number).
    """
    path = Path(path)
    sets: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(open_text(path).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *rest = (cell.strip() for cell in line.split("\t"))
        members = tuple(dict.fromkeys(gene for gene in rest[1:] if gene))
        if not name or not members:
            raise InputError(
                f"{path.name}, line {number}, is no gene set.",
                got=line[:80],
                expected="name, description, then genes, separated by tabs",
            )
        if name in sets:
            raise InputError(f"{path.name}, line {number}, repeats a gene set.", got=name, fix="rename one")
        sets[name] = members
    if not sets:
        raise InputError(f"{path.name} holds no gene set.", expected="a GMT file with a set a line")
    return sets
