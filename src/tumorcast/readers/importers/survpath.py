"""Tables of SurvPath (Jaume et al. 2024, CVPR, arXiv:2304.06819): TCGA, expression of pathway genes, three survival
endpoints (Liu et al. 2018, Cell 173:400), folds that keep sites whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.importers.porpoise import porpoise_study, read_porpoise, write_splits
from tumorcast.readers.importers.tables import DAYS_PER_MONTH, survival, told_labels, told_notes, whole_days
from tumorcast.readers.scale import to_log2_tpm

_SCALE = "log2(tpm+0.001)"
_TIMES = ("survival_months", "survival_months_dss", "survival_months_pfi")


def import_survpath(source: Path, out: Path, cancer: str | None = None) -> list[str]:
    """One cancer's tables as a study, with the source's folds in `splits.csv`; returns lines of counts.

    `censorship` 1 means censored. Months are days over 30 in the source, days over 365.25/12 in the study. The
    progression-free interval is written as PFS, as cBioPortal does for TCGA. Expression is log2(TPM + 0.001) in
    the source (Xena Toil) and log2(TPM + 1) in the study; patients with several rows that differ have none, as
    which sample a row is from is not said. The site is that of the barcode.

    Args:
        source: folder with `metadata/`, `clinical_data/`, `raw_rna_data/xena/` and `splits/5foldcv/`.
        cancer: TCGA's code ("blca").

    Raises:
        InputError: no expression or no table of this cancer, times that are no whole days.
    """
    report: list[Exclusion] = []
    name = (cancer or "").lower()
    matrix = source / "raw_rna_data" / "xena" / name / "rna_clean.csv"
    if not name or not matrix.is_file():
        known = ", ".join(
            sorted(path.parent.name for path in source.glob("raw_rna_data/xena/*/rna_clean.csv"))
        )
        raise InputError("no expression of this cancer", got=f"{cancer} in {source}", expected=known or None)
    table = read_porpoise(source / "metadata" / f"tcga_{name}.csv")
    for column in _TIMES:
        table[column] = whole_days(table[column], (30, DAYS_PER_MONTH)) / DAYS_PER_MONTH
    study, told = porpoise_study(table, f"survpath_{name}", out)
    clinical = source / "clinical_data" / f"tcga_{name}_clinical.csv"
    study = replace(
        study,
        patients=_patients(study.patients, table, clinical, report),
        expression=_expression(matrix, study.patients.index, report),
    )
    told = [told[0], told_labels(study), *told_notes(report), *write_import(study, out)]
    splits = source / "splits" / "5foldcv" / f"tcga_{name}"
    return [*told, write_splits(splits, out / "splits.csv", set(study.patients.index))]


def _patients(
    patients: pd.DataFrame, table: pd.DataFrame, clinical: Path, report: list[Exclusion]
) -> pd.DataFrame:
    """The patient table with site, stage, grade and the two further endpoints."""
    row = table.drop_duplicates("case_id").set_index("case_id").loc[patients.index]
    return patients.assign(
        SITE=[barcode.split("-")[1] for barcode in patients.index],
        **_stage_and_grade(clinical, patients.index, report),
        **survival("DSS", row["survival_months_dss"], 1 - row["censorship_dss"]),
        **survival("PFS", row["survival_months_pfi"], 1 - row["censorship_pfi"]),
    )


def _stage_and_grade(path: Path, patients: pd.Index, report: list[Exclusion]) -> dict[str, pd.Series]:
    """STAGE and GRADE by patient, a column that is empty left out; unknown where rows of a patient disagree."""
    rows = pd.read_csv(path, dtype=str)
    own = rows[rows["case_id"].isin(patients)].groupby("case_id")
    made = {}
    for column in ("stage", "grade"):
        values = own[column].nunique()
        if n := int((values > 1).sum()):
            report.append(Exclusion("value", column, "conflicting_rows", f"{n} patients"))
        known = own[column].first()[values == 1].reindex(patients)
        if known.notna().any():
            made[column.upper()] = known
    return made


def _expression(path: Path, patients: pd.Index, report: list[Exclusion]) -> pd.DataFrame:
    """sample x gene, log2(TPM + 1)."""
    rows = pd.read_csv(path).drop_duplicates()
    rows = rows.set_index(rows.columns[0])
    is_own, is_twice = rows.index.isin(patients), rows.index.duplicated(keep=False)
    told = (
        ("unknown_patient", ~is_own, "rows of patients without a clinical row"),
        ("conflicting_rows", is_own & is_twice, "rows of patients whose rows differ"),
    )
    report.extend(
        Exclusion("sample", path.name, reason, f"{int(which.sum())} {what} left out")
        for reason, which, what in told
        if which.any()
    )
    kept = rows[is_own & ~is_twice]
    values = to_log2_tpm(kept.to_numpy(np.float32), _SCALE, path.name, report)
    samples = pd.Index([f"{patient}-01" for patient in kept.index], name="sample_id")
    return pd.DataFrame(values, index=samples, columns=kept.columns)
