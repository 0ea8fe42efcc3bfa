"""Anti-PD-1 in melanoma (Liu et al. 2019, Nat Med 25:1916, doi:10.1038/s41591-019-0654-5), supplementary table 1."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.biology.burden import WHOLE_EXOME_MB
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.importers.tables import (
    DAYS_PER_MONTH,
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

_FILE = "Supplemental_Table_1_wAge.tsv"
_SEX, _STAGE = "gender (Male=1, Female=0)", "Mstage (IIIC=0, M1a=1, M1b=2, M1c=3)"
_CLINICAL = {
    "Age": "AGE", "Tx_Start_ECOG": "ECOG", "Tx_Start_LDH": "LDH", "LDH_Elevated": "LDH_ELEVATED",
    "Brain_Met": "BRAIN_METASTASIS", "Cut_SubQ_Met": "SKIN_METASTASIS", "LN_Met": "LYMPH_NODE_METASTASIS",
    "Lung_Met": "LUNG_METASTASIS", "Liver_Visc_Met": "VISCERAL_METASTASIS", "Bone_Met": "BONE_METASTASIS",
    "Primary_Type": "PRIMARY_TYPE", "priorMAPKTx": "PRIOR_MAPK", "priorCTLA4": "PRIOR_CTLA4",
    "numPriorTherapies": "PRIOR_THERAPIES",
}  # fmt: skip
_DNA = {
    "total_muts": "mutations", "nonsyn_muts": "nonsynonymous", "clonal_muts": "clonal",
    "subclonal_muts": "subclonal", "heterogeneity": "heterogeneity", "total_neoantigens": "neoantigens",
    "CNA_prop": "altered_genome", "purity": "purity", "ploidy": "ploidy",
}  # fmt: skip
_NEEDED = (
    "Sample ID", _SEX, _STAGE, *_CLINICAL, *_DNA, "biopsy site", "daysBiopsyToPD1", "BR", "PFS", "OS",
    "progressed", "dead", "Tx",
)  # fmt: skip
_UNKNOWN = ("unknown", "unk", "na", "x")


def import_liu(source: Path, out: Path) -> list[str]:
    """The 144 patients as a study; returns lines of counts.

    Times are days. Left out because they postdate the first day of treatment: cycles, steroids given for side
    effects, later therapies, time to best response. Mixed responses (MR) stay as they are: not responders. The
    burden is nonsynonymous mutations over a conventional exome, which changes no order; of a sample taken under
    treatment it is unknown.

    Args:
        source: folder with `Supplemental_Table_1_wAge.tsv`.
    """
    report: list[Exclusion] = []
    path = source / _FILE
    table = by_patient(read_source(path, _NEEDED, report, "\t", _UNKNOWN, ("Sample ID",)), "Sample ID", path)
    study = _study(table, out)
    told = write_import(study, out)
    is_late = table["daysBiopsyToPD1"] > 0
    return [
        f"source: patients {len(table)}, mixed responses {int(table['BR'].eq('MR').sum())}",
        told_labels(study),
        f"exome taken as {WHOLE_EXOME_MB:g} Mb (not stated); samples under treatment {int(is_late.sum())}",
        *told_notes(report),
        *told,
    ]


def _study(table: pd.DataFrame, out: Path) -> Study:
    is_before = table["daysBiopsyToPD1"] <= 0
    patients = table[list(_CLINICAL)].rename(columns=_CLINICAL)
    patients["SEX"] = table[_SEX].map({1: "Male", 0: "Female"})
    patients["STAGE"] = table[_STAGE].map({0: "IIIC", 1: "M1a", 2: "M1b", 3: "M1c"})
    patients["CANCER_TYPE"] = "Melanoma"
    patients["TMB_NONSYNONYMOUS"] = (table["nonsyn_muts"] / WHOLE_EXOME_MB).where(is_before)
    samples = one_sample(table.index, "T", day=table["daysBiopsyToPD1"])
    samples["BIOPSY_SITE"] = table["biopsy site"].to_numpy()
    return Study(
        study_id="liu_2019",
        origin="real",
        folder=out,
        patients=patients.assign(**survival("OS", table["OS"] / DAYS_PER_MONTH, table["dead"])),
        samples=samples,
        treatments=one_course(
            table["Tx"],
            table["numPriorTherapies"] + 1,
            BEST_RESPONSE=table["BR"],
            **survival("PFS", table["PFS"] / DAYS_PER_MONTH, table["progressed"]),
        ),
        layers={
            "dna_scores": table[list(_DNA)].rename(columns=_DNA).set_axis(sample_ids_of(table.index, "T"))
        },
    )
