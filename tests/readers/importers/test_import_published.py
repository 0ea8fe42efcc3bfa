"""Importers against their real sources: counts, published figures, what a run would start on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter

from tumorcast.cohort.assemble import assemble
from tumorcast.config.models import DataConfig
from tumorcast.metrics.discrimination import auroc
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.importers.imvigor import import_imvigor
from tumorcast.readers.importers.liu import import_liu
from tumorcast.readers.importers.loris import import_loris
from tumorcast.readers.importers.poplar import import_poplar
from tumorcast.readers.importers.riaz import import_riaz
from tumorcast.readers.importers.survpath import import_survpath

LORIS_CANCERS = {
    "Bladder": -0.3323, "Breast": -0.3323, "Colorectal": -0.102, "Endometrial": -0.0079, "Esophageal": 0.55,
    "Gastric": 0.2306, "Head & Neck": 0.0678, "Hepatobiliary": -0.1189, "Melanoma": -0.0086, "Mesothelioma": 0.1255,
    "NSCLC": 0.0008, "Ovarian": -0.052, "Pancreatic": -1.1169, "Renal": 0.5451, "Sarcoma": 0.0542, "SCLC": -0.0033,
}  # fmt: skip


def cohort_of(folder, *modalities):
    return assemble(read_study(folder), DataConfig(study=folder, modalities=modalities), ("response",))


def burden_auroc(cohort):
    known = cohort.tmb.notna().to_numpy() & cohort.courses["response"].notna().to_numpy()
    return auroc(cohort.courses["response"].to_numpy(float)[known], cohort.tmb.to_numpy(float)[known])


def test_riaz(shared_data, tmp_path):
    told = import_riaz(shared_data / "Riaz2017", tmp_path)
    assert (
        told[1]
        == "patients 73, responders (CR/PR) 15 of 70 evaluable, OS events 42 of 73, PFS events 58 of 73"
    )
    study = read_study(tmp_path)
    assert len(study.variants) == 28589
    assert len(study.sequenced) == 68
    assert study.variants["protein_change"].eq("p.V600E").sum() == 17
    assert not study.variants["protein_change"].str.contains("[A-Z][a-z]{2}[0-9]").any()
    is_dead = study.patients["OS_STATUS"].eq("1:DECEASED")
    assert study.patients["OS_MONTHS"][is_dead].median() < study.patients["OS_MONTHS"][~is_dead].median() / 2
    cohort = cohort_of(tmp_path, "mutations", "clinical")
    assert cohort.is_present.sum().to_dict() == {"mutations": 65, "clinical": 70}
    assert burden_auroc(cohort) == pytest.approx(0.60, abs=0.01)


def test_liu(shared_data, tmp_path):
    told = import_liu(shared_data / "Liu2019", tmp_path)
    assert (
        told[1]
        == "patients 144, responders (CR/PR) 55 of 144 evaluable, OS events 72 of 144, PFS events 103 of 144"
    )
    cohort = cohort_of(tmp_path, "clinical", "dna_scores")
    assert cohort.is_present["dna_scores"].sum() == 143
    assert burden_auroc(cohort) == pytest.approx(0.61, abs=0.01)


def test_imvigor(shared_data, tmp_path):
    told = import_imvigor(shared_data / "IMvigor210", tmp_path)
    assert told[1] == "patients 348, responders (CR/PR) 68 of 298 evaluable, OS events 232 of 348"
    cohort = cohort_of(tmp_path, "clinical", "immune_scores")
    assert len(cohort.courses) == 298
    assert burden_auroc(cohort) == pytest.approx(0.73, abs=0.01)


def hazard_ratio(table: pd.DataFrame, kind: str) -> list[float]:
    """Hazard ratio of atezolizumab against docetaxel with its 95% interval."""
    rows = pd.DataFrame(
        {
            "time": table[f"{kind}_MONTHS"],
            "event": table[f"{kind}_STATUS"].str.startswith("1").astype(int),
            "is_atezolizumab": table["agent"].eq("MPDL3280A").astype(int),
        }
    )
    fitted = CoxPHFitter().fit(rows, "time", "event").summary.loc["is_atezolizumab"]
    return [float(fitted[name]) for name in ("exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%")]


def test_poplar_has_its_published_hazard_ratios(shared_data, tmp_path):
    told = import_poplar(shared_data / "POPLAR", tmp_path)
    assert "bTMB of 211 patients, as published in 211; 16 or more in 63" in told
    study = read_study(tmp_path)
    assert len(study.variants) == 3298
    table = study.patients.join(study.treatments.set_index("patient_id"))
    assert hazard_ratio(table, "OS") == pytest.approx([0.675, 0.511, 0.893], abs=1e-3)
    assert hazard_ratio(table[table["BTMB"] >= 16], "PFS") == pytest.approx([0.573, 0.33, 0.99], abs=2e-3)
    for agent, median in (("MPDL3280A", 12.55), ("Docetaxel", 9.72)):
        arm = table[table["agent"] == agent]
        fitted = KaplanMeierFitter().fit(arm["OS_MONTHS"], arm["OS_STATUS"].str.startswith("1"))
        assert fitted.median_survival_time_ == pytest.approx(median, abs=0.01)


def published_score(patients: pd.DataFrame) -> np.ndarray:
    """LORIS (Chang 2024), pan-cancer."""
    line = (
        0.0371 * patients["TMB_NONSYNONYMOUS"].clip(upper=50)
        - 0.8775 * patients["PRIOR_THERAPY"]
        + 0.5382 * patients["ALBUMIN"]
        - 0.033 * patients["NLR"].clip(upper=25)
        + 0.0049 * patients["AGE"].clip(upper=85)
        + patients["CANCER_TYPE"].map(LORIS_CANCERS)
        - 2.0886
    )
    return (1 / (1 + np.exp(-line))).to_numpy(float)


@pytest.mark.parametrize(
    ("cohort", "patients", "responders", "burden", "score"),
    [("Chowell_train", 964, 282, 0.609, 0.741), ("Chowell_test", 515, 127, 0.648, 0.754)],
)
def test_loris_has_its_published_discrimination(
    shared_data, tmp_path, cohort, patients, responders, burden, score
):
    import_loris(shared_data / "LORIS", tmp_path, cohort)
    study = read_study(tmp_path)
    response = study.treatments.set_index("patient_id")["BEST_RESPONSE"].eq("R").reindex(study.patients.index)
    label = response.to_numpy(float)
    assert (len(label), label.sum()) == (patients, responders)
    assert auroc(label, study.patients["TMB_NONSYNONYMOUS"].to_numpy(float)) == pytest.approx(
        burden, abs=1e-3
    )
    assert auroc(label, published_score(study.patients)) == pytest.approx(score, abs=1e-3)


def test_loris_score_of_patients_without_immunotherapy_is_the_published_one(shared_data, tmp_path):
    import_loris(shared_data / "LORIS", tmp_path, "MSK_nonICB")
    study = read_study(tmp_path)
    published = pd.read_csv(shared_data / "LORIS" / "MSK_nonICB.csv")["LORIS"]
    assert published_score(study.patients) == pytest.approx(published.to_numpy(), abs=2e-3)
    assert study.patients["OS_STATUS"].eq("1:DECEASED").sum() == 293


@pytest.mark.parametrize(
    ("cancer", "patients", "expressed", "events"),
    [("blca", 359, 359, (156, 158, 113)), ("coadread", 298, 293, (58, 83, 37))],
)
def test_survpath(shared_data, tmp_path, cancer, patients, expressed, events):
    told = import_survpath(shared_data / "TCGA_SurvPath", tmp_path, cancer)
    assert told[1] == f"patients {patients}, " + ", ".join(
        f"{kind} events {n} of {patients}" for kind, n in zip(("OS", "PFS", "DSS"), events, strict=True)
    )
    study = read_study(tmp_path)
    assert study.expression.shape == (expressed, 1577)
    assert study.expression.min(axis=None) == 0
    assert 60_000 < np.exp2(study.expression).sum(axis=1).median() < 200_000
    folds = pd.read_csv(tmp_path / "splits.csv").set_index("patient_id")["fold"]
    assert set(folds.index) == set(study.patients.index)
    assert folds.groupby(study.patients["SITE"].reindex(folds.index)).nunique().max() == 1
