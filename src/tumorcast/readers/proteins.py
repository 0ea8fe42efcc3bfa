"""Protein abundances: RPPA, CPTAC's and other gene or phosphosite tables, MaxQuant, FragPipe; and what every table of
abundances needs (`as_tabs`, `first_rows`, `text_columns`, `to_log2`, `one_column_each`)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.matrix_table import read_matrix

_LINEAR_MEDIAN, _LINEAR_MOST = 50.0, 1_000.0
"""No log2 of an intensity has a median above 50; no logarithm, ratio or z-score reaches 1000."""
_ROW_NAMES = (
    "composite.element.ref", "gene names", "genes", "hugo_symbol", "entity_stable_id", "gene", "gene_symbol",
    "genesymbol", "name", "idx", "attrib_name", "gene_id", "id", "entrez_gene_id", "ncbigeneid",
)  # fmt: skip
_NUMERIC_NOTES = {"entrez_gene_id", "ncbigeneid"}
_SAMPLE_NAMES = {"sample_id", "sample", "sample_name", "sampleid", "patient_id", "tcga_id", "case_id"}
_ANTIBODY_TABLE = {"cancer_type", "sample_type", "setid"}
_QUANTITIES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"LFQ intensity (.+)", r"(.+) MaxLFQ Intensity", r"(.+) Unshared Log Ratio", r"(.+) Log Ratio",
        r"Intensity (.+)", r"(.+) Intensity",
    )
)  # fmt: skip
"""Columns of samples in MaxQuant, FragPipe and CPTAC's common data analysis pipeline; the first kind found counts."""
_DECOYS = {"reverse", "potential contaminant", "contaminant", "only identified by site"}
_SUMMARIES = ("Mean", "Median", "StdDev")
_SITE = re.compile(r"(.+?)([:_](?:p?[STY]\d+_?)+)", re.IGNORECASE)


def read_proteins(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x protein, float32: log2 ratios or log2 intensities; NaN not measured.

    A feature is a gene (`AKT1`), a gene's antibody (`AKT1|Akt_pS473`) or its phosphosite (`AKT1:s473`), the gene
    harmonised; several genes of an antibody stay together (`AKT1 AKT2|Akt`). TCPA's tables of samples x antibodies
    name no genes: their names stay. Rows of one feature (isoforms) are averaged as logarithms. Gzipped and
    comma-separated files are read too. Of CPTAC's two ratios the one of unshared peptides counts.

    Raises:
        InputError: not a table, no samples, or negative values among linear intensities.
    """
    with as_tabs(path) as table:
        header, rows = first_rows(table)
        if header[0].lower() in _SAMPLE_NAMES:
            values, names = _samples_as_rows(table, header, rows, report)
        else:
            values, names = _samples_as_columns(table, header, rows, report)
    if _ANTIBODY_TABLE & {name.lower() for name in header}:
        told = f"{len(names)} antibodies without a gene: names kept as they are"
        report.append(Exclusion("feature", path.name, "no_gene", told))
        features: list[str | None] = list(names)
    else:
        features = _features(names, genes, path.name, report)
    return one_column_each(to_log2(values, path.name, report), features, path.name, report)


def _samples_as_columns(
    table: Path, header: list[str], rows: list[list[str]], report: list[Exclusion]
) -> tuple[pd.DataFrame, list[str]]:
    """(row x sample as the file has them, name of each row); decoys and summaries are left out."""
    kind = next((kind for kind in _QUANTITIES if any(map(kind.fullmatch, header))), None)
    if kind is None:
        notes = text_columns(header, rows, _NUMERIC_NOTES, table.name, report)
        described, values = read_matrix(table, notes, report)
    else:
        described, values = read_matrix(table, [n for n in header if not kind.fullmatch(n)], report)
        values.columns = pd.Index([cast("re.Match[str]", kind.fullmatch(n))[1] for n in values.columns])
        told = f"{values.shape[1]} columns `{kind.pattern.replace('(.+)', 'SAMPLE')}` of {len(header)}"
        report.append(Exclusion("layer", table.name, "quantity", told))
    if described.empty or values.empty:
        raise InputError(
            f"{table.name} holds no proteins of samples",
            got=f"columns {', '.join(header[:12])}",
            expected="a column of genes (Hugo_Symbol, Composite.Element.REF, Gene names), then one a sample",
        )
    names = _row_names(described)
    is_out = names.isin(_SUMMARIES)
    for column in described:
        if str(column).lower() in _DECOYS:
            is_out |= described[column].eq("+")
    if is_out.any():
        told = f"{int(is_out.sum())} rows of decoys, contaminants or summaries left out"
        report.append(Exclusion("feature", table.name, "not_a_protein", told))
    return values[~is_out.to_numpy()], names[~is_out].tolist()


def _row_names(described: pd.DataFrame) -> pd.Series:
    """The column that names rows, "" unknown; with CPTAC's column of phosphosites as `GENE|NP_..:s..`."""
    columns = {str(name).lower(): name for name in reversed(described.columns)}
    found = [described[columns[name]] for name in _ROW_NAMES if name in columns]
    names = found[0] if found else described.iloc[:, 0]
    if "phosphosite" in columns:
        return names.fillna("") + "|" + described[columns["phosphosite"]].fillna("")
    spare = columns.get("entrez_gene_id")
    return (names if spare is None else names.fillna(described[spare])).fillna("")


def _samples_as_rows(
    table: Path, header: list[str], rows: list[list[str]], report: list[Exclusion]
) -> tuple[pd.DataFrame, list[str]]:
    notes = text_columns(header, rows, {header[0].lower(), *_ANTIBODY_TABLE}, table.name, report)
    described, values = read_matrix(table, notes, report)
    report.append(Exclusion("layer", table.name, "orientation", "samples as rows"))
    return by_sample_name(values, described[header[0]], table.name, report), list(values.columns)


def _features(names: Sequence[str], genes: GeneTable, file: str, report: list[Exclusion]) -> list[str | None]:
    """Feature of each row, None where its gene is unknown; what became of the genes is reported."""
    split = [_gene_and_rest(name, genes) for name in names]
    if n_groups := sum(";" in gene for gene, _ in split):
        told = f"{n_groups} protein groups of several genes stand under their first"
        report.append(Exclusion("gene", file, "several_genes", told))
    parts = [re.split(r"[\s,]+", gene.partition(";")[0].strip()) for gene, _ in split]
    unique = list(dict.fromkeys(part for row in parts for part in row if part))
    harmonised = genes.harmonise(unique)
    report_names(unique, harmonised, file, report)
    symbol_of = dict(zip(unique, harmonised.symbols, strict=True))
    symbols = [[s for part in row if (s := symbol_of.get(part))] for row in parts]
    return [
        " ".join(known) + rest if known else None for known, (_, rest) in zip(symbols, split, strict=True)
    ]


def _gene_and_rest(name: str, genes: GeneTable) -> tuple[str, str]:
    """`AKT1|Akt_pS473` -> (AKT1, |Akt_pS473), `AKT1:s473` -> (AKT1, :s473); all else is a gene."""
    head, bar, rest = name.partition("|")
    if bar and not rest.isdigit():
        return head, bar + rest
    site = _SITE.fullmatch(name)
    return (site[1], site[2]) if site and genes.symbol_of(name) is None else (name, "")


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
    given = pd.Series([cell for cell in cells if cell not in NOT_AVAILABLE], dtype=str)
    return len(given) > 0 and not numbers_of(given, CellCounts()).notna().any()


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
