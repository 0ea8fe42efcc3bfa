"""Mutation annotation format (MAF): cBioPortal's, GDC's, and minimal ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.chromosomes import check_positions, known_build
from tumorcast.biology.genes import GeneTable
from tumorcast.biology.variants import impact_of
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import need_columns, read_table
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.species import check_species

VARIANT_COLUMNS = ("sample_id", "gene", "variant_class", "vaf", "impact", "protein_change")
_VAF_COLUMNS = ("VAF", "TUMOR_VAF", "tumor_f", "t_vaf", "vaf")
_NOT_SOMATIC = ("GERMLINE", "WILDTYPE", "NONE", "LOH")
_BUILD = "NCBI_Build"
_CONTEXT_COLUMNS = ("CONTEXT", "ref_context", "Ref_Tri", "trinucleotide")
_PLACE = {
    "Chromosome": "chromosome", "Start_Position": "start", "Reference_Allele": "ref",
    "Tumor_Seq_Allele2": "alt",
}  # fmt: skip


def read_maf(path: Path, genes: GeneTable, report: list[Exclusion], build: str = "") -> pd.DataFrame:
    """One row a variant (`study.Study.variants`); a file with a header alone gives an empty table.

    The variant allele fraction comes from t_alt_count and t_ref_count, else from a VAF column (a percentage
    is recognised by a median over 1; what is then outside 0..1 is unknown), else it is NaN.

    Args:
        build: genome build of the study, "" unknown; then the file's own NCBI_Build counts.

    Raises:
        InputError: a column is missing, or the positions cannot be of the build.
    """
    table = read_table(path)
    need_columns(table, ("Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification"), path)
    table = _somatic_once(_with_sample(table, path.name, report), path.name, report)
    names = table["Hugo_Symbol"].fillna("").tolist()
    check_species(names, path.name)
    harmonised = genes.harmonise(names)
    report_names(names, harmonised, path.name, report)
    classes = table["Variant_Classification"].fillna("Unknown")
    protein = next((table[c] for c in ("HGVSp_Short", "HGVSp") if c in table), pd.Series("", table.index))
    variants = pd.DataFrame(
        {
            "sample_id": table["Tumor_Sample_Barcode"].astype(str),
            "gene": harmonised.symbols,
            "variant_class": classes.astype(str),
            "vaf": _vaf(table),
            "impact": [impact_of(word) for word in classes],
            "protein_change": protein.fillna("").astype(str),
            **{name: table[column] for column, name in _PLACE.items() if column in table},
        }
    )
    if context := next((column for column in _CONTEXT_COLUMNS if column in table), None):
        variants["context"] = table[context].fillna("").str.upper()
    _check_build(table, build, path, report)
    is_named = variants["gene"].notna()
    if not is_named.all():
        told = f"{int((~is_named).sum())} rows left out"
        report.append(Exclusion("variant", path.name, "unknown_gene", told))
    return variants[is_named].reset_index(drop=True)


def _check_build(table: pd.DataFrame, build: str, path: Path, report: list[Exclusion]) -> None:
    """Raise where places cannot be of the build; a line where the file names another build than the study."""
    own = sorted(set(table[_BUILD].dropna())) if _BUILD in table else []
    told = known_build(own[0]) if len(own) == 1 else build
    if len(own) > 1 or (build and told != build):
        detail = f"{path.name} says {', '.join(own)}, the study {build or 'nothing'}"
        report.append(Exclusion("layer", path.name, "build_differs", detail))
    if told and {"Chromosome", "Start_Position"} <= set(table.columns):
        starts = pd.to_numeric(table["Start_Position"], errors="coerce")
        check_positions(table["Chromosome"].fillna(""), starts, told, path.name)


def _with_sample(table: pd.DataFrame, file: str, report: list[Exclusion]) -> pd.DataFrame:
    """Rows that name their tumour sample; the number of others is reported."""
    is_nameless = table["Tumor_Sample_Barcode"].isna()
    if is_nameless.any():
        told = f"{int(is_nameless.sum())} rows without Tumor_Sample_Barcode left out"
        report.append(Exclusion("variant", file, "no_identifier", told))
    return table[~is_nameless].reset_index(drop=True)


def _somatic_once(table: pd.DataFrame, file: str, report: list[Exclusion]) -> pd.DataFrame:
    """Without germline and wild-type calls, and with one row where a sample has the same change of a gene twice."""
    status = table.get("Mutation_Status", pd.Series("", index=table.index)).fillna("").str.upper()
    is_germline = status.isin(_NOT_SOMATIC)
    place = ["Tumor_Sample_Barcode", "Hugo_Symbol", *_PLACE]
    can_tell = all(column in table for column in place)
    is_twice = pd.Series(False, index=table.index)
    if can_tell:
        is_twice = table.duplicated(place) & table[place].notna().all(axis=1) & ~is_germline
    for rows, reason in ((is_germline, "germline"), (is_twice, "duplicate_row")):
        if rows.any():
            report.append(Exclusion("variant", file, reason, f"{int(rows.sum())} rows left out"))
    return table[~is_germline & ~is_twice].reset_index(drop=True)


def _vaf(table: pd.DataFrame) -> np.ndarray:
    """Variant allele fraction of each row, 0..1, NaN unknown."""
    lower = {str(column).lower(): column for column in table.columns}
    if "t_alt_count" in lower and "t_ref_count" in lower:
        alt = pd.to_numeric(table[lower["t_alt_count"]], errors="coerce").to_numpy(float)
        depth = alt + pd.to_numeric(table[lower["t_ref_count"]], errors="coerce").to_numpy(float)
        if np.isfinite(depth).any():
            return np.where(depth > 0, alt / np.where(depth > 0, depth, 1), np.nan)
    for column in _VAF_COLUMNS:
        if column in table:
            text = table[column].astype("str").str.rstrip("% ")
            vaf = pd.to_numeric(text, errors="coerce").to_numpy(float)
            vaf = vaf / 100 if np.isfinite(vaf).any() and np.nanmedian(vaf) > 1.0 else vaf
            return np.where((vaf >= 0) & (vaf <= 1), vaf, np.nan)
    return np.full(len(table), np.nan)
