"""Tables of features x samples as numbers, before anyone knows what the features are."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare

_BLOCK = 1 << 23
"""Characters of rows that are held as text at a time."""


def read_matrix(
    path: Path,
    row_columns: Sequence[str],
    report: list[Exclusion],
    samples: Collection[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the columns that name or describe rows, as text; the samples' values, row by row, float32).

    Unknown values are NaN: so are infinities and words, whose numbers are reported, and what rows shorter than
    the header lack. A second column of one sample is left out and reported. The file, plain or gzipped, passes
    through in blocks of rows: at most twice the result is held.

    Args:
        row_columns: names of columns that are not samples; those that the file lacks do not matter.
        samples: the only samples to read; those that the file lacks do not matter. None: all.

    Raises:
        InputError: not there, not a table, or a row longer than the header.
    """
    counts, labels, blocks, n_short = CellCounts(), [], [], 0
    with open_text(path) as file:
        names = _header(file, path)
        named, kept = _places(names, row_columns, samples, path, report)
        for lines in iter(partial(file.readlines, _BLOCK), []):
            rows, n_padded = _rows(lines, len(names), path)
            n_short += n_padded
            labels += [_cells(row, list(named.values())) for row in rows]
            blocks.append(_values(rows, list(kept.values()), counts))
    counts.tell(path.name, report)
    if n_short:
        told = f"{n_short} rows end before the header does: what they lack is unknown"
        report.append(Exclusion("feature", path.name, "short_rows", told))
    values = np.concatenate(blocks) if blocks else np.empty((0, len(kept)), np.float32)
    return _described(labels, list(named)), pd.DataFrame(values, columns=list(kept), copy=False)


def column_names(path: Path) -> list[str]:
    """Names of a table's columns as they stand in the file, repetitions included.

    Raises:
        InputError: not there, not text, empty.
    """
    with open_text(path) as file:
        return _header(file, path)


def _header(file: TextIO, path: Path) -> list[str]:
    """Column names from the first line that is neither a comment nor blank."""
    for line in file:
        if not line.startswith("#") and line.strip():
            return [bare(name) for name in line.rstrip("\n").split("\t")]
    raise InputError(f"{path.name} is not a table", got="no header", expected="columns separated by tabs")


def _places(
    names: list[str],
    row_columns: Sequence[str],
    samples: Collection[str] | None,
    path: Path,
    report: list[Exclusion],
) -> tuple[dict[str, int], dict[str, int]]:
    """Column -> its place: of those that describe rows, and of the samples wanted; the first of a name counts."""
    wanted = None if samples is None else {*samples, *row_columns}
    places: dict[str, int] = {}
    again: set[str] = set()
    for place, name in enumerate(names):
        if wanted is None or name in wanted:
            again |= {name} if places.setdefault(name, place) != place else set()
    told = f"its first column in {path.name} counts"
    report.extend(Exclusion("sample", name, "duplicate_column", told) for name in sorted(again))
    named = {name: places[name] for name in row_columns if name in places}
    return named, {name: place for name, place in places.items() if name not in named}


def _rows(lines: list[str], width: int, path: Path) -> tuple[list[str], int]:
    """Lines that are not blank, short ones filled up with empty cells, and how many were short."""
    rows = [line.rstrip("\n") for line in lines if not line.isspace()]
    lacks = [width - 1 - row.count("\t") for row in rows]
    if min(lacks, default=0) < 0:
        raise InputError(
            f"{path.name}: rows are longer than the header",
            got=f"{width} columns, a row of {width - min(lacks)}",
            expected="columns separated by tabs, each with a name",
        )
    if not any(lacks):
        return rows, 0
    return [row + "\t" * n for row, n in zip(rows, lacks, strict=True)], sum(n > 0 for n in lacks)


def _cells(row: str, places: list[int]) -> list[str]:
    cells = row.split("\t", max(places, default=0) + 1)
    return [cells[place] for place in places]


def _described(labels: list[list[str]], names: list[str]) -> pd.DataFrame:
    """[rows, names] text without quotation marks, NaN missing."""
    if not labels:
        return pd.DataFrame(columns=names, dtype=str)
    columns = (_column("\n".join(cells), str) for cells in zip(*labels, strict=True))
    return pd.DataFrame(
        {name: text.str.strip().str.strip('"') for name, text in zip(names, columns, strict=True)}
    )


def _values(rows: list[str], places: list[int], counts: CellCounts) -> NDArray[np.float32]:
    """[rows, places] of numbers; NaN unknown, infinities and words counted."""
    if not rows or not places:
        return np.empty((len(rows), len(places)), np.float32)
    try:
        values = np.loadtxt(
            rows, np.float32, comments=None, delimiter="\t", usecols=places, ndmin=2, max_rows=len(rows)
        )
    except ValueError:
        values = _numbers(_one_a_line(rows, places), counts).reshape(len(rows), len(places))
    is_infinite = np.isinf(values)
    counts.infinite += int(is_infinite.sum())
    values[is_infinite] = np.nan
    return values


def _one_a_line(rows: list[str], places: list[int]) -> str:
    first = places[0]
    if places == list(range(first, rows[0].count("\t") + 1)):
        return "\n".join(row.split("\t", first)[first] for row in rows).replace("\t", "\n")
    return "\n".join("\n".join(_cells(row, places)) for row in rows)


def _numbers(text: str, counts: CellCounts) -> NDArray[np.float32]:
    """Numbers of cells, one a line, some of them missing or words."""
    try:
        return _column(text, np.float32).to_numpy(copy=True)
    except ValueError:
        cells = _column(text, str)
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    is_odd = numbers.isna() & cells.notna()
    numbers[is_odd] = numbers_of(cells[is_odd], counts)
    return numbers.to_numpy(np.float32, copy=True)


def _column(text: str, dtype: Any) -> pd.Series:
    """Cells, one a line, as pandas reads them; missing values as NaN."""
    table = pd.read_csv(
        BytesIO(f"{text}\n".encode()), sep="\t", header=None, names=["cell"], dtype=dtype,
        na_values=NOT_AVAILABLE, quoting=csv.QUOTE_NONE, skip_blank_lines=False, low_memory=False,
    )  # fmt: skip
    return table["cell"]
