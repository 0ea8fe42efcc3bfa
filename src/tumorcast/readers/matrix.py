"""Matrices of a study: expression, copy number, generic assays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.matrix_table import read_matrix
from tumorcast.readers.scale import settled_scale, to_log2_tpm
from tumorcast.readers.species import check_species

_GENE_COLUMNS = ("Hugo_Symbol", "Entrez_Gene_Id", "gene_id", "Gene")
_ENTITY_COLUMNS = ("ENTITY_STABLE_ID", "NAME", "DESCRIPTION", "URL")


def read_expression(
    path: Path,
    scale: str,
    genes: GeneTable,
    report: list[Exclusion],
    samples: Collection[str] | None = None,
) -> pd.DataFrame:
    """sample x gene, log2(TPM + 1) (or z-scores, where the file holds those; said in the report).

    Rows of one gene are averaged, as TPM where the scale allows it.

    Args:
        scale: what the meta file says, "" to judge by the values (`scale.settled_scale`).
        samples: the only samples to read, None all; a few of a large file take a fraction of the time.

    Raises:
        InputError: not a table of genes, negative TPM, or values that do not fit the scale.
    """
    table = _gene_rows(path, genes, report, samples)
    scale = settled_scale(table.to_numpy(), scale, path.name, report)
    values = to_log2_tpm(table.to_numpy(), scale, path.name, report)
    table = pd.DataFrame(values, index=table.index, columns=table.columns, copy=False)
    del values
    is_twice = table.index.duplicated(keep=False)
    if is_twice.any():
        count = int(table.index.duplicated().sum())
        report.append(
            Exclusion("gene", path.name, "duplicate_rows", f"{count} rows averaged into their gene")
        )
        means = _mean_rows(table[is_twice], in_tpm=scale != "z-score")
        table = table[~table.index.duplicated()]
        table.loc[means.index] = means
    return _by_sample(table)


def read_copy_number(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x gene, discrete levels -2..2; values outside become not measured, and are reported.

    Of several rows of one gene the first counts: levels have no mean.
    """
    table = _gene_rows(path, genes, report)
    is_again = table.index.duplicated()
    if is_again.any():
        told = f"{int(is_again.sum())} rows left out, the first of each gene counts"
        report.append(Exclusion("gene", path.name, "duplicate_rows", told))
        table = table[~is_again]
    table = table.round() + 0.0
    outside = (table.abs() > 2).to_numpy()
    if outside.any():
        count = int(outside.sum())
        report.append(Exclusion("value", path.name, "not_a_level", f"{count} values outside -2..2"))
    return _by_sample(table.where(~outside))


def read_gene_values(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x gene as the file has it (log2 copy-number ratios, say); rows of one gene are averaged, and told."""
    table = _gene_rows(path, genes, report)
    if table.index.has_duplicates:
        count = int(table.index.duplicated().sum())
        report.append(
            Exclusion("gene", path.name, "duplicate_rows", f"{count} rows averaged into their gene")
        )
        table = _mean_rows(table, in_tpm=False)
    return _by_sample(table)


def read_generic_assay(path: Path, properties: Sequence[str], report: list[Exclusion]) -> pd.DataFrame:
    """sample x entity, float32; NaN not measured.

    Values at a limit of measurement (`>8.5`, `<0.1`) count as the limit; their number, and that of other
    words, is reported. Rows without an entity, and second rows of one, are left out and reported.

    Args:
        properties: columns that describe the entities (`generic_entity_meta_properties`).
    """
    described, values = read_matrix(path, (*_ENTITY_COLUMNS, *properties), report)
    if "ENTITY_STABLE_ID" not in described:
        raise _no_identifiers(path, "ENTITY_STABLE_ID")
    entities = described["ENTITY_STABLE_ID"]
    is_nameless = entities.isna() | (entities == "")
    is_again = entities.duplicated() & ~is_nameless
    for rows, reason in ((is_nameless, "no_identifier"), (is_again, "duplicate_rows")):
        if rows.any():
            report.append(Exclusion("feature", path.name, reason, f"{int(rows.sum())} rows left out"))
    is_kept = (~is_nameless & ~is_again).to_numpy()
    return _by_sample(values[is_kept].set_index(pd.Index(entities[is_kept].tolist())))


def _gene_rows(
    path: Path, genes: GeneTable, report: list[Exclusion], samples: Collection[str] | None = None
) -> pd.DataFrame:
    """harmonised gene x sample; a gene may have several rows."""
    described, values = read_matrix(path, _GENE_COLUMNS, report, samples)
    if described.empty and not len(described.columns):
        raise _no_identifiers(path, "Hugo_Symbol")
    identifiers = _first_told(described).fillna("").astype(str).tolist()
    check_species(identifiers, path.name)
    harmonised = genes.harmonise(identifiers)
    report_names(identifiers, harmonised, path.name, report)
    is_known = np.array([symbol is not None for symbol in harmonised.symbols], bool)
    return values[is_known].set_index(
        pd.Index([symbol for symbol in harmonised.symbols if symbol is not None])
    )


def _first_told(described: pd.DataFrame) -> pd.Series:
    """Of each row the first column that is not empty."""
    first = described.iloc[:, 0].astype(object)
    for column in range(1, described.shape[1]):
        first = first.where(first.notna(), described.iloc[:, column])
    return first


def _mean_rows(rows: pd.DataFrame, in_tpm: bool) -> pd.DataFrame:
    """One row a gene: the mean of its rows; of log2(TPM + 1) the logarithm of the mean TPM."""
    values = rows.to_numpy(float)
    wide = pd.DataFrame(np.exp2(values) - 1 if in_tpm else values, index=rows.index, columns=rows.columns)
    means = wide.groupby(level=0, sort=False).mean()
    if in_tpm:
        means = means.add(1).apply(np.log2)
    return means.astype(np.float32)


def _by_sample(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(np.float32).T.rename_axis(index="sample_id", columns=None)


def _no_identifiers(path: Path, column: str) -> InputError:
    return InputError(
        f"{path.name} lacks {column}",
        got="no column of identifiers",
        expected=f"{column}, then one column a sample, separated by tabs",
    )
