"""Rows of expression -> genes: whose rows they are, their sums, and what is told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.species import check_species

Pair = tuple[str, str]
"""Identifier and name of a row, "" unknown."""

_TOLD = {
    "no_length": "rows without a length left out",
    "no_gene": "transcripts and assembled loci of no known gene left out",
    "not_a_number": "values unknown",
    "tpm_sum": "times TPM do not add up to a million",
    "same_gene": "rows added to their gene's",
}


def gene_codes(
    pairs: list[Pair], genes: GeneTable, codes: dict[Pair, int], symbols: dict[str, int]
) -> NDArray[np.int64]:
    """Place of each row's gene in `symbols`, -1 none; both dictionaries grow by what is new."""
    new = [pair for pair in dict.fromkeys(pairs) if pair not in codes]
    names = [_name(pair, genes) for pair in new]
    for pair, symbol in zip(new, genes.harmonise(names).symbols, strict=True):
        codes[pair] = -1 if symbol is None else symbols.setdefault(symbol, len(symbols))
    return np.array([codes[pair] for pair in pairs], np.int64)


def gene_sums(values: NDArray[np.float32], places: NDArray[np.int64], n_genes: int) -> NDArray[np.float32]:
    """[n_genes, samples]: sums of the rows of each place, unknown where one of them is; NaN without a row."""
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    present, starts = np.unique(places[order], return_index=True)
    out = np.full((n_genes, values.shape[1]), np.nan, np.float32)
    if len(order):
        out[present] = np.add.reduceat(values[order], starts, axis=0)
    return out


def added_rows(places: NDArray[np.int64]) -> int:
    """How many rows are not the first of their gene."""
    known = places[places >= 0]
    return len(known) - len(np.unique(known))


def report_genes(
    told: Sequence[Counter[str]],
    codes: Mapping[Pair, int],
    genes: GeneTable,
    file: str,
    report: list[Exclusion],
) -> None:
    """A line for each reason of `told`, one counter a file, over all files; then what became of the names."""
    for reason, what in _TOLD.items():
        counts = [count[reason] for count in told if count[reason]]
        if counts:
            where = f", in {len(counts)} of {len(told)} files" if len(told) > 1 else ""
            report.append(Exclusion("gene", file, reason, f"{sum(counts)} {what}{where}"))
    names = list(dict.fromkeys(_name(pair, genes) for pair in codes))
    check_species(names, file)
    report_names(names, genes.harmonise(names), file, report)


def _name(pair: Pair, genes: GeneTable) -> str:
    """The identifier where the gene table knows it, else the row's name, else the identifier."""
    identifier, name = pair
    return identifier if genes.symbol_of(identifier) else name or identifier
