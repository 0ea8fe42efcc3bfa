"""Nivolumab in melanoma, CheckMate 038 (Riaz et al. 2017, Cell 171:934, doi:10.1016/j.cell.2017.09.028)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.burden import WHOLE_EXOME_MB
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import read_table
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

_CLINICAL = ("PatientID", "SampleType", "Cohort", "SubtypeEZ", "BOR", "PFS", "PFS_SOR", "OS", "OS_SOR")
_VARIANTS = ("Patient", "Hugo Symbol", "Chromosome", "Start", "Variant Classification", "HGVS_p", "Taf")
_CONTACT = "protein_protein_contact"
_LETTERS = dict(
    zip(
        re.findall("...", "AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrValSecTerXaaXXX"),
        "ARNDCQEGHILKMFPSTWYVU*XX",
        strict=True,
    )
)
_RESIDUE = re.compile("|".join(_LETTERS))


def import_riaz(source: Path, out: Path) -> list[str]:
    """The patients of `bms038_clinical_data.csv` with their exomes before treatment; returns lines of counts.

    Times are days and `_SOR` 1 means censored. Best response is `BOR`: `myBOR` counts who was not evaluable as
    progressive. A patient is sequenced who has variants or a genomic subtype. After ipilimumab (NIV3-PROG) the
    line is at least the second and is given as that; otherwise it is unknown. Samples without a date are taken
    on day -1. `protein_protein_contact` (SnpEff) names no change of the protein, in a list of nonsynonymous
    changes: its class becomes Unknown. Positions are those of GRCh37, which reading back checks.
    """
    report: list[Exclusion] = []
    path = source / "bms038_clinical_data.csv"
    rows = read_source(path, _CLINICAL, report)
    is_before = rows["SampleType"].eq("pre")
    clinical = by_patient(rows[is_before], "PatientID", path)
    calls = read_source(
        source / "pre_therapy_nonsynonmous_mutations.csv", _VARIANTS, report, text=("Chromosome",)
    )
    known = calls[calls["Patient"].isin(clinical.index)]
    sites = _sites(source / "SampleTableCorrected.9.19.16.csv")
    study = _study(clinical, known, sites, out)
    told = write_import(study, out)
    return [
        f"source: patients {len(rows)}, before treatment {int(is_before.sum())}; variants {len(calls)} of "
        f"{calls['Patient'].nunique()} patients, {len(calls) - len(known)} of them of other patients",
        told_labels(study),
        f"sequenced {len(study.sequenced)}, covered exome taken as {WHOLE_EXOME_MB:g} Mb (not stated)",
        f"{_CONTACT} {int(known['Variant Classification'].eq(_CONTACT).sum())}: class Unknown",
        f"sites of {int(study.patients['SITE'].notna().sum())} patients",
        *told_notes(report),
        *told,
    ]


def short_change(text: str) -> str:
    """`p.Val600Glu` -> `p.V600E`, `p.Arg661*` -> `p.R661*`; "" for "." (no change of the protein told)."""
    return "" if text == "." else _RESIDUE.sub(lambda found: _LETTERS[found[0]], text)


def _study(clinical: pd.DataFrame, calls: pd.DataFrame, sites: pd.Series, out: Path) -> Study:
    is_after = clinical["Cohort"].map({"NIV3-PROG": 1.0, "NIV3-NAIVE": 0.0})
    patients = pd.DataFrame(
        {
            "CANCER_TYPE": "Melanoma",
            "SUBTYPE": clinical["SubtypeEZ"],
            "PRIOR_IPILIMUMAB": is_after,
            "SITE": sites.reindex(clinical.index),
            **survival("OS", clinical["OS"] / DAYS_PER_MONTH, 1 - clinical["OS_SOR"]),
        }
    )
    progression = survival("PFS", clinical["PFS"] / DAYS_PER_MONTH, 1 - clinical["PFS_SOR"])
    is_sequenced = clinical.index.isin(calls["Patient"]) | clinical["SubtypeEZ"].notna()
    sequenced = sample_ids_of(clinical.index[is_sequenced], "pre")
    return Study(
        study_id="riaz_2017",
        origin="real",
        folder=out,
        patients=patients,
        samples=one_sample(clinical.index, "pre"),
        treatments=one_course(
            pd.Series("nivolumab", clinical.index),
            is_after.map({1.0: 2.0, 0.0: np.nan}),
            BEST_RESPONSE=clinical["BOR"],
            **progression,
        ),
        variants=_variants(calls),
        sequenced=frozenset(sequenced),
        sequenced_mb=dict.fromkeys(sequenced, WHOLE_EXOME_MB),
        build="GRCh37",
    )


def _variants(calls: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": sample_ids_of(calls["Patient"].tolist(), "pre"),
            "gene": calls["Hugo Symbol"].to_numpy(),
            "variant_class": calls["Variant Classification"].replace(_CONTACT, "Unknown").to_numpy(),
            "vaf": calls["Taf"].to_numpy(float),
            "protein_change": [short_change(text) for text in calls["HGVS_p"].fillna(".")],
            "chromosome": calls["Chromosome"].to_numpy(),
            "start": calls["Start"].to_numpy(int),
        }
    )


def _sites(path: Path) -> pd.Series:
    """patient -> site, the trial's number in `USUBJID` (CA209038-SITE-PATIENT); empty without the file."""
    if not path.is_file():
        return pd.Series(dtype=str)
    table = read_table(path, ",").drop_duplicates("PatientID").set_index("PatientID")
    return table["USUBJID"].str.split("-").str[1]
