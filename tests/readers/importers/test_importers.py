"""Importers against their real sources: counts in are counts out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumorcast.cohort.derived import derive
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.importers.mopadi import import_mopadi
from tumorcast.readers.importers.porpoise import import_porpoise
from tumorcast.readers.importers.transneo import import_transneo


def test_transneo(shared_data, tmp_path):
    source = shared_data / "TransNEO"
    import_transneo(source, tmp_path / "s")
    study = read_study(tmp_path / "s")
    table = pd.read_csv(source / "training_df.csv").set_index("Trial.ID")
    variants = pd.read_csv(source / "supplementary_table_2.csv.gz", low_memory=False)
    assert len(study.patients) == 147
    assert study.patients["PCR"].sum() == 38
    assert len(study.sequenced) == 147
    own = variants.drop_duplicates()["Donor.ID"].isin(table.index).sum()  # 66 rows of one patient stand twice
    assert 0.999 * own <= len(study.variants) <= own
    patient = table.index[5]
    assert study.layers["dna_scores"].loc[f"{patient}-D", "HRD.sum"] == table.loc[patient, "HRD.sum"]
    assert not any("Cycles" in str(c) for layer in study.layers.values() for c in layer)
    ours = derive(study, "instability", [])
    told = study.layers["dna_scores"]
    assert len(ours) == 147
    assert np.corrcoef(ours["hrd_sum"], told.loc[ours.index, "HRD.sum"])[0, 1] > 0.97


def test_porpoise_reads_censorship_as_the_inverse_of_an_event(shared_data, tmp_path):
    source = shared_data / "TCGA_PORPOISE" / "tcga_blca_all_clean.csv.zip"
    import_porpoise(source, tmp_path / "s", shared_data / "TCGA_PORPOISE" / "splits" / "tcga_blca")
    study = read_study(tmp_path / "s")
    table = pd.read_csv(source).drop_duplicates("case_id").set_index("case_id")
    is_dead = study.patients["OS_STATUS"].eq("1:DECEASED")
    pd.testing.assert_series_equal(is_dead, table["censorship"].eq(0), check_names=False)
    assert len(study.variants) == int((table.filter(like="_mut") > 0).sum().sum())
    folds = pd.read_csv(tmp_path / "s" / "splits.csv")
    assert set(folds["patient_id"]) == set(study.patients.index)


def test_mopadi_patient_has_all_three_modalities(shared_data, tmp_path):
    import_mopadi(shared_data / "MoPaDi_tiles", tmp_path / "s")
    study = read_study(tmp_path / "s")
    assert list(study.patients.index) == ["TCGA-AD-6964"]
    assert len(study.slides) == 1
    assert len(study.variants) > 200
    assert study.expression is not None


def test_transneo_regimens_agree_with_the_published_columns(shared_data, tmp_path):
    source = shared_data / "TransNEO"
    import_transneo(source, tmp_path / "s")
    study = read_study(tmp_path / "s")
    table = pd.read_csv(source / "training_df.csv").set_index("Trial.ID")
    agents = study.treatments.groupby("patient_id")["agent"].agg(set).reindex(table.index)
    given = agents.map(lambda names: bool({"epirubicin"} & names))
    assert given.eq(table["Chemo.any.Anthracycline"].eq(1)).all()
    anti_her2 = agents.map(lambda names: bool({"Trastuzumab", "Pertuzumab"} & names))
    assert anti_her2.eq(table["Chemo.any.antiHER2"].eq(1)).all()
    assert study.treatments["start_day"].gt(study.samples["collected_day"].max()).all()


def test_no_feature_of_transneo_postdates_treatment(shared_data, tmp_path):
    import_transneo(shared_data / "TransNEO", tmp_path / "s")
    study = read_study(tmp_path / "s")
    columns = {str(c) for layer in study.layers.values() for c in layer} | set(study.patients.columns)
    late = ("CYCLE", "SURGERY", "CELLULARITY", "NUMBER.OF", "LVI", "CHEMO", "RESP")
    assert [c for c in columns if any(word in c.upper() for word in late)] == []
    assert {"PCR", "RCB_CATEGORY", "RCB_SCORE"} <= set(study.patients.columns)
