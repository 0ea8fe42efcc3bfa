"""Protein abundances: RPPA, CPTAC's and other gene or phosphosite tables, MaxQuant, FragPipe."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.abundances import (
    as_tabs,
    by_sample_name,
    first_rows,
    one_column_each,
    text_columns,
    to_log2,
)
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.matrix_table import read_matrix

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
