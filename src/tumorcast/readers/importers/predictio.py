"""Immunotherapy cohorts with expression from the PredictioR collection (Bareche et al. 2022, Ann Oncol 33:1214)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.study import Study

_CLINICAL = {"sex": "SEX", "age": "AGE", "histo": "HISTOLOGY", "stage": "STAGE", "cancer_type": "CANCER_TYPE"}
_AGENTS = {
    "PD-1/PD-L1": ("anti-PD-1/PD-L1",),
    "CTLA4": ("ipilimumab",),
    "IO+combo": ("anti-PD-1/PD-L1", "ipilimumab"),
    "Mariathasan": ("atezolizumab",),
    "Liu": ("anti-PD-1",),
    "Hugo": ("anti-PD-1",),
    "Riaz": ("nivolumab",),
    "Van_Allen": ("ipilimumab",),
}
_PSEUDOCOUNT = 0.001


def import_predictio(source: Path, out: Path, cohort: str) -> list[str]:
    """One cohort (`COHORT.clinical.csv`, `COHORT.expr.csv.gz`) as a study; returns lines of counts.

    Expression is log2(TPM + 0.001) in the source and log2(TPM + 1) in the study. Samples are taken before
    treatment without a date: day -1. RECIST is the label; patients without it keep their survival.

    Raises:
        InputError: no such cohort in the folder, or expression of patients that the clinical table lacks.
    """
    clinical_path, matrix_path = source / f"{cohort}.clinical.csv", source / f"{cohort}.expr.csv.gz"
    if not clinical_path.is_file() or not matrix_path.is_file():
        known = sorted(path.name.removesuffix(".clinical.csv") for path in source.glob("*.clinical.csv"))
        raise InputError("no such cohort", got=f"{cohort} in {source}", expected=", ".join(known) or None)
    clinical = pd.read_csv(clinical_path, index_col=0).set_index("patientid")
    clinical.index = clinical.index.astype(str)
    matrix = pd.read_csv(matrix_path, index_col=0)
    foreign = sorted(set(map(str, matrix.columns)) - set(clinical.index))
    if foreign:
        raise InputError(
            f"{matrix_path.name} has patients that {clinical_path.name} lacks", got=", ".join(foreign[:5])
        )
    study = predictio_study(clinical, matrix, f"predictio_{cohort.lower()}", cohort, out)
    told = write_import(study, out)
    return [
        f"source: patients {len(clinical)}, with expression {matrix.shape[1]}, genes {matrix.shape[0]}",
        f"RECIST known {int(clinical['recist'].notna().sum())}, "
        f"responders (CR/PR) {int(clinical['recist'].isin(['CR', 'PR']).sum())}",
        *told,
    ]


def predictio_study(
    clinical: pd.DataFrame, matrix: pd.DataFrame, study_id: str, cohort: str, folder: Path
) -> Study:
    """The study of one cohort.

    Args:
        clinical: one row a patient, the collection's column names. matrix: gene x patient, log2(TPM + 0.001).
    """
    ids = [str(patient) for patient in clinical.index]
    known = {theirs: ours for theirs, ours in _CLINICAL.items() if clinical[theirs].notna().any()}
    patients = clinical[list(known)].rename(columns=known)
    patients["BEST_RESPONSE"] = clinical["recist"]
    if clinical["nsTMB_perMb"].notna().any():
        patients["TMB_NONSYNONYMOUS"] = clinical["nsTMB_perMb"].astype(float)
    for kind in ("os", "pfs"):
        event = clinical[f"event_occurred_{kind}"]
        patients[f"{kind.upper()}_MONTHS"] = clinical[f"survival_time_{kind}"].astype(float)
        patients[f"{kind.upper()}_STATUS"] = event.map({1: "1:EVENT", 0: "0:CENSORED"})
    values = np.log2(np.maximum(np.exp2(matrix.to_numpy(float)) - _PSEUDOCOUNT, 0) + 1)
    expression = pd.DataFrame(values.T, index=[f"{p}-T" for p in matrix.columns], columns=matrix.index)
    agents = _AGENTS.get(cohort)
    rows = [
        (patient, 0.0, np.nan, agent, "", 1.0, "Medical Therapy")
        for patient, given in zip(ids, clinical["treatment"].fillna(""), strict=True)
        for agent in agents or _AGENTS.get(str(given), (str(given),))
    ]
    columns = ["patient_id", "start_day", "stop_day", "agent", "regimen", "line", "treatment_type"]
    return Study(
        study_id=study_id,
        origin="real",
        folder=folder,
        patients=patients.rename_axis("patient_id"),
        samples=pd.DataFrame(
            {"patient_id": ids, "collected_day": -1.0, "procedure": "biopsy"},
            index=pd.Index([f"{patient}-T" for patient in ids], name="sample_id"),
        ),
        treatments=pd.DataFrame(rows, columns=columns),
        expression=expression.astype(np.float32),
    )
