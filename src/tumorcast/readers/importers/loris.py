"""Tables of LORIS (Chang et al. 2024, Nat Cancer 5:1158, doi:10.1038/s43018-024-00772-7): immunotherapy, pan-cancer."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.importers.tables import (
    by_patient,
    one_course,
    one_sample,
    read_source,
    survival,
    told_labels,
    told_notes,
)
from tumorcast.readers.study import Study

_MEASURED = {
    "TMB": "TMB_NONSYNONYMOUS", "Albumin": "ALBUMIN", "NLR": "NLR", "Age": "AGE", "FCNA": "FCNA", "HED": "HED",
    "Platelets": "PLATELETS", "HGB": "HAEMOGLOBIN", "BMI": "BMI", "PDL1_TPS(%)": "PDL1_TPS",
}  # fmt: skip
_STATED = {
    "CancerType": "CANCER_TYPE", "MSI": "MSI", "HLA_LOH": "HLA_LOH", "Systemic_therapy_history": "PRIOR_THERAPY",
}  # fmt: skip
_NEEDED = ("SAMPLE_ID", "TMB", "CancerType", "Systemic_therapy_history", "OS_Months", "OS_Event")
_AGENTS = {
    0: "anti-PD-1 or anti-PD-L1", 1: "anti-PD-1 or anti-PD-L1 + anti-CTLA-4", 2: "anti-CTLA-4",
}  # fmt: skip
_WITHOUT = "no immune checkpoint inhibitor"


def import_loris(source: Path, out: Path, cohort: str) -> list[str]:
    """One cohort (`COHORT.csv`) as a study; returns lines of counts.

    The source says whether the best response was CR or PR, and no more: R or NR. Patients of a cohort named nonICB
    had no immunotherapy. Lines after a prior therapy are given as the second, the least they can be. A measured column
    with one value for all (an imputed albumin) is left out. Albumin and haemoglobin are in g/dL; in MSK_nonICB the
    burden, NLR and age end at 50, 25 and 85. Left out too: the calendar year, what other columns hold, survival
    at fixed times, the published score.

    Raises:
        InputError: no such cohort in the folder.
    """
    path = source / f"{cohort}.csv"
    if not cohort or not path.is_file():
        known = ", ".join(sorted(part.stem for part in source.glob("*.csv")))
        raise InputError("no such cohort", got=f"{cohort or 'none'} in {source}", expected=known or None)
    report: list[Exclusion] = []
    table = read_source(path, _NEEDED, report, text=("SAMPLE_ID",))
    table["SAMPLE_ID"] = f"{cohort}-" + table["SAMPLE_ID"]
    table = by_patient(table, "SAMPLE_ID", path)
    imputed = [name for name in _MEASURED if name in table and table[name].nunique(dropna=False) == 1]
    study = _study(table.drop(columns=imputed), cohort, out)
    told = write_import(study, out)
    return [
        f"source: patients {len(table)}",
        told_labels(study),
        *([f"left out, one value for all: {', '.join(imputed)}"] if imputed else []),
        *told_notes(report),
        *told,
    ]


def _study(table: pd.DataFrame, cohort: str, out: Path) -> Study:
    names = {theirs: ours for theirs, ours in (_STATED | _MEASURED).items() if theirs in table}
    patients = table[list(names)].rename(columns=names)
    if "Sex" in table:
        patients["SEX"] = table["Sex"].map({1: "Male", 0: "Female"})
    if "Stage" in table:
        patients["STAGE"] = table["Stage"].map({1: "IV", 0: "I-III"})
    labels: dict[str, pd.Series] = {}
    if "Response" in table:
        labels["BEST_RESPONSE"] = table["Response"].map({1: "R", 0: "NR"})
    if "PFS_Months" in table:
        labels |= survival("PFS", table["PFS_Months"], table["PFS_Event"])
    none_named = pd.Series(_WITHOUT if "nonicb" in cohort.lower() else "", table.index)
    agents = table["Drug"].map(_AGENTS) if "Drug" in table else none_named
    return Study(
        study_id=f"loris_{cohort.lower()}",
        origin="real",
        folder=out,
        patients=patients.assign(**survival("OS", table["OS_Months"], table["OS_Event"])),
        samples=one_sample(table.index, "T", procedure="unknown"),
        treatments=one_course(agents, table["Systemic_therapy_history"] + 1, **labels),
    )
