"""DNA methylation of Illumina arrays: beta values, the fraction of methylated copies at a CpG, 0 to 1."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.abundances import text_columns
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.probe_manifest import array_of

_FEW = 0.01
"""Share of values outside 0..1 that noise and normalisation leave behind."""
_M_BELOW_MINUS_1, _HIGHEST_M = 0.05, 30.0
"""Betas are bimodal: at least this share of M-values is below -1 (beta below 1/3); none is beyond 30."""
_CPG = re.compile(r"cg\d{8}(?:_[A-Za-z]+\d+)?")
_CPG_LENGTH = len("cg00000029")
_NOTES = {
    "entrez_gene_id", "chromosome", "chr", "start", "end", "position", "pos", "mapinfo", "genomic_coordinate",
    "position_to_tss", "name", "description", "transcript_id",
}  # fmt: skip
_P_VALUE = re.compile(r"detection.?p|_pval|p[._ ]?value", re.IGNORECASE)
_AVERAGE = re.compile(r"(.+)\.AVG_Beta", re.IGNORECASE)
_GENE_HEADERS = {"hugo_symbol", "gene", "gene_symbol"}
_CHUNK_CELLS = 4_000_000

Matrix = NDArray[np.float32]


def read_methylation(path: Path, report: list[Exclusion], genes: GeneTable | None = None) -> pd.DataFrame:
    """sample x CpG probe, float32, betas; NaN not measured, nothing is imputed.

    Probes in rows or in columns, GDC's two columns without a header (one sample, named by the file), GenomeStudio's and
    GEO's tables; gzipped too. M-values become beta = 2^M / (2^M + 1) (Du et al., BMC Bioinformatics 2010, 11:587),
    percentages fractions. Probes of SNPs, of cytosines outside CpG and of controls are left out; EPICv2's replicates
    (`cg00000029_TC21`) are averaged into their probe. Read in pieces: the most memory needed is about twice the result.

    Args:
        genes: for tables of one row a gene (cBioPortal's `Hugo_Symbol`), which become sample x gene.

    Raises:
        InputError: no table of probes (or genes), or values that are no betas, percentages or M-values.
    """
    n_above, separator, header, rows = _head(path)
    if any(map(_CPG.fullmatch, header)):
        told = "samples as rows, by the names of CpG probes in the header"
        report.append(Exclusion("layer", path.name, "orientation", told))
        names, samples, values = _probes_in_columns(path, separator, n_above, header, report)
    else:
        columns = _sample_columns(header, rows, path.name, report)
        samples = list(columns)
        has_genes = header[0].lower() in _GENE_HEADERS and not any(_CPG.fullmatch(row[0]) for row in rows)
        names, values = _probes_in_rows(path, separator, n_above, columns, has_genes, report)
        if has_genes:
            return _as_table(*_of_genes(names, values, genes, path.name, report), samples)
    return _as_table(*_of_probes(names, values, path.name, report), samples)


def _as_table(features: pd.Index, values: Matrix, samples: list[str]) -> pd.DataFrame:
    index = pd.Index(samples, name="sample_id")
    return pd.DataFrame(values.T, index=index, columns=features, copy=False)


def _head(path: Path) -> tuple[int, str, list[str], list[list[str]]]:
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
    separator = "\t" if "\t" in "".join(lines[:1]) else ","
    cells = [[bare(cell) for cell in row] for row in csv.reader(lines, delimiter=separator) if row]
    header, *rows = cells or [[]]
    if len(header) == 2 and _CPG.fullmatch(header[0]) and not _CPG.fullmatch(header[1]):
        return n_above, separator, ["", _sample_of(path.name)], cells
    if rows and len(rows[0]) == len(header) + 1 and rows[0][-1]:
        header = ["", *header]
    if len(header) < 2 or not rows or _is_number(header[1]):
        raise InputError(
            f"{path.name} is no table of methylation",
            got=", ".join(header[:8]) or "nothing",
            expected="a header with the samples' names, then a row a probe, separated by tabs or commas",
        )
    return n_above + 1, separator, header, rows


def _sample_of(file: str) -> str:
    return re.split(r"\.methylation_array|\.(?:txt|tsv|csv)\b", file)[0]


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[\d.]+(e-?\d+)?", cell, re.IGNORECASE)) and "." in cell


def _sample_columns(
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
        return {_sample_of(file): places["Beta_value"]}
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


def _probes_in_rows(
    path: Path,
    separator: str,
    n_above: int,
    columns: dict[str, int],
    has_genes: bool,
    report: list[Exclusion],
) -> tuple[list[str], Matrix]:
    """(names of the rows, values row x sample); of probes the CpGs alone."""
    counts, names, left_out, parts = CellCounts(), list[str](), list[str](), list[Matrix]()
    try:
        with open_text(path) as file:
            chunks = pd.read_csv(
                file, sep=separator, header=None, skiprows=n_above, dtype={0: str}, na_values=NOT_AVAILABLE,
                chunksize=max(1, _CHUNK_CELLS // (max(columns.values()) + 1)),
                quoting=csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL,
            )  # fmt: skip
            for chunk in chunks:
                ids = chunk[0].fillna("").str.strip().str.strip('"')
                is_kept = ids.str.fullmatch(_CPG) | has_genes
                names.extend(ids[is_kept])
                left_out.extend(ids[~is_kept])
                parts.append(_floats(chunk.loc[is_kept, list(columns.values())], counts))
    except ValueError as error:
        got = str(error).splitlines()[0]
        raise InputError(
            f"{path.name} is not a table", got=got, expected="rows as long as the header"
        ) from None
    counts.tell(path.name, report)
    _tell_left_out(left_out, path.name, report)
    return names, np.concatenate(parts)


def _probes_in_columns(
    path: Path, separator: str, n_above: int, header: list[str], report: list[Exclusion]
) -> tuple[list[str], list[str], Matrix]:
    """(names of the columns that are CpGs, samples, values CpG x sample)."""
    counts = CellCounts()
    rows: dict[str, Matrix] = {}
    places = [place for place, name in enumerate(header) if _CPG.fullmatch(name)]
    with open_text(path) as file:
        for cells in filter(None, csv.reader(islice(file, n_above, None), delimiter=separator)):
            sample = bare(cells[0])
            if len(cells) != len(header):
                got = f"{len(cells)} cells in the row of {sample}, {len(header)} columns"
                raise InputError(f"{path.name}: a row is not as long as the header", got=got)
            if sample in rows:
                told = f"its first row in {path.name} counts"
                report.append(Exclusion("sample", sample, "duplicate_row", told))
                continue
            known = [None if cells[place] in NOT_AVAILABLE else cells[place] for place in places]
            rows[sample] = _floats(pd.DataFrame({0: pd.Series(known, dtype=object)}), counts)[:, 0]
    counts.tell(path.name, report)
    _tell_left_out([name for name in header[1:] if not _CPG.fullmatch(name)], path.name, report)
    return [header[place] for place in places], list(rows), np.stack(list(rows.values())).T


def _floats(table: pd.DataFrame, counts: CellCounts) -> Matrix:
    """Numbers of a table; infinities and words are unknown and counted."""
    try:
        values = table.to_numpy(np.float32, copy=True, na_value=np.nan)
    except ValueError:
        values = np.column_stack([numbers_of(table[name], counts) for name in table]).astype(np.float32)
    is_infinite = np.isinf(values)
    counts.infinite += int(is_infinite.sum())
    values[is_infinite] = np.nan
    return values


def _tell_left_out(names: list[str], file: str, report: list[Exclusion]) -> None:
    if names:
        kinds = Counter({"rs": "SNP (rs)", "ch": "not CpG (ch)"}.get(name[:2], "others") for name in names)
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        report.append(Exclusion("feature", file, "not_cpg", f"left out: {told}"))


def _of_probes(
    names: list[str], values: Matrix, file: str, report: list[Exclusion]
) -> tuple[pd.Index, Matrix]:
    """(CpG probes without suffixes, their betas), one row each."""
    if not names:
        raise InputError(
            f"{file} names no CpG probes",
            expected="probes such as cg00000029 in the first column or the header, or genes as Hugo_Symbol",
        )
    _to_betas(values, file, report)
    probes, values = _averaged([name[:_CPG_LENGTH] for name in names], values, "feature", file, report)
    told = array_of(len(probes), any(len(name) > _CPG_LENGTH for name in names))
    report.append(Exclusion("layer", file, "array_judged", told))
    n_missing = int((np.isnan(values).sum(axis=1) > values.shape[1] / 2).sum())
    if n_missing:
        told = f"{n_missing} of {len(probes)} probes are not measured in most of {values.shape[1]} samples"
        report.append(Exclusion("feature", file, "mostly_missing", told))
    return probes, values


def _of_genes(
    names: list[str], values: Matrix, genes: GeneTable | None, file: str, report: list[Exclusion]
) -> tuple[pd.Index, Matrix]:
    """(symbols, their betas), one row each."""
    if genes is None:
        raise InputError(
            f"{file} holds methylation of genes", got=", ".join(names[:5]), expected="CpG probes"
        )
    harmonised = genes.harmonise(names)
    report_names(names, harmonised, file, report)
    _to_betas(values, file, report)
    is_known = np.array([symbol is not None for symbol in harmonised.symbols], bool)
    symbols = [symbol for symbol in harmonised.symbols if symbol is not None]
    return _averaged(symbols, values[is_known], "gene", file, report)


def _averaged(
    names: list[str], values: Matrix, kind: str, file: str, report: list[Exclusion]
) -> tuple[pd.Index, Matrix]:
    """One row a name: the mean of the betas that were measured."""
    index = pd.Index(names)
    if not index.has_duplicates:
        return index, values
    is_again = index.duplicated()
    told = f"{int(is_again.sum())} rows averaged into another of their name"
    report.append(Exclusion(kind, file, "duplicate_rows", told))
    is_shared = index.duplicated(keep=False)
    means = pd.DataFrame(values[is_shared]).groupby(index[is_shared], sort=False).mean()
    values[is_shared & ~is_again] = means.to_numpy(np.float32)
    return index[~is_again], values[~is_again]


def _to_betas(values: Matrix, file: str, report: list[Exclusion]) -> None:
    """Betas in place of betas, percentages or M-values; a few values outside 0..1 become unknown.

    Raises:
        InputError: values that are none of these.
    """
    n_known = int(np.count_nonzero(~np.isnan(values)))
    if not n_known:
        return
    lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
    span = f"from {lowest:g} to {highest:g}"
    n_outside = _count_outside(values, 1)
    if n_outside > _FEW * n_known:
        if np.count_nonzero(values < -1) > _M_BELOW_MINUS_1 * n_known and max(-lowest, highest) < _HIGHEST_M:
            np.exp2(np.negative(values, out=values), out=values)
            values += 1
            np.reciprocal(values, out=values)
            report.append(Exclusion("layer", file, "converted", f"M-values ({span}) to betas"))
        elif highest > 20 and _count_outside(values, 100) <= _FEW * n_known:
            values /= 100
            report.append(Exclusion("layer", file, "converted", f"percentages ({span}) to fractions"))
        else:
            raise InputError(
                f"{file} holds no betas",
                got=f"{n_outside} of {n_known} values outside 0..1, {span}",
                expected="betas (0 to 1), percentages (0 to 100) or M-values (about -10 to 10)",
            )
        n_outside = _count_outside(values, 1)
    if n_outside:
        values[(values < 0) | (values > 1)] = np.nan
        report.append(Exclusion("value", file, "outside_0_1", f"{n_outside} values taken as unknown"))


def _count_outside(values: Matrix, most: float) -> int:
    return int(np.count_nonzero(values < 0) + np.count_nonzero(values > most))
