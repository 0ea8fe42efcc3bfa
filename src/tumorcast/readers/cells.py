"""Text cells -> numbers: limits of measurement, infinities and stray words are counted and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.domain.exclusions import Exclusion

_LIMIT_SIGN = r"^[<>]=?\s*(?=[\d.+-])"


@dataclass
class CellCounts:
    """How many cells of a file or a column were not plain numbers."""

    at_limit: int = 0
    not_a_number: int = 0
    infinite: int = 0

    def tell(self, name: str, report: list[Exclusion]) -> None:
        """One line of the report a kind of cell, under the name of the file or column."""
        told = (
            ("at_limit", self.at_limit, "at a limit of measurement (< or >) taken as that limit"),
            ("not_a_number", self.not_a_number, "words taken as unknown"),
            ("infinite", self.infinite, "values taken as unknown"),
        )
        report.extend(Exclusion("value", name, reason, f"{n} {what}") for reason, n, what in told if n)


def numbers_of(column: pd.Series, counts: CellCounts) -> pd.Series:
    """Floats of a column of numbers or text, NaN unknown.

    `>8.5` and `<0.1` count as the limit (cBioPortal allows them in numeric columns); infinities and words
    become NaN. Each is added to `counts`.
    """
    if pd.api.types.is_numeric_dtype(column):
        numeric = column.astype(float)
    else:
        text = column.astype("str").str.strip().str.strip('"')
        bare = text.str.replace(_LIMIT_SIGN, "", regex=True)
        numeric = pd.to_numeric(bare, errors="coerce").astype(float)
        counts.at_limit += int(((bare != text) & numeric.notna()).sum())
        counts.not_a_number += int((column.notna() & numeric.isna()).sum())
    is_infinite = np.isinf(numeric)
    counts.infinite += int(is_infinite.sum())
    return numeric.mask(is_infinite)


def to_numbers(
    table: pd.DataFrame, report: list[Exclusion], types: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Numeric columns become floats, the others stay text.

    Args:
        table: of text.
        report: where limits, words and infinities of numeric columns are told, by column.
        types: declared type of a column, "NUMBER", "STRING" or "BOOLEAN"; a column without one is numeric
            where each of its known values is a number.
    """
    types = types or {}
    return pd.DataFrame(
        {name: _column(table[name], types.get(str(name), ""), report) for name in table}, index=table.index
    )


def _column(column: pd.Series, declared: str, report: list[Exclusion]) -> pd.Series:
    counts = CellCounts()
    if declared in {"STRING", "BOOLEAN"}:
        return column
    if not declared:
        plain = pd.to_numeric(column, errors="coerce")
        if column.notna().sum() != plain.notna().sum() or not plain.notna().any():
            return column
    numeric = numbers_of(column, counts)
    counts.tell(str(column.name), report)
    return numeric
