"""MoPaDi example data: real tiles and a full-slide feature bag of one TCGA patient with all three modalities."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import copy_file
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.importers.porpoise import porpoise_study, read_porpoise
from tumorcast.readers.study import Study

_PATIENT = re.compile(r"(TCGA-\w{2}-\w{4})-")


def import_mopadi(source: Path, out: Path, with_slide_only: bool = False) -> list[str]:
    """Patients of `*_omics_row.csv` (PORPOISE form) with the feature bags beside them; returns counts.

    A bag (`PATIENT-.../features.h5`) is copied into the study, and `slides.csv` points to it.

    Args:
        source: the folder.
        with_slide_only: take patients too who have a bag and no row of mutations and expression.

    Raises:
        InputError: no omics row, or no bag of its patient.
    """
    rows = sorted(source.glob("*_omics_row.csv"))
    if not rows:
        raise InputError(
            "not a MoPaDi folder", got=source, expected="PATIENT_omics_row.csv and PATIENT-.../features.h5"
        )
    table = pd.concat([read_porpoise(path) for path in rows], ignore_index=True)
    study, told = porpoise_study(table, "mopadi_tcga", out)
    bags = _bags(source, set(study.patients.index), with_slide_only)
    for patient in study.patients.index:
        if patient not in bags.values():
            raise InputError(
                f"no feature bag for {patient}", got=source, expected=f"{patient}-.../features.h5"
            )
    study = _with_slides(study, bags, out)
    for bag in bags:
        copy_file(bag, out / "bags" / f"{bag.parent.name}.h5")
    told.append(f"feature bags {len(bags)} of {len(set(bags.values()))} patients")
    return told + write_import(study, out, expression_scale="z-score")


def _bags(source: Path, known: set[str], with_slide_only: bool) -> dict[Path, str]:
    """Bag -> patient."""
    found = {}
    for bag in sorted(source.glob("*/features.h5")):
        named = _PATIENT.match(bag.parent.name)
        if named and (named[1] in known or with_slide_only):
            found[bag] = named[1]
    return found


def _with_slides(study: Study, bags: dict[Path, str], out: Path) -> Study:
    """The study with its bags as slides, and with patients and samples for those that had none."""
    more = sorted(set(bags.values()) - set(study.patients.index))
    samples = pd.DataFrame(
        {"patient_id": more, "collected_day": float("nan"), "procedure": "resection"},
        index=pd.Index([f"{patient}-01" for patient in more], name="sample_id"),
    )
    slides = pd.DataFrame(
        {
            "slide_id": [bag.parent.name for bag in bags],
            "sample_id": [f"{patient}-01" for patient in bags.values()],
            "path": [str(out.absolute() / "bags" / f"{bag.parent.name}.h5") for bag in bags],
            "mpp": float("nan"),
        }
    )
    ids = pd.Index([*study.patients.index, *more], name="patient_id")
    everyone = pd.concat([study.samples, samples]) if more else study.samples
    return replace(study, patients=study.patients.reindex(ids), samples=everyone, slides=slides)
