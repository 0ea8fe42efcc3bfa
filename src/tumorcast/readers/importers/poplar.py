"""Atezolizumab or docetaxel in lung cancer, POPLAR: blood (Gandara et al. 2018, Nat Med 24:1441,
doi:10.1038/s41591-018-0134-3)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.importers.tables import (
    by_patient,
    one_course,
    one_sample,
    read_source,
    sample_ids_of,
    survival,
    told_labels,
    told_notes,
)
from tumorcast.readers.study import Study

COVERED_MB = 1.1
"""Coding sequence of the 394 genes of the assay (Gandara 2018)."""
LOWEST_FRACTION = 0.005
_CLINICAL = {
    "BAGE": "AGE", "race2": "RACE", "HIST": "HISTOLOGY", "ECOGGR": "ECOG", "TOBHX": "SMOKING_HISTORY",
    "blSLD": "SUM_OF_DIAMETERS_MM", "METSITES": "METASTATIC_SITES", "KRASMUT": "KRAS_STATUS",
    "EGFRMUT": "EGFR_STATUS", "EMLAMUT": "ALK_STATUS", "MSAF": "HIGHEST_ALLELE_FRACTION",
}  # fmt: skip
_ASSAY = {
    "cfDNA_Input_ng": "CELL_FREE_DNA_NG", "Median_exon_coverage": "MEDIAN_COVERAGE", "QC_Status": "QC_STATUS",
}  # fmt: skip
_NEEDED = (
    "PtID", "BEP", "btmb", "SEX", "PRIORTX", "TRT01P", "BCOR", "PFS", "PFS.CNSR", "OS", "OS.CNSR",
    *_CLINICAL, *_ASSAY,
)  # fmt: skip
_VARIANTS = (
    "PtID", "chromosome", "position", "reference_sequence", "alternate_sequence", "af", "gene_name",
    "protein_syntax", "effect", "omitted_driver_mutation",
)  # fmt: skip
_CLASSES = {
    "missense": "Missense_Mutation", "synonymous": "Silent", "nonsense": "Nonsense_Mutation",
    "splice": "Splice_Site",
}  # fmt: skip


def import_poplar(source: Path, out: Path) -> list[str]:
    """The 287 randomised patients with the variants of their plasma as a study; returns lines of counts.

    Times are months and `.CNSR` 1 means censored. Variants are of cell-free DNA in plasma before treatment (no
    date: day -1), of the biomarker-evaluable patients (`BEP`) alone: the others are not sequenced. `BTMB` is
    `blood_burden`, a count; the burden per megabase that a run computes is of nonsynonymous variants, drivers
    included. Positions are those of GRCh37.

    Args:
        source: folder with `clinical.csv` and `btmb_variants.csv`.
    """
    report: list[Exclusion] = []
    path = source / "clinical.csv"
    rows = read_source(path, _NEEDED, report, unknown=(".",), text=("PtID",))
    clinical = by_patient(rows, "PtID", path)
    calls = read_source(source / "btmb_variants.csv", _VARIANTS, report, text=("PtID",))
    evaluable = clinical.index[clinical["BEP"].eq("Y")]
    known = calls[calls["PtID"].isin(evaluable)]
    burden = blood_burden(known).reindex(evaluable, fill_value=0)
    study = _study(clinical, known, burden, out)
    told = write_import(study, out)
    n_same = int(burden.eq(clinical.loc[evaluable, "btmb"]).sum())
    return [
        f"source: patients {len(clinical)}, arms "
        f"{', '.join(f'{arm} {n}' for arm, n in clinical['TRT01P'].value_counts().items())}; variants "
        f"{len(calls)}, {len(calls) - len(known)} of them of patients who are not evaluable",
        told_labels(study),
        f"bTMB of {len(evaluable)} patients, as published in {n_same}; 16 or more in {int((burden >= 16).sum())}",
        *told_notes(report),
        *told,
    ]


def blood_burden(calls: pd.DataFrame) -> pd.Series:
    """Patient -> count of single-base variants with an allele fraction of at least 0.5%, synonymous ones counted,
    known and likely drivers not (Gandara 2018); patients without a row are absent."""
    counts = calls["af"].ge(LOWEST_FRACTION) & calls["omitted_driver_mutation"].ne("yes")
    return counts.groupby(calls["PtID"]).sum()


def _study(clinical: pd.DataFrame, calls: pd.DataFrame, burden: pd.Series, out: Path) -> Study:
    patients = clinical[list(_CLINICAL)].rename(columns=_CLINICAL)
    patients["SEX"] = clinical["SEX"].map({"M": "Male", "F": "Female"})
    patients["CANCER_TYPE"] = "NSCLC"
    patients["BTMB"] = burden.reindex(clinical.index)
    samples = one_sample(clinical.index, "B", procedure="unknown").assign(ASSAY="cell-free DNA of plasma")
    samples = samples.join(clinical[list(_ASSAY)].rename(columns=_ASSAY), on="patient_id")
    sequenced = sample_ids_of(burden.index, "B")
    return Study(
        study_id="poplar",
        origin="real",
        folder=out,
        patients=patients.assign(**survival("OS", clinical["OS"], 1 - clinical["OS.CNSR"])),
        samples=samples,
        treatments=one_course(
            clinical["TRT01P"],
            clinical["PRIORTX"] + 1,
            BEST_RESPONSE=clinical["BCOR"],
            **survival("PFS", clinical["PFS"], 1 - clinical["PFS.CNSR"]),
        ),
        variants=_variants(calls),
        sequenced=frozenset(sequenced),
        sequenced_mb=dict.fromkeys(sequenced, COVERED_MB),
        build="GRCh37",
    )


def _variants(calls: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "sample_id": sample_ids_of(calls["PtID"].tolist(), "B"),
            "gene": calls["gene_name"].to_numpy(),
            "variant_class": calls["effect"].replace(_CLASSES).to_numpy(),
            "vaf": calls["af"].to_numpy(float),
            "protein_change": calls["protein_syntax"].fillna("").to_numpy(),
            "chromosome": calls["chromosome"].str.removeprefix("chr").to_numpy(),
            "start": calls["position"].to_numpy(int),
        }
    )
    return table.assign(
        ref=calls["reference_sequence"].to_numpy(), alt=calls["alternate_sequence"].to_numpy()
    )
