"""Structural variants and fusions: each altered gene of a rearrangement as one variant."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import parse, read_table
from tumorcast.readers.gene_names import report_names

FUSION = "fusion"
_SAMPLE = ("sample_id", "tumor_sample_barcode", "sample")
_PAIRS = (
    ("site1_hugo_symbol", "site2_hugo_symbol"),
    ("#fusionname", ""),
    ("gene1", "gene2"),
    ("#gene1", "gene2"),
    ("leftgene", "rightgene"),
    ("gene_a", "gene_b"),
)
_SEPARATORS = r"--|::| - "


def read_structural_variants(
    path: Path, genes: GeneTable, report: list[Exclusion], sample: str | None = None
) -> pd.DataFrame:
    """One row a gene of a rearrangement: `sample_id`, `gene`, `variant_class`, `vaf` (NaN), `impact` ("fusion"),
    `protein_change` (the partners, `EML4-ALK`).

    cBioPortal's structural variants, Arriba (`#gene1 gene2`), STAR-Fusion (`#FusionName`), or any table with
    `gene1`, `gene2`. Germline calls and partners without a gene (intergenic) are left out and counted.

    Args:
        sample: whose they are, for the files of one tumour.

    Raises:
        InputError: no column names the genes, or the samples.
    """
    table = _table(path)
    samples = next((table[name] for name in _SAMPLE if name in table), None)
    if samples is None and sample is None:
        raise InputError(
            f"{path.name} does not say whose rearrangements these are",
            got=f"columns {', '.join(table.columns[:10])}",
            expected="Sample_Id",
        )
    table["sample_id"] = sample if samples is None or sample is not None else samples.astype("str")
    table = _somatic(table, path.name, report)
    first, second = _partners(table, path)
    both = first + "-" + second
    pairs = pd.concat(
        [
            pd.DataFrame({"sample_id": table["sample_id"], "given": side, "protein_change": both})
            for side in (first, second)
        ]
    )
    pairs = pairs[pairs["given"].str.len() > 0]
    harmonised = genes.harmonise(pairs["given"].tolist())
    report_names(pairs["given"].tolist(), harmonised, path.name, report)
    pairs["gene"] = harmonised.symbols
    pairs = pairs.dropna(subset="gene").drop_duplicates(["sample_id", "gene", "protein_change"])
    made = pairs.assign(variant_class="Fusion", vaf=float("nan"), impact=FUSION)
    columns = ["sample_id", "gene", "variant_class", "vaf", "impact", "protein_change"]
    return made[columns].sort_values(["sample_id", "protein_change", "gene"]).reset_index(drop=True)


def _table(path: Path) -> pd.DataFrame:
    """The table with lower-case columns; Arriba and STAR-Fusion write their header as a comment."""
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        first = next(lines, "").rstrip("\r\n").split("\t")
    if len(first) > 1 and first[0].lower() in {pair[0] for pair in _PAIRS}:
        table = parse(path, "\t", header=None, names=first, dtype=str, keep_default_na=False)
    else:
        table = read_table(path)
    table.columns = [str(column).strip().lower() for column in table.columns]
    return table


def _somatic(table: pd.DataFrame, file: str, report: list[Exclusion]) -> pd.DataFrame:
    status = table.get("sv_status", pd.Series("", index=table.index)).fillna("").str.upper()
    is_germline = status == "GERMLINE"
    if is_germline.any():
        told = f"{int(is_germline.sum())} rearrangements left out"
        report.append(Exclusion("variant", file, "germline", told))
    return table[~is_germline].reset_index(drop=True)


def _partners(table: pd.DataFrame, path: Path) -> tuple[pd.Series, pd.Series]:
    """Names of the genes on both sides, "" where there is none."""
    for left, right in _PAIRS:
        if left not in table or (right and right not in table):
            continue
        first = table[left].fillna("").astype(str)
        if right:
            second = table[right].fillna("").astype(str)
        else:
            sides = first.str.split(_SEPARATORS, n=1, regex=True, expand=True).reindex(columns=[0, 1])
            first, second = sides[0].fillna(""), sides[1].fillna("")
        return _one_gene(first), _one_gene(second)
    raise InputError(
        f"{path.name} names no genes of rearrangements",
        got=f"columns {', '.join(map(str, table.columns[:10]))}",
        expected="Site1_Hugo_Symbol and Site2_Hugo_Symbol, gene1 and gene2, or #FusionName",
    )


def _one_gene(names: pd.Series) -> pd.Series:
    """A gene's name alone: Arriba gives `A(123),B(456)` between genes, STAR-Fusion `GENE^ENSG`; "" where several."""
    text = names.str.strip().str.replace(r"\^.*$", "", regex=True)
    is_between = text.str.contains(r"\(\d+\)", regex=True)
    return text.mask(is_between | text.isin([".", "-", "NA", "Intergenic", "intergenic"]), "")
