"""Atezolizumab in urothelial cancer, IMvigor210 (Mariathasan et al. 2018, Nature 554:544, doi:10.1038/nature25501)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

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
    whole_days,
)
from tumorcast.readers.study import Study

_SCORES = {
    "CD_8_T_effector": "cd8_effector", "Immune_Checkpoint": "immune_checkpoint", "Pan_F_TBRs": "pan_f_tbrs",
    "Mismatch_Repair": "mismatch_repair", "TumorPurity": "purity",
}  # fmt: skip
_NEEDED = ("ID", "BOR", "OS_days", "OS_status", "Mutation_Load", "Neo_antigen_Load", *_SCORES)


def import_imvigor(source: Path, out: Path) -> list[str]:
    """The 348 patients with expression scores as a study; returns lines of counts.

    `OS_days` are months of 365.25/12 days times 30: as months they fall on whole days, as days they do not.
    Mutations and neoantigens are per megabase (FoundationOne, exome). Samples have no date: day -1. The
    cohort is that of the collections' Mariathasan and must not be split from it.

    Args:
        source: folder with `imvigor210_pdata.csv`.
    """
    report: list[Exclusion] = []
    path = source / "imvigor210_pdata.csv"
    table = by_patient(read_source(path, _NEEDED, report, text=("ID",)), "ID", path)
    study = _study(table, out)
    told = write_import(study, out)
    return [
        f"source: patients {len(table)}, with mutation burden {int(table['Mutation_Load'].notna().sum())}, "
        f"with neoantigens {int(table['Neo_antigen_Load'].notna().sum())}",
        told_labels(study),
        *told_notes(report),
        *told,
    ]


def _study(table: pd.DataFrame, out: Path) -> Study:
    days = whole_days(table["OS_days"], (1, DAYS_PER_MONTH / 30))
    patients = pd.DataFrame(
        {
            "CANCER_TYPE": "Urothelial",
            "TMB_NONSYNONYMOUS": table["Mutation_Load"],
            "NEOANTIGENS_PER_MB": table["Neo_antigen_Load"],
            **survival("OS", days / DAYS_PER_MONTH, table["OS_status"]),
        }
    )
    scores = table[list(_SCORES)].rename(columns=_SCORES)
    return Study(
        study_id="imvigor210",
        origin="real",
        folder=out,
        patients=patients,
        samples=one_sample(table.index, "T"),
        treatments=one_course(
            pd.Series("atezolizumab", table.index), float("nan"), BEST_RESPONSE=table["BOR"]
        ),
        layers={"immune_scores": scores.set_axis(sample_ids_of(table.index, "T"))},
    )
