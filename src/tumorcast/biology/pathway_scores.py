"""Single-sample scores of gene sets: ssGSEA and singscore. Both rank the genes of one sample and know no other.

- ssGSEA (Barbie 2009, Nature 462:108): integral of the difference of two running sums over the genes from high to low,
  those of the set weighted by rank to the power 0.25, and the others; not normalised by the range of a cohort. Equal
  values (genes without a read) stand at their mean place.
- singscore (Foroutan 2018, BMC Bioinformatics 19:404): mean rank of the set between the least and the most that its
  size allows, less 0.5; from -0.5 to 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.expression_scores import SCALE, check_log_tpm
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

_LEAST_GENES, _LEAST_SHARE = 5, 0.5
_WEIGHT = 0.25
_SHOWN = 5

F64 = NDArray[np.float64]
Places = dict[str, list[int]]


def pathway_scores(
    expression: pd.DataFrame,
    gene_sets: Mapping[str, Sequence[str]],
    report: list[Exclusion],
    *,
    method: str = "ssgsea",
    scale: str = SCALE,
) -> pd.DataFrame:
    """sample x gene set; a sample's scores do not depend on the other samples.

    Genes are ranked among those measured in the sample. A score is NaN where fewer than 5 genes of the set and less
    than half of it were measured, or nothing else was. Scores depend on which genes were measured: panels and whole
    transcriptomes do not compare.

    Args:
        expression: sample x gene, log2(TPM + 1), NaN not measured.
        gene_sets: name -> genes, approved symbols.
        method: "ssgsea" or "singscore".
        scale: what the values are; anything but log2(TPM+1) is refused.

    Raises:
        InputError: an unknown method, no gene set, or as `expression_scores.check_log_tpm`.
    """
    if method not in _METHODS:
        raise InputError("unknown method of pathway scores", got=method, expected=", ".join(_METHODS))
    if not gene_sets:
        raise InputError("no gene set to score", expected="name -> genes")
    check_log_tpm(expression, scale)
    values = expression.to_numpy(np.float64)
    sets = {name: list(dict.fromkeys(genes)) for name, genes in gene_sets.items()}
    found = np.full((len(values), len(sets)), np.nan)
    for rows, is_measured in _alike(~np.isnan(values)):
        places = _places(sets, expression.columns[is_measured])
        if places:
            columns = [i for i, name in enumerate(sets) if name in places]
            found[rows[:, None], columns] = _METHODS[method](values[rows][:, is_measured], places)
    _report_sets(sets, set(expression.columns[expression.notna().all()]), np.isnan(found), report)
    return pd.DataFrame(found, index=expression.index, columns=list(sets))


def _alike(is_measured: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Samples in which the same genes were measured, with these genes."""
    groups: dict[bytes, list[int]] = {}
    for i, row in enumerate(np.packbits(is_measured, axis=1)):
        groups.setdefault(row.tobytes(), []).append(i)
    return [(np.array(rows), is_measured[rows[0]]) for rows in groups.values()]


def _places(sets: Mapping[str, Sequence[str]], genes: pd.Index) -> Places:
    """Of each set that can be scored: where its genes stand among those measured."""
    at = {gene: i for i, gene in enumerate(genes)}
    places = {name: [at[gene] for gene in members if gene in at] for name, members in sets.items()}
    return {
        name: found
        for name, found in places.items()
        if 0 < len(found) < len(at)
        and (len(found) >= _LEAST_GENES or len(found) >= _LEAST_SHARE * len(sets[name]))
    }


def _ssgsea(values: F64, places: Places) -> F64:
    """[n, sets]. With r the ranks of a set's k genes among N, the integral of the running sums is
    sum(r^1.25) / sum(r^0.25) - (N (N + 1) / 2 - sum(r)) / (N - k); equal values share their mean rank."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=1)
    n_genes = values.shape[1]
    weights, all_ranks = ranks**_WEIGHT, n_genes * (n_genes + 1) / 2
    found = np.empty((len(values), len(places)))
    for i, members in enumerate(places.values()):
        own = ranks[:, members]
        inside = (weights[:, members] * own).sum(axis=1) / weights[:, members].sum(axis=1)
        found[:, i] = inside - (all_ranks - own.sum(axis=1)) / (n_genes - len(members))
    return found


def _singscore(values: F64, places: Places) -> F64:
    """[n, sets]; equal values share the least of their ranks."""
    from scipy.stats import rankdata

    ranks = rankdata(values, method="min", axis=1)
    n_genes = values.shape[1]
    found = np.empty((len(values), len(places)))
    for i, members in enumerate(places.values()):
        least, most = (len(members) + 1) / 2, (2 * n_genes - len(members) + 1) / 2
        found[:, i] = (ranks[:, members].mean(axis=1) - least) / (most - least) - 0.5
    return found


_METHODS: dict[str, Callable[[F64, Places], F64]] = {"ssgsea": _ssgsea, "singscore": _singscore}


def _report_sets(
    sets: Mapping[str, Sequence[str]], measured: set[str], is_nan: NDArray[np.bool_], report: list[Exclusion]
) -> None:
    """One line a set that some samples lack, one line for all that were scored without some of their genes."""
    partial = []
    for (name, members), is_out in zip(sets.items(), is_nan.T, strict=True):
        n_found = sum(gene in measured for gene in members)
        if is_out.any():
            told = (
                f"{int(is_out.sum())} of {len(is_out)} samples without the score; "
                f"{n_found} of {len(members)} genes measured in every sample"
            )
            report.append(Exclusion("feature", name, "too_few_genes", told))
        elif n_found < len(members):
            partial.append(f"{name} ({n_found} of {len(members)})")
    if partial:
        shown = ", ".join(partial[:_SHOWN]) + (", ..." if len(partial) > _SHOWN else "")
        told = f"{len(partial)} of {len(sets)} gene sets scored without some of their genes: {shown}"
        report.append(Exclusion("feature", "gene sets", "genes_missing", told))
