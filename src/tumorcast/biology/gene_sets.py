"""GMT files: one gene set a line, `name <tab> description <tab> gene <tab> gene ...`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from tumorcast.domain.errors import InputError


def lines_of(path: Path) -> Iterator[str]:
    """Lines of a plain or gzipped text file, one at a time, without their ends.

    Raises:
        InputError: absent, not text, or a damaged archive.
    """
    if not path.is_file():
        raise InputError("The file was not found.", got=path, fix="check the path")
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8-sig") as stream
        ):
            for line in stream:
                yield line.rstrip("\r\n")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as reason:
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
    for number, line in enumerate(lines_of(path), start=1):
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
