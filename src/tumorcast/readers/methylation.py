"""DNA methylation of Illumina arrays: beta values, the fraction of methylated copies at a CpG, 0 to 1."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.methylation_layout import CPG, floats_of, head_of, sample_columns
from tumorcast.readers.methylation_scale import (
    EXPECTED,
    SCALE_WORDS,
    ColumnSpans,
    Scale,
    shared_scale,
    span_of,
    to_betas,
)
from tumorcast.readers.probe_manifest import array_of

_CPG_LENGTH = len("cg00000029")
_GENE_HEADERS = {"hugo_symbol", "gene", "gene_symbol"}
_CHUNK_CELLS = 4_000_000
_LEAST_OF_SAMPLE = 100
"""Values that tell the scale of one sample; where none has as many, the whole file is judged at once."""

Matrix = NDArray[np.float32]


def read_methylation(path: Path, report: list[Exclusion], genes: GeneTable | None = None) -> pd.DataFrame:
    """sample x CpG probe, float32, betas; NaN not measured, nothing is imputed.

    Probes in rows or in columns, GDC's two columns without a header (one sample, named by the file), GenomeStudio's and
    GEO's tables; gzipped too. M-values become beta = 2^M / (2^M + 1) (Du et al., BMC Bioinformatics 2010, 11:587),
    percentages fractions; the scale is judged for each sample, and one on another scale than most is not measured.
    Probes of SNPs, of cytosines outside CpG and of controls are left out; EPICv2's replicates (`cg00000029_TC21`) are
    averaged into their probe. Read in pieces: the most memory needed is about twice the result.

    Args:
        genes: for tables of one row a gene (cBioPortal's `Hugo_Symbol`), which become sample x gene.

    Raises:
        InputError: no table of probes (or genes), or values that are no betas, percentages or M-values.
    """
    n_above, separator, header, rows = head_of(path)
    if any(map(CPG.fullmatch, header)):
        told = "samples as rows, by the names of CpG probes in the header"
        report.append(Exclusion("layer", path.name, "orientation", told))
        names, samples, values = _probes_in_columns(path, separator, n_above, header, report)
    else:
        columns = sample_columns(header, rows, path.name, report)
        samples = list(columns)
        has_genes = header[0].lower() in _GENE_HEADERS and not any(CPG.fullmatch(row[0]) for row in rows)
        names, values = _probes_in_rows(path, separator, n_above, columns, has_genes, report)
        if has_genes:
            return _as_table(*_of_genes(names, values, samples, genes, path.name, report), samples)
    return _as_table(*_of_probes(names, values, samples, path.name, report), samples)


def _as_table(features: pd.Index, values: Matrix, samples: list[str]) -> pd.DataFrame:
    index = pd.Index(samples, name="sample_id")
    return pd.DataFrame(values.T, index=index, columns=features, copy=False)


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
                is_kept = ids.str.fullmatch(CPG) | has_genes
                names.extend(ids[is_kept])
                left_out.extend(ids[~is_kept])
                parts.append(floats_of(chunk.loc[is_kept, list(columns.values())], counts))
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
    places = [place for place, name in enumerate(header) if CPG.fullmatch(name)]
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
            rows[sample] = floats_of(pd.DataFrame({0: pd.Series(known, dtype=object)}), counts)[:, 0]
    counts.tell(path.name, report)
    _tell_left_out([name for name in header[1:] if not CPG.fullmatch(name)], path.name, report)
    return [header[place] for place in places], list(rows), np.stack(list(rows.values())).T


def _tell_left_out(names: list[str], file: str, report: list[Exclusion]) -> None:
    if names:
        kinds = Counter({"rs": "SNP (rs)", "ch": "not CpG (ch)"}.get(name[:2], "others") for name in names)
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        report.append(Exclusion("feature", file, "not_cpg", f"left out: {told}"))


def _of_probes(
    names: list[str], values: Matrix, samples: list[str], file: str, report: list[Exclusion]
) -> tuple[pd.Index, Matrix]:
    """(CpG probes without suffixes, their betas), one row each."""
    if not names:
        raise InputError(
            f"{file} names no CpG probes",
            expected="probes such as cg00000029 in the first column or the header, or genes as Hugo_Symbol",
        )
    _to_betas(values, samples, file, report)
    probes, values = _averaged([name[:_CPG_LENGTH] for name in names], values, "feature", file, report)
    told = array_of(len(probes), any(len(name) > _CPG_LENGTH for name in names))
    report.append(Exclusion("layer", file, "array_judged", told))
    n_missing = int((np.isnan(values).sum(axis=1) > values.shape[1] / 2).sum())
    if n_missing:
        told = f"{n_missing} of {len(probes)} probes are not measured in most of {values.shape[1]} samples"
        report.append(Exclusion("feature", file, "mostly_missing", told))
    return probes, values


def _of_genes(
    names: list[str],
    values: Matrix,
    samples: list[str],
    genes: GeneTable | None,
    file: str,
    report: list[Exclusion],
) -> tuple[pd.Index, Matrix]:
    """(symbols, their betas), one row each."""
    if genes is None:
        raise InputError(
            f"{file} holds methylation of genes", got=", ".join(names[:5]), expected="CpG probes"
        )
    harmonised = genes.harmonise(names)
    report_names(names, harmonised, file, report)
    _to_betas(values, samples, file, report)
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


def _to_betas(values: Matrix, samples: list[str], file: str, report: list[Exclusion]) -> None:
    """Betas in place of betas, percentages or M-values; a few values outside 0..1 become unknown.

    Raises:
        InputError: values that are none of these.
    """
    scale, odd = _judged(values, samples, file)
    for sample, told in odd.items():
        values[:, samples.index(sample)] = np.nan
        report.append(Exclusion("sample", sample, "other_scale", f"{told}: not read from {file}"))
    span = span_of(values)
    if not span.n_known:
        return
    told = f"from {span.lowest:g} to {span.highest:g}"
    n_outside = to_betas(values, scale)
    if scale != "beta":
        made = "betas" if scale == "m" else "fractions"
        report.append(Exclusion("layer", file, "converted", f"{SCALE_WORDS[scale]} ({told}) to {made}"))
    if n_outside:
        report.append(Exclusion("value", file, "outside_0_1", f"{n_outside} values taken as unknown"))


def _judged(values: Matrix, samples: list[str], file: str) -> tuple[Scale, dict[str, str]]:
    """(scale of most samples, sample on another -> what it holds); without samples of many values, the file's.

    Raises:
        InputError: no scale of methylation.
    """
    columns = ColumnSpans(len(samples))
    columns.add(values)
    spans = {sample: columns[place] for place, sample in enumerate(samples) if columns[place].n_known}
    scales = {sample: span.scale() for sample, span in spans.items() if span.n_known >= _LEAST_OF_SAMPLE}
    if not any(scales.values()):
        span = span_of(values)
        scale = span.scale()
        if scale is None and span.n_known:
            got = f"{span.n_outside_1} of {span.n_known} values outside 0..1"
            raise InputError(
                f"{file} holds no betas", got=f"{got}, from {span.lowest:g} to {span.highest:g}", expected=EXPECTED
            )  # fmt: skip
        return scale or "beta", {}
    shared = shared_scale(list(scales.values()))
    return shared, {
        sample: f"values from {span.lowest:g} to {span.highest:g} where most samples hold {SCALE_WORDS[shared]}"
        for sample, span in spans.items()
        if (scales[sample] != shared if sample in scales else not span.fits(shared))
    }
