"""Expression as quantifiers write it: one file a sample, or a matrix of counts -> TPM of genes.

TPM (Li et al., Bioinformatics 2010, 26:493): reads a base of each gene, scaled to a million in each sample. TPM of a
gene are the sum of its transcripts' (Soneson et al., F1000Research 2015, 4:1521).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.compressed import name_of
from tumorcast.readers.gene_lengths import bare_id, read_gene_lengths, read_transcript_genes
from tumorcast.readers.gene_sums import Pair, added_rows, gene_codes, gene_sums, report_genes
from tumorcast.readers.matrix_table import column_names, read_matrix
from tumorcast.readers.quantification_formats import (
    FEATURECOUNTS,
    NOT_GENES,
    Quantified,
    need_share,
    read_rows,
)
from tumorcast.readers.scale import is_whole

_COHORT = "expression"
_SAMPLES_AT_ONCE = 256
_LEAST_COUNT = 40.0
"""Values with decimals that all lie below are logarithms."""
_NAME_COLUMNS = ("gene_name", "gene_symbol", "Hugo_Symbol", "symbol", "Description")
_OTHER_COLUMNS = (*FEATURECOUNTS, "Entrez_Gene_Id", "gene_type", "gene_biotype", "transcript_id(s)")


def read_quantification(
    path: Path,
    genes: GeneTable,
    report: list[Exclusion],
    lengths: Path | None = None,
    tx2gene: Path | None = None,
) -> pd.Series:
    """gene -> TPM, float32, of one sample's file, whose name without endings is the series'.

    GDC's and STAR's counts, RSEM, Salmon, kallisto, featureCounts, HTSeq-count and StringTie are recognised by
    content, plain or gzipped. Rows of one gene are added up.

    Args:
        lengths: of genes, a table of two columns or a GTF, for files of reads that hold none.
        tx2gene: table transcript, gene for files of transcripts that do not name their genes.

    Raises:
        InputError: `quantification_formats.read_rows`.
    """
    found = read_rows(path, *_tables(lengths, tx2gene))
    codes, symbols = dict[Pair, int](), dict[str, int]()
    tpm = _by_gene(found, genes, codes, symbols)
    report_genes([found.told], codes, genes, path.name, report)
    return pd.Series(tpm, index=list(symbols), name=name_of(path))


def read_quantifications(
    paths_by_sample: Mapping[str, Path],
    genes: GeneTable,
    report: list[Exclusion],
    lengths: Path | None = None,
    tx2gene: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """sample x gene, log2(TPM + 1), float32, of one file a sample; NaN where a file lacks the gene.

    A file that cannot be read is reported and left out. Programs and gene models that differ are reported.

    Args:
        lengths, tx2gene: of `read_quantification`.
        tell: hears which file is read.

    Raises:
        InputError: no file can be read (the first one's reason).
    """
    tables = _tables(lengths, tx2gene)
    codes, symbols = dict[Pair, int](), dict[str, int]()
    values: dict[str, NDArray[np.float32]] = {}
    told, sources, errors = [], Counter[Pair](), []
    for number, (sample, path) in enumerate(paths_by_sample.items(), start=1):
        tell(f"expression {number} of {len(paths_by_sample)}: {path.name}")
        try:
            found = read_rows(path, *tables)
        except InputError as error:
            errors.append(error)
            report.append(Exclusion("sample", sample, "unreadable", error.what))
            continue
        values[sample] = np.log2(_by_gene(found, genes, codes, symbols) + 1)
        told.append(found.told)
        sources[found.program, found.model] += 1
    if not values:
        raise errors[0] if errors else InputError("no file of expression is named")
    report_genes(told, codes, genes, _COHORT, report)
    _report_sources(sources, report)
    return _stacked(values, list(symbols), report)


def read_counts_matrix(
    path: Path, lengths: Path | None, genes: GeneTable, report: list[Exclusion]
) -> pd.DataFrame:
    """sample x gene, log2(TPM + 1), float32, of a matrix of reads: genes in its first column, then samples.

    Estimated reads, which are not whole numbers, are taken and told. Rows without a length, and samples without
    reads, are left out and reported; rows of one gene are added up as TPM.

    Args:
        path: tab-separated, plain or gzipped; columns such as gene_name or featureCounts' own are no samples.
        lengths: table of two columns or GTF (`gene_lengths.read_gene_lengths`); None: the matrix has a column
            Length.

    Raises:
        InputError: no table of reads, no lengths, or lengths of less than half of the reads.
    """
    rows, counts, samples = _reads(path, report)
    bases = _lengths_of(rows, lengths, path)
    is_measured = bases > 0
    reads = pd.Series(counts.sum(axis=1, dtype=float, where=~np.isnan(counts)))
    need_share(reads, is_measured, path, "a length", "lengths of the annotation that was used")
    codes, symbols = dict[Pair, int](), dict[str, int]()
    kept = rows[is_measured]
    places = gene_codes(list(zip(kept["id"], kept["name"], strict=True)), genes, codes, symbols)
    told = Counter(no_length=int((~is_measured).sum()), same_gene=added_rows(places))
    report_genes([told], codes, genes, path.name, report)
    values = np.empty((len(samples), len(symbols)), np.float32)
    for first in range(0, len(samples), _SAMPLES_AT_ONCE):
        some = slice(first, first + _SAMPLES_AT_ONCE)
        tpm = to_tpm(counts[is_measured, some], bases[is_measured])
        values[some] = np.log2(gene_sums(tpm, places, len(symbols)) + 1).T
    table = pd.DataFrame(values, pd.Index(samples, name="sample_id"), list(symbols), copy=False)
    return _with_reads(table, path, report)


def to_tpm(counts: NDArray[np.floating], lengths_bp: NDArray[np.floating]) -> NDArray[np.float32]:
    """TPM, [genes, samples], of reads [genes, samples]: reads a base, scaled to a million in each sample.

    Unknown reads (NaN) stay unknown; a sample without reads is NaN.

    Args:
        lengths_bp: [genes], above 0.
    """
    rates = (counts / lengths_bp[:, None].astype(np.float32)).astype(np.float32, copy=False)
    totals = rates.sum(axis=0, dtype=float, where=~np.isnan(rates))
    rates *= np.divide(1e6, totals, out=np.full_like(totals, np.nan), where=totals > 0).astype(np.float32)
    return rates


def _tables(lengths: Path | None, tx2gene: Path | None) -> tuple[pd.Series | None, dict[str, str] | None]:
    return (
        read_gene_lengths(lengths) if lengths else None,
        read_transcript_genes(tx2gene) if tx2gene else None,
    )


def _by_gene(
    found: Quantified, genes: GeneTable, codes: dict[Pair, int], symbols: dict[str, int]
) -> NDArray[np.float32]:
    """[symbols so far] TPM; NaN for genes that the file lacks."""
    pairs = list(zip(found.rows["id"], found.rows["name"], strict=True))
    places = gene_codes(pairs, genes, codes, symbols)
    found.told["same_gene"] += added_rows(places)
    return gene_sums(found.rows["value"].to_numpy(np.float32)[:, None], places, len(symbols))[:, 0]


def _stacked(
    values: Mapping[str, NDArray[np.float32]], symbols: list[str], report: list[Exclusion]
) -> pd.DataFrame:
    """sample x gene; later files may have more genes than those before."""
    table = np.full((len(values), len(symbols)), np.nan, np.float32)
    for row, tpm in zip(table, values.values(), strict=True):
        row[: len(tpm)] = tpm
    n_partly = int(np.isnan(table).any(axis=0).sum())
    if n_partly:
        told = f"{n_partly} of {len(symbols)} genes are not known in every sample"
        report.append(Exclusion("layer", _COHORT, "partly_unknown", told))
    return pd.DataFrame(table, pd.Index(values, name="sample_id"), symbols, copy=False)


def _reads(path: Path, report: list[Exclusion]) -> tuple[pd.DataFrame, NDArray[np.float32], list[str]]:
    """(id, name and, where the file has it, Length of the rows of genes; their reads; the samples)."""
    columns = column_names(path)
    described, values = read_matrix(path, (columns[0], *_NAME_COLUMNS, *_OTHER_COLUMNS), report)
    named = [described[column] for column in _NAME_COLUMNS if column in described]
    rows = pd.DataFrame({"id": described[columns[0]].fillna("")})
    rows["name"] = named[0].fillna("") if named else ""
    if "Length" in described:
        rows["Length"] = pd.to_numeric(described["Length"], errors="coerce")
    is_gene = (rows["id"] != "") & ~rows["id"].str.fullmatch(NOT_GENES)
    counts = values.to_numpy() if is_gene.all() else values.to_numpy()[is_gene]
    _check_counts(counts, path, report)
    return rows[is_gene], counts, list(values.columns)


def _lengths_of(rows: pd.DataFrame, lengths: Path | None, path: Path) -> NDArray[np.floating]:
    """Bases of each row, NaN unknown."""
    if lengths is not None:
        return read_gene_lengths(lengths).reindex(rows["id"].map(bare_id)).to_numpy()
    if "Length" not in rows:
        raise InputError(
            f"{path.name} holds reads without lengths of genes",
            expected="a column Length, or lengths beside it",
            fix="give gene lengths: a table of two columns, or the GTF that the reads were counted with",
        )
    return rows["Length"].to_numpy()


def _check_counts(counts: NDArray[np.float32], path: Path, report: list[Exclusion]) -> None:
    """Raise where values are no reads; a line where they are estimated ones."""
    lowest, highest = float(np.nanmin(counts, initial=0)), float(np.nanmax(counts, initial=0))
    if is_whole(counts) and lowest >= 0 and highest > 0:
        return
    sums = np.nansum(counts, axis=0, dtype=float)
    if lowest < 0 or highest < _LEAST_COUNT or np.allclose(sums, 1e6, rtol=0.01):
        raise InputError(
            f"{path.name} holds no reads of genes",
            got=f"values from {lowest:g} to {highest:g}, sums of samples about {np.median(sums):g}",
            expected="counts of reads, neither TPM nor logarithms",
            fix="if these are TPM, give the matrix as `linear`; if logarithms, by their scale",
        )
    told = "not whole numbers: taken as estimated reads"
    report.append(Exclusion("layer", path.name, "estimated_counts", told))


def _with_reads(table: pd.DataFrame, path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """Samples that have reads; the others are reported."""
    is_empty = table.isna().all(axis=1)
    told = f"no reads in {path.name}"
    report.extend(Exclusion("sample", str(name), "no_reads", told) for name in table.index[is_empty])
    return table[~is_empty] if is_empty.any() else table


def _report_sources(sources: Counter[Pair], report: list[Exclusion]) -> None:
    """A line where the files come from several programs, one where they name several gene models."""
    for place, reason in enumerate(("programs_differ", "gene_models_differ")):
        counts: Counter[str] = Counter()
        for source, count in sources.items():
            counts[source[place] or "not named"] += count
        if len(counts) > 1:
            told = ", ".join(f"{name} in {count} files" for name, count in counts.most_common())
            report.append(Exclusion("layer", _COHORT, reason, told))
