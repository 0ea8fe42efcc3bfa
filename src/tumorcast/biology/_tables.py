"""Reads the embedded tables: TSV with `# source:`, `# version:` and `# licence:` lines above the header."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

REQUIRED_NOTES = ("source", "version", "licence")


@dataclass(frozen=True)
class EmbeddedTable:
    """One table of the package.

    Attributes:
        name: file name without `.tsv`.
        notes: the head lines, `source`, `version` and `licence` among them.
        rows: one dict a row, column name -> text.
    """

    name: str
    notes: dict[str, str]
    rows: tuple[dict[str, str], ...]


def table_names() -> tuple[str, ...]:
    """Names of all embedded tables."""
    folder = resources.files(__package__) / "tables"
    return tuple(sorted(f.name.removesuffix(".tsv") for f in folder.iterdir() if f.name.endswith(".tsv")))


@cache
def read_table(name: str) -> EmbeddedTable:
    """The embedded table `name`; parsed once a process."""
    text = (resources.files(__package__) / "tables" / f"{name}.tsv").read_text(encoding="utf-8")
    lines = text.splitlines()
    heads = [line[1:].strip() for line in lines if line.startswith("#")]
    notes = {key.strip(): value.strip() for key, _, value in (head.partition(":") for head in heads)}
    body = [line for line in lines if line.strip() and not line.startswith("#")]
    return EmbeddedTable(name, notes, tuple(csv.DictReader(body, delimiter="\t", quoting=csv.QUOTE_NONE)))


def split_list(cell: str) -> tuple[str, ...]:
    """The words of a cell that holds several, separated by spaces."""
    return tuple(cell.split())
