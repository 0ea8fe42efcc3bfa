"""Text tables of a study: found, read, written atomically; every failure told with the file's name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.domain.exclusions import Exclusion

NOT_AVAILABLE = ("", "NA", "N/A", "NaN", "nan", "null", "[Not Available]", "[Not Applicable]", "[Unknown]")


def digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_table(path: Path, sep: str = "\t") -> pd.DataFrame:
    """A table as text, comment lines (`#`) skipped, missing values as NaN; Windows line ends and BOM do not matter.

    Raises:
        InputError: not there, empty, not text, or rows of unequal length.
    """
    if not path.is_file():
        raise InputError(f"{path.name} is named by its meta file but not there", got=f"no {path}")
    try:
        table = pd.read_csv(
            path, sep=sep, comment=None, skiprows=comment_lines(path), dtype=str, na_values=NOT_AVAILABLE,
            keep_default_na=False, encoding="utf-8-sig", encoding_errors="replace",
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise InputError(
            f"{path.name} is not a table",
            got=str(error).splitlines()[0],
            expected=f"columns separated by {sep!r}, every row as long as the header",
        ) from None
    table.columns = [str(column).strip() for column in table.columns]
    return table.apply(lambda column: column.str.strip())


def comment_lines(path: Path) -> int:
    """How many lines that start with `#` stand before the header."""
    count = 0
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        for line in handle:
            if not line.startswith("#"):
                break
            count += 1
    return count


def to_numbers(table: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """Columns in which every known value is a number become floats; the others stay text.

    Infinite values become unknown, and are reported by their column.
    """
    made = {}
    for column in table.columns:
        numeric = pd.to_numeric(table[column], errors="coerce")
        is_number = numeric.notna().sum() == table[column].notna().sum() and numeric.notna().any()
        if not is_number:
            made[column] = table[column]
            continue
        is_infinite = np.isinf(numeric.astype(float))
        if is_infinite.any():
            told = f"{int(is_infinite.sum())} values taken as unknown"
            report.append(Exclusion("value", str(column), "infinite", told))
        made[column] = numeric.astype(float).mask(is_infinite)
    return pd.DataFrame(made, index=table.index)


def need_columns(table: pd.DataFrame, names: tuple[str, ...], path: Path) -> None:
    """Raise where a column is missing, naming those that are there."""
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise InputError(
            f"{path.name} lacks {', '.join(lacking)}",
            got=f"columns {', '.join(map(str, table.columns[:12]))}",
            expected=", ".join(names),
            fix=did_you_mean(lacking[0], map(str, table.columns)),
        )


def write_text(path: Path, text: str) -> None:
    """Under a temporary name in the same folder, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)
