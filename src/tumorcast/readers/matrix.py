"""Matrices of features x samples: expression, copy number, generic assays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import NOT_AVAILABLE, comment_lines, need_columns, read_table
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.scale import to_log2_tpm

_GENE_COLUMNS = ("Hugo_Symbol", "Entrez_Gene_Id", "gene_id", "Gene")
_ENTITY_COLUMNS = ("NAME", "DESCRIPTION", "URL")
_LIMIT_SIGN = r"^[<>]=?\s*(?=[\d.+-])"


def read_expression(path: Path, scale: str, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x gene, log2(TPM + 1) (or z-scores, where the file holds those; said in the report).

    Args:
        scale: what the meta file says, "" to judge by the values (`scale.to_log2_tpm`).

    Raises:
        InputError: not a table of genes, or negative values in a file that says it is linear.
    """
    table = _gene_matrix(path, genes, report)
    values = table.to_numpy(np.float32)
    infinite = np.isinf(values)
    if infinite.any():
        report.append(
            Exclusion("value", path.name, "infinite", f"{int(infinite.sum())} values taken as not measured")
        )
        values = np.where(infinite, np.nan, values)
    values = to_log2_tpm(values, scale, path.name, report)
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def read_copy_number(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x gene, discrete levels -2..2; values outside become not measured, and are reported."""
    table = _gene_matrix(path, genes, report).round()
    outside = (table.abs() > 2).to_numpy()
    if outside.any():
        count = int(outside.sum())
        report.append(Exclusion("value", path.name, "not_a_level", f"{count} values outside -2..2"))
    return table.where(~outside).astype(np.float32)


def read_generic_assay(path: Path, properties: Sequence[str], report: list[Exclusion]) -> pd.DataFrame:
    """sample x entity, float; NaN not measured.

    Values at a limit of measurement (`>8.5`, `<0.1`) count as the limit; their number, and that of other
    words, is reported.

    Args:
        properties: columns that describe the entities (`generic_entity_meta_properties`).
    """
    table = read_table(path)
    need_columns(table, ("ENTITY_STABLE_ID",), path)
    table = table.set_index("ENTITY_STABLE_ID")
    cells = table.drop(columns=[c for c in (*_ENTITY_COLUMNS, *properties) if c in table])
    bare = cells.apply(lambda column: column.str.replace(_LIMIT_SIGN, "", regex=True))
    values = bare.apply(pd.to_numeric, errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)
    n_limits = int(((bare != cells) & values.notna()).to_numpy().sum())
    n_words = int((cells.notna() & values.isna()).to_numpy().sum())
    for count, reason in ((n_limits, "at_limit"), (n_words, "not_a_number")):
        if count:
            report.append(Exclusion("value", path.name, reason, f"{count} values"))
    return values.T.rename_axis(index="sample_id", columns=None)


def _gene_matrix(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x harmonised gene; rows of one gene are averaged."""
    if not path.is_file():
        raise InputError(f"{path.name} is named by its meta file but not there", got=f"no {path}")
    try:
        table = pd.read_csv(
            path, sep="\t", skiprows=comment_lines(path), na_values=NOT_AVAILABLE, low_memory=False,
            encoding="utf-8-sig", encoding_errors="replace", dtype=dict.fromkeys(_GENE_COLUMNS, str),
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(
            f"{path.name} is not a table",
            got=str(error).splitlines()[0],
            expected="Hugo_Symbol and one column a sample, separated by tabs",
        ) from None
    named = [column for column in _GENE_COLUMNS if column in table]
    if not named:
        need_columns(table, ("Hugo_Symbol",), path)
    identifiers = table[named].bfill(axis=1).iloc[:, 0].fillna("").astype(str).tolist()
    harmonised = genes.harmonise(identifiers)
    report_names(identifiers, harmonised, path.name, report)
    samples = [column for column in table.columns if column not in _GENE_COLUMNS]
    values = table[samples].apply(pd.to_numeric, errors="coerce").astype(np.float32)
    values.columns = [str(column).strip() for column in samples]
    symbols = pd.Series(harmonised.symbols, dtype=object)
    values, symbols = values[symbols.notna().to_numpy()], symbols.dropna()
    if symbols.duplicated().any():
        count = int(symbols.duplicated().sum())
        report.append(
            Exclusion("gene", path.name, "duplicate_rows", f"{count} rows averaged into their gene")
        )
        values = values.groupby(symbols.to_numpy(), sort=False).mean()
    else:
        values.index = pd.Index(symbols.to_numpy())
    return values.T.rename_axis(index="sample_id", columns=None)
