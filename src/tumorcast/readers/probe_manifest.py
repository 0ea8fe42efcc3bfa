"""What is known of methylation probes: which gene and region of it they lie in, how many an array has."""

from __future__ import annotations

import csv
import re
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.chromosomes import bare_names
from tumorcast.biology.gene_sets import lines_of
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import NOT_AVAILABLE, bare
from tumorcast.readers.gene_names import report_names

ARRAYS = {"27k": 27_578, "450k": 482_421, "EPIC": 863_904, "EPICv2": 926_000}
"""CpG probes of each array (Bibikova et al. 2009 and 2011, Pidsley et al. 2016, Peters et al. 2024; EPICv2's rounded,
its replicates counted once)."""
_LEAST_OF_ARRAY, _MOST_OF_ARRAY = 0.6, 1.01
MANIFEST_COLUMNS = ("probe", "gene", "region", "chromosome", "position")
_PROMOTER = {"tss1500", "tss200", "5'utr", "5utr", "1stexon", "exon_1", "promoter"}
_PROBE = re.compile(r"(?:cg\d{8}|ch\.|rs\d)")
_COLUMNS = {
    "probe": ("name", "ilmnid", "probe", "probe_id", "probeid", "id_ref", "id", "cpg", "targetid"),
    "gene": ("ucsc_refgene_name", "gene", "gene_symbol", "gene_name", "genes", "symbol", "hugo_symbol"),
    "region": ("ucsc_refgene_group", "region", "group", "feature"),
    "chromosome": ("chr", "chromosome"),
    "position": ("mapinfo", "position", "pos"),
}


