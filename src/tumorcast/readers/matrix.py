"""Matrices of features x samples: expression, copy number, generic assays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import NOT_AVAILABLE, need_columns, read_table
from tumorcast.readers.gene_names import report_names

_GENE_COLUMNS = ("Hugo_Symbol", "Entrez_Gene_Id", "gene_id", "Gene")
_ENTITY_COLUMNS = ("ENTITY_STABLE_ID", "NAME", "DESCRIPTION", "URL")
_LOG_SCALE_MOST = 40.0
"""No log2(TPM + 1) can exceed log2(1e6 + 1) = 20; twice that is certainly linear."""


def read_expression(path: Path, scale: str, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x gene, log2(TPM + 1) (or z-scores, where the file holds those; said in the report).

    Args:
        scale: what the meta file says: "log2(TPM+1)", "linear", "z-score", or "" to judge by the values.

    Raises:
        InputError: negative values in a file that says it is linear.
    """
    table = _gene_matrix(path, genes, report)
    values = table.to_numpy(np.float32)
    infinite = np.isinf(values)
    if infinite.any():
        report.append(
            Exclusion("value", path.name, "infinite", f"{int(infinite.sum())} values taken as not measured")
        )
        values = np.where(infinite, np.nan, values)
    lowest = float(np.nanmin(values, initial=0))
    highest = float(np.nanmax(values, initial=0))
    judged = scale or ("z-score" if lowest < 0 else "linear" if highest > _LOG_SCALE_MOST else "log2(TPM+1)")
    if not scale:
        report.append(
            Exclusion("layer", path.name, "scale_judged", f"{judged}, from {lowest:g} to {highest:g}")
        )
    if judged == "linear":
        if lowest < 0:
            raise InputError(
                f"{path.name}: negative values in linear expression",
                got=f"lowest value {lowest:g}",
                expected="TPM (not negative); or say `data_scale: z-score` or `log2(TPM+1)` in its meta file",
            )
        values = np.log2(values + 1)
        report.append(Exclusion("layer", path.name, "converted", "linear values to log2(TPM + 1)"))
    elif judged == "z-score":
        report.append(
            Exclusion("layer", path.name, "z_scores", "kept as they are: not comparable between studies")
        )
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def read_copy_number(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x gene, discrete levels -2..2; values outside become not measured, and are reported."""
    table = _gene_matrix(path, genes, report).round()
    outside = (table.abs() > 2).to_numpy()
    if outside.any():
        count = int(outside.sum())
        report.append(Exclusion("value", path.name, "not_a_level", f"{count} values outside -2..2"))
    return table.where(~outside).astype(np.float32)


def read_generic_assay(path: Path) -> pd.DataFrame:
    """sample x entity, float; NaN not measured."""
    table = read_table(path)
    need_columns(table, ("ENTITY_STABLE_ID",), path)
    table = table.set_index("ENTITY_STABLE_ID")
    table = table.drop(columns=[column for column in _ENTITY_COLUMNS if column in table])
    values = table.apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)
    return values.T.rename_axis(index="sample_id", columns=None).astype(float)


def _gene_matrix(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """sample x harmonised gene; rows of one gene are averaged."""
    if not path.is_file():
        raise InputError(f"{path.name} is named by its meta file but not there", got=f"no {path}")
    table = pd.read_csv(
        path, sep="\t", comment="#", na_values=NOT_AVAILABLE, low_memory=False, encoding="utf-8-sig",
        dtype=dict.fromkeys(_GENE_COLUMNS, str),
    )  # fmt: skip
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
