"""Calls made elsewhere: PharmCAT's outside call file, its calls-only report, or a table with a `sample` column.

PharmCAT's outside calls: tab-separated, `#` comments, no header: gene, diplotype, phenotype, activity score (the last
three each optional; what callers write beyond them is not read). With a header (`gene`, and any of `sample`,
`diplotype`, `phenotype`, `activity_score`) columns may stand in any order. Its calls-only report, which this package
writes too, has its own header (`Source Diplotype`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import open_text

_COLUMNS = ("sample", "gene", "diplotype", "phenotype", "activity_score", "lookup")
_RESULTS = ("diplotype", "phenotype", "activity_score")
_REPORT = {
    "gene": "gene", "source_diplotype": "diplotype", "phenotype": "phenotype", "activity_score": "activity_score",
    "recommendation_lookup_diplotype": "lookup",
}  # fmt: skip
_NO_CALLS = (
    ".", "./.", ".|.", "-", "no call", "no call/no call", "nocall", "not called", "no result", "n/a", "na", "nan",
    "none", "null", "unknown", "unknown/unknown", "not available", "not determined", "not tested", "undetermined",
    "failed",
)  # fmt: skip
"""Cells that say that there is nothing, each for itself."""


@dataclass(frozen=True)
class GivenCall:
    """One line; "" not given, or given as nothing (`n/a`, `.`).

    Attributes:
        sample: "" where the file names none.
        lookup: the two alleles that phenotype and guidance rest on, where the file tells them apart.
    """

    sample: str
    gene: str
    diplotype: str
    phenotype: str
    activity_score: str
    lookup: str = ""

    @property
    def is_no_call(self) -> bool:
        """Whether the line says that nothing was called."""
        return not (self.diplotype or self.phenotype or self.activity_score)


def read_star_calls(path: Path) -> list[GivenCall]:
    """Every line of the file; a gene may have several (PharmCAT reports each).

    Raises:
        InputError: no gene, no result, more columns than the header, or nothing at all.
    """
    with open_text(path) as text:
        lines = [line.rstrip("\r\n") for line in text]
    rows = [(n, line.split("\t")) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not rows:
        raise InputError(f"{path.name} holds no calls", expected="gene, diplotype, phenotype, activity score")
    order, rows = _order(rows)
    return [_call(path, number, cells, order) for number, cells in rows]


def _order(rows: list[tuple[int, list[str]]]) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """(names of the columns, rows below the header); a report's first line is its version."""
    for n, (_, cells) in enumerate(rows[:2]):
        header = [word.strip().lower().replace(" ", "_") for word in cells]
        if "gene" in header and "source_diplotype" in header:
            return tuple(_REPORT.get(word, "") for word in header), rows[n + 1 :]
        if "gene" in header and n == 0:
            return tuple(header), rows[1:]
    order = _COLUMNS[1:5]
    return order, [(number, cells[: len(order)]) for number, cells in rows]


def _call(path: Path, number: int, cells: Sequence[str], order: tuple[str, ...]) -> GivenCall:
    where = f"{path.name}, line {number}"
    if len(cells) > len(order):
        raise InputError(f"{where} has too many columns", got=len(cells), expected=", ".join(order))
    given = {k: cell.strip() for k, cell in zip(order, cells, strict=False)}
    values = dict.fromkeys(_COLUMNS, "") | given
    values["gene"] = values["gene"].upper()
    if not values["gene"]:
        raise InputError(f"{where} names no gene")
    if not any(values[column] for column in _RESULTS):
        raise InputError(
            f"{where} gives {values['gene']} no result", expected="a diplotype, a phenotype or an activity score",
            fix="separate the columns by tabs",
        )  # fmt: skip
    values |= dict.fromkeys((one for one in _RESULTS if values[one].lower() in _NO_CALLS), "")
    return GivenCall(*(values[column] for column in _COLUMNS))
