"""MoPaDi example data: real tiles and a full-slide feature bag of one TCGA patient with all three modalities."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.import_porpoise import import_porpoise


def import_mopadi(source: Path, out: Path) -> list[str]:
    """The patient of `*_omics_row.csv` (PORPOISE form) with the feature bag beside it; returns counts.

    The bag (`PATIENT*/features.h5`) is copied into the study, and `slides.csv` points to it.
    """
    rows = sorted(source.glob("*_omics_row.csv"))
    if not rows:
        raise InputError(
            "not a MoPaDi folder", got=source, expected="PATIENT_omics_row.csv and PATIENT*/features.h5"
        )
    told = import_porpoise(rows[0], out)
    patient = str(pd.read_csv(rows[0], usecols=["case_id"])["case_id"].iloc[0])
    bags = sorted(source.glob(f"{patient}*/features.h5"))
    if not bags:
        raise InputError(f"no feature bag for {patient}", got=source, expected=f"{patient}*/features.h5")
    (out / "bags").mkdir(exist_ok=True)
    listed = []
    for bag in bags:
        slide = bag.parent.name
        shutil.copyfile(bag, out / "bags" / f"{slide}.h5")
        listed.append((slide, f"{patient}-01", f"bags/{slide}.h5"))
    pd.DataFrame(listed, columns=["slide_id", "sample_id", "path"]).to_csv(out / "slides.csv", index=False)
    return [*told, f"feature bags {len(bags)}"]
