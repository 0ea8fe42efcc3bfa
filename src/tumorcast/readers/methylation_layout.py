"""How a table of methylation is laid out: separator, header, which columns are samples, which are p-values or notes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.abundances import text_columns
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import bare

CPG = re.compile(r"cg\d{8}(?:_[A-Za-z]+\d+)?")
"""A CpG probe's name, with the suffix that EPICv2 gives its replicates."""
_NOTES = {
    "entrez_gene_id", "chromosome", "chr", "start", "end", "position", "pos", "mapinfo", "genomic_coordinate",
    "position_to_tss", "name", "description", "transcript_id",
}  # fmt: skip
_P_VALUE = re.compile(r"detection.?p|_pval|p[._ ]?value", re.IGNORECASE)
_AVERAGE = re.compile(r"(.+)\.AVG_Beta", re.IGNORECASE)


def head_of(path: Path) -> tuple[int, str, list[str], list[list[str]]]:
    """(lines above the first row of values, separator, names of the columns, cells of the first rows)."""
    n_above, lines = 0, list[str]()
    with open_text(path) as file:
        for line in file:
            if lines or (line.strip() and line[0] not in "#!"):
                lines.append(line)
            else:
                n_above += 1
            if len(lines) > 50 or (len(lines) > 1 and sum(map(len, lines)) > 1_000_000):
                break
    separator = next((mark for mark in ("\t", ",", ";") if mark in "".join(lines[:1])), ",")
    cells = [[bare(cell) for cell in row] for row in csv.reader(lines, delimiter=separator) if row]
    header, *rows = cells or [[]]
    if len(header) == 2 and CPG.fullmatch(header[0]) and not CPG.fullmatch(header[1]):
        return n_above, separator, ["", sample_of_file(path.name)], cells
    if rows and len(rows[0]) == len(header) + 1 and rows[0][-1]:
        header = ["", *header]
    if len(header) > 1 and all(map(CPG.fullmatch, header[:2])):
        raise InputError(
            f"{path.name} names no samples",
            got=f"a header that begins with the probe {header[0]}",
            expected="a first column of samples before those of probes",
        )
    if len(header) < 2 or not rows or _is_number(header[1]):
        raise InputError(
            f"{path.name} is no table of methylation",
            got=", ".join(header[:8]) or "nothing",
            expected="a header with the samples' names, then a row a probe, separated by tabs, commas or semicolons",
        )
    return n_above + 1, separator, header, rows


def sample_of_file(file: str) -> str:
    """The sample that a file of one sample is named by."""
    return re.split(r"\.methylation_array|\.(?:txt|tsv|csv)\b", file)[0]


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[\d.]+(e-?\d+)?", cell, re.IGNORECASE)) and "." in cell


def sample_columns(
    header: list[str], rows: list[list[str]], file: str, report: list[Exclusion]
) -> dict[str, int]:
    """Sample -> place of its column; the first of each sample counts, p-values and descriptions are left out."""
    places = {name: place for place, name in reversed(list(enumerate(header)))}
    for name in sorted({name for place, name in enumerate(header) if places[name] != place and name}):
        if not _P_VALUE.search(name):
            report.append(Exclusion("sample", name, "duplicate_column", f"its first column in {file} counts"))
    places = dict(sorted(places.items(), key=lambda item: item[1]))
    if averages := {found[1]: place for name, place in places.items() if (found := _AVERAGE.fullmatch(name))}:
        return averages
    if "Beta_value" in places:
        return {sample_of_file(file): places["Beta_value"]}
    is_p = [bool(_P_VALUE.search(name)) for name in header]
    if any(is_p):
        report.append(Exclusion("layer", file, "p_values", f"{sum(is_p)} columns of p-values left out"))
    names = [name for name in places if not _P_VALUE.search(name)]
    cells = [[row[places[name]] for name in names if places[name] < len(row)] for row in rows]
    notes = text_columns(names, cells, _NOTES, file, report)
    columns = {name: places[name] for name in names if name not in notes}
    if not columns:
        raise InputError(f"{file} holds no samples", got=", ".join(header[:8]), expected="a column a sample")
    return columns


def floats_of(table: pd.DataFrame, counts: CellCounts, dtype: DTypeLike = np.float32) -> NDArray[np.floating]:
    """Numbers of a table; infinities and words are unknown and counted."""
    try:
        values = table.to_numpy(dtype, copy=True, na_value=np.nan)
    except ValueError:
        values = np.column_stack([numbers_of(table[name], counts) for name in table]).astype(dtype)
    is_infinite = np.isinf(values)
    counts.infinite += int(is_infinite.sum())
    values[is_infinite] = np.nan
    return values