def read_probe_manifest(path: Path) -> pd.DataFrame:
    """One row a probe, gene and region of it (`MANIFEST_COLUMNS`); "" without a gene or region, NaN without a position.

    Illumina's manifest (CSV from `[Assay]` to `[Controls]`; positions on the manifest's own genome build), or a plain
    table probe, gene[, region]; gzipped too. EPICv2's suffixes are taken off. Where a probe's genes and regions are not
    as many, its regions are unknown.

    Raises:
        InputError: absent, not text, or without columns of probes and genes.
    """
    separator, n_above, header = _head(path)
    lower = {name.lower(): place for place, name in reversed(list(enumerate(header)))}
    places = {
        ours: next(lower[name] for name in names if name in lower)
        for ours, names in _COLUMNS.items()
        if any(name in lower for name in names)
    }
    if not {"probe", "gene"} <= set(places):
        raise InputError(
            f"{path.name} is no manifest of probes",
            got=f"columns {', '.join(header[:12])}",
            expected="Illumina's manifest (IlmnID, UCSC_RefGene_Name, ...), or columns probe, gene[, region]",
        )
    try:
        table = pd.read_csv(
            path, sep=separator, header=None, skiprows=n_above, usecols=sorted({0, *places.values()}), dtype=str,
            na_values=NOT_AVAILABLE, keep_default_na=False,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise InputError(f"{path.name} is not a table", got=str(error).splitlines()[0]) from None
    made = pd.DataFrame({ours: table[place] for ours, place in places.items()})
    is_end = table[0].fillna("").str.startswith("[Controls]").cummax()
    return _one_gene_a_row(made[~is_end & made["probe"].notna()].reindex(columns=list(MANIFEST_COLUMNS)))


def gene_methylation(
    betas: pd.DataFrame, manifest: pd.DataFrame, genes: GeneTable, report: list[Exclusion],
    region: str = "promoter", at_least: int = 2,
) -> pd.DataFrame:  # fmt: skip
    """sample x gene, float32: mean beta of the gene's probes in a region; NaN with fewer than `at_least` measured.

    The promoter is TSS1500, TSS200, 5'UTR and first exon (Sandoval et al., Epigenetics 2011, 6:692). Genes with fewer
    probes among the betas are left out and counted.

    Args:
        betas: sample x probe, of `read_methylation`.
        manifest: of `read_probe_manifest`; where it knows no regions, all probes of a gene count (told).
        region: "promoter", or a region as the manifest writes it.

    Raises:
        InputError: the manifest knows no such region, or none of the probes.
    """
    pairs = _pairs_of(betas, _in_region(manifest, region, report), genes, report)
    sizes = pairs["gene"].value_counts()
    enough = sizes.index[sizes >= at_least]
    if len(enough) < len(sizes):
        told = f"{len(sizes) - len(enough)} genes with fewer than {at_least} probes of the {region} left out"
        report.append(Exclusion("gene", "methylation", "too_few_probes", told))
    pairs = pairs[pairs["gene"].isin(enough)]
    codes, symbols = pd.factorize(pairs["gene"], sort=True)
    places = betas.columns.get_indexer(pd.Index(pairs["probe"]))
    means = np.full((len(betas), len(symbols)), np.nan, np.float32)
    for row, sample in enumerate(betas.to_numpy()):
        values = sample[places].astype(float)
        is_known = ~np.isnan(values)
        counts = np.bincount(codes[is_known], minlength=len(symbols))
        sums = np.bincount(codes[is_known], weights=values[is_known], minlength=len(symbols))
        has_enough = counts >= at_least
        means[row, has_enough] = sums[has_enough] / counts[has_enough]
    return pd.DataFrame(means, index=betas.index, columns=symbols)


def array_of(n_probes: int, has_suffixes: bool) -> str:
    """In words: which array it is by its number of CpG probes, and how many of the usual ones are absent."""
    fits = (n for n, size in ARRAYS.items() if _LEAST_OF_ARRAY * size <= n_probes <= _MOST_OF_ARRAY * size)
    array = "EPICv2" if has_suffixes else next(fits, None)
    if array is None:
        return f"not recognised: {n_probes} CpG probes are less than {_LEAST_OF_ARRAY:.0%} of the next larger array"
    absent = max(0, ARRAYS[array] - n_probes)
    return f"{array}, from {n_probes} CpG probes: {absent} of its usual {ARRAYS[array]} are absent"


def _head(path: Path) -> tuple[str, int, list[str]]:
    """(separator, lines above the first probe, names of the columns)."""
    start = list(islice(lines_of(path), 100))
    after = [number + 1 for number, line in enumerate(start) if line.startswith("[Assay]")]
    filled = [number for number, line in enumerate(start) if line.strip() and not line.startswith("#")]
    place = (after or filled or [0])[0]
    line = start[place] if place < len(start) else ""
    separator = "\t" if "\t" in line else ","
    header = [bare(cell) for cell in next(csv.reader([line], delimiter=separator), [])]
    if header and _PROBE.match(header[0]):
        return separator, place, ["probe", "gene", "region"][: len(header)]
    return separator, place + 1, header


def _one_gene_a_row(table: pd.DataFrame) -> pd.DataFrame:
    text = table[["probe", "gene", "region", "chromosome"]].astype(object).fillna("")
    genes, regions = text["gene"].str.split(";"), text["region"].str.split(";")
    is_paired = genes.map(len) == regions.map(len)
    blank = genes.map(lambda row: [""] * len(row))
    made = pd.DataFrame(
        {
            "probe": text["probe"].str.strip().str.strip('"').str.partition("_")[0],
            "gene": genes,
            "region": regions.where(is_paired, blank),
            "chromosome": bare_names(text["chromosome"]),
            "position": pd.to_numeric(table["position"], errors="coerce"),
        }
    ).explode(["gene", "region"])
    made["gene"], made["region"] = made["gene"].str.strip(), made["region"].str.strip()
    return made.drop_duplicates(["probe", "gene", "region"]).reset_index(drop=True)


def _in_region(manifest: pd.DataFrame, region: str, report: list[Exclusion]) -> pd.DataFrame:
    """Rows of the region that have a gene."""
    manifest = manifest[manifest["gene"] != ""]
    known = manifest["region"].str.lower()
    if (known == "").all():
        told = f"the manifest knows no regions: all probes of a gene count as its {region}"
        report.append(Exclusion("layer", "methylation", "no_regions", told))
        return manifest
    wanted = _PROMOTER if region == "promoter" else {region.lower()}
    found = manifest[known.isin(wanted)]
    if found.empty:
        words = sorted(set(manifest["region"]) - {""})
        raise InputError(
            "the manifest knows no such region",
            got=region,
            expected=f"promoter, {', '.join(words[:12])}",
            fix=did_you_mean(region, ["promoter", *words]),
        )
    return found


def _pairs_of(
    betas: pd.DataFrame, manifest: pd.DataFrame, genes: GeneTable, report: list[Exclusion]
) -> pd.DataFrame:
    """Pairs of a measured probe and its gene's symbol, each once."""
    pairs = manifest.loc[manifest["probe"].isin(betas.columns), ["probe", "gene"]]
    if pairs.empty:
        raise InputError(
            "no probe of the table stands in the manifest with a gene",
            got=", ".join(map(str, betas.columns[:5])),
            expected=", ".join(manifest["probe"].iloc[:5]),
            fix="take the manifest of the array that was used",
        )
    names = pairs["gene"].unique().tolist()
    harmonised = genes.harmonise(names)
    report_names(names, harmonised, "the manifest", report)
    symbols = pairs["gene"].map(dict(zip(names, harmonised.symbols, strict=True)))
    return pairs.assign(gene=symbols)[symbols.notna()].drop_duplicates()
