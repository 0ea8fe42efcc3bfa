"""Tables of features x samples as numbers, before anyone knows what the features are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.files import bare, comment_lines, parse


def read_matrix(
    path: Path, row_columns: Sequence[str], report: list[Exclusion]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the columns that name or describe rows, as text; the samples' values, row by row, float32).

    Unknown values are NaN: so are infinities and words, whose numbers are reported. A second column of one
    sample is left out and reported.

    Args:
        row_columns: names of columns that are not samples; those that the file lacks do not matter.

    Raises:
        InputError: not there, not a table.
    """
    table = parse(path, "\t", low_memory=False, dtype=dict.fromkeys(row_columns, str))
    names = _header(path)
    table.columns = pd.RangeIndex(len(names))
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    for name in sorted({name for place, name in enumerate(names) if places[name] != place}):
        report.append(
            Exclusion("sample", name, "duplicate_column", f"its first column in {path.name} counts")
        )
    named = [name for name in row_columns if name in places]
    described = pd.DataFrame(
        {name: table[places[name]].astype("str").str.strip().str.strip('"') for name in named}
    )
    counts = CellCounts()
    values = {
        name: numbers_of(table[place], counts).to_numpy(np.float32)
        for name, place in sorted(places.items(), key=lambda item: item[1])
        if name not in row_columns
    }
    counts.tell(path.name, report)
    return described, pd.DataFrame(values, index=table.index)


def _header(path: Path) -> list[str]:
    """Column names as they stand in the file, repetitions included."""
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        for _ in range(comment_lines(path)):
            next(handle)
        return [bare(name) for name in next(handle, "").rstrip("\r\n").split("\t")]
