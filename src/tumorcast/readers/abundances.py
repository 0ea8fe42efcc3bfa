"""Tables of abundances (proteins, metabolites): separators, descriptions, scale, features that repeat."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare

_LINEAR_MEDIAN, _LINEAR_MOST = 50.0, 1_000.0
"""No log2 of an intensity has a median above 50; no logarithm, ratio or z-score reaches 1000."""

_PLAIN_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?\s*")


@contextmanager
def as_tabs(path: Path) -> Iterator[Path]:
    """The table itself, or for the time of the context a tab-separated copy: of a comma-separated or quoted one, or of
    one whose header lacks the name of the first column (as R writes it).

    Raises:
        InputError: not there, not text, or a damaged archive.
    """
    start = list(islice(_lines(path), 2))
    separator = "\t" if "\t" in "".join(start[:1]) else ","
    header, first = [*_cells(start, separator), [], []][:2]
    is_short = len(first) == len(header) + 1 and first[-1].strip() != ""
    if separator == "\t" and not is_short and not any('"' in line for line in start):
        yield path
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name.removesuffix(".gz")
        with copy.open("w", encoding="utf-8", newline="\n") as target:
            target.write("\t" if is_short else "")
            for row in _cells(_lines(path), separator):
                target.write("\t".join(" ".join(bare(cell).split()) for cell in row) + "\n")
        yield copy


def _lines(path: Path) -> Iterator[str]:
    """Lines of a table without blank ones and comments."""
    with open_text(path) as file:
        yield from (line for line in file if line.strip() and not line.startswith("#"))


def _cells(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    if separator == "\t":
        return csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def first_rows(table: Path, count: int = 200) -> tuple[list[str], list[list[str]]]:
    """(names of the columns, cells of the first rows) of a tab-separated file.

    Raises:
        InputError: fewer than two columns, or nothing below the header.
    """
    header, *rows = [
        [bare(cell) for cell in line.rstrip("\r\n").split("\t")] for line in islice(_lines(table), count + 1)
    ] or [[]]
    if len(header) < 2 or not rows:
        raise InputError(
            f"{table.name} is not a table of samples and features",
            got=f"{len(header)} columns, {len(rows)} rows",
            expected="columns separated by tabs or commas, the first of them names",
        )
    return header, rows


def text_columns(
    header: list[str], rows: list[list[str]], notes: Iterable[str], file: str, report: list[Exclusion]
) -> list[str]:
    """Columns that describe rows: the first, those in `notes` (lower case), and those that hold words alone (told)."""
    known = {header[0], *(name for name in header if name.lower() in notes)}
    told = [
        name
        for place, name in enumerate(header)
        if name not in known and _is_text([row[place] for row in rows if len(row) > place])
    ]
    if told:
        detail = f"{len(told)} columns of words taken as descriptions: {', '.join(told[:5])}"
        report.append(Exclusion("layer", file, "text_columns", detail))
    return [name for name in header if name in known or name in told]


def _is_text(cells: list[str]) -> bool:
    given = [cell for cell in cells if cell not in NOT_AVAILABLE]
    if not given or any(map(_PLAIN_NUMBER.fullmatch, given)):
        return False
    return not numbers_of(pd.Series(given, dtype=str), CellCounts()).notna().any()


def by_sample_name(
    values: pd.DataFrame, samples: pd.Series, file: str, report: list[Exclusion]
) -> pd.DataFrame:
    """Rows of samples -> column x sample; rows without a name, and second ones of a sample, are left out and told."""
    is_nameless = samples.isna() | (samples == "")
    is_again = samples.duplicated() & ~is_nameless
    for rows, reason in ((is_nameless, "no_identifier"), (is_again, "duplicate_row")):
        if rows.any():
            report.append(Exclusion("sample", file, reason, f"{int(rows.sum())} rows left out"))
    is_kept = (~is_nameless & ~is_again).to_numpy()
    return values[is_kept].set_axis(pd.Index(samples[is_kept].tolist()), axis=0).T


def to_log2(values: pd.DataFrame, file: str, report: list[Exclusion]) -> pd.DataFrame:
    """log2 of linear intensities, 0 (not detected) as NaN; all else as it is. What was judged is said in the report.

    Linear are values with a median above 50 or a highest above 1000, unless the features' own medians are about 1
    (scaled data).

    Args:
        values: feature x sample.

    Raises:
        InputError: negative values among linear ones.
    """
    known = values.to_numpy(np.float32)
    known = known[~np.isnan(known)]
    if not known.size:
        return values
    lowest, middle, highest = float(known.min()), float(np.median(known)), float(known.max())
    span = f"from {lowest:g} to {highest:g}, median {middle:g}"
    is_scaled = lowest >= 0 and 0.5 <= float(values.median(axis=1).median()) <= 2
    if is_scaled or (middle <= _LINEAR_MEDIAN and highest <= _LINEAR_MOST):
        told = f"logarithms, ratios or scaled values ({span}): kept as they are"
        report.append(Exclusion("layer", file, "scale_judged", told))
        return values
    if lowest < 0:
        raise InputError(
            f"{file}: negative values among linear intensities",
            got=span,
            expected="intensities or peak areas of 0 and more, or logarithms",
            fix="give the table before background was subtracted, or its logarithms",
        )
    n_zero = int((known == 0).sum())
    told = f"linear intensities ({span}) to log2; {n_zero} zeros are not detected: unknown"
    report.append(Exclusion("layer", file, "converted", told))
    return values.where(values > 0).apply(np.log2)


def one_column_each(
    values: pd.DataFrame, features: Sequence[str | None], file: str, report: list[Exclusion]
) -> pd.DataFrame:
    """feature x sample -> sample x feature, float32; rows of one feature are averaged, rows of none left out (told)."""
    is_named = np.array([feature is not None for feature in features], bool)
    names = pd.Index([feature for feature in features if feature is not None])
    n_again = int(names.duplicated().sum())
    if not is_named.all():
        told = f"{int((~is_named).sum())} rows without a known name left out"
        report.append(Exclusion("feature", file, "no_identifier", told))
    if n_again:
        told = f"{n_again} rows averaged into their feature"
        report.append(Exclusion("feature", file, "duplicate_rows", told))
    table = values[is_named].set_axis(names, axis=0)
    if n_again:
        table = table.groupby(level=0, sort=False).mean()
    return table.T.astype(np.float32).rename_axis(index="sample_id", columns=None)
