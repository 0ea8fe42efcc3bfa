"""Importers on small tables of their layouts: what disagrees, what is missing, what is not theirs."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.importers.mopadi import import_mopadi
from tumorcast.readers.importers.porpoise import import_porpoise
from tumorcast.readers.importers.transneo import import_transneo
from tumorcast.readers.study import Study

PORPOISE = (
    "case_id,slide_id,age,site,is_female,oncotree_code,survival_months,censorship,train,"
    "TP53_mut,KRAS_mut,TP53_cnv,CD8A_rnaseq\n"
    "TCGA-AA-0001,a.svs,61,AA,1,BLCA,10.5,0,1,1,0,-2,-0.3\n"
    "TCGA-AA-0001,b.svs,61,AA,1,BLCA,10.5,0,1,1,0,-2,-0.3\n"
    "TCGA-AA-0002,c.svs,70,AB,0,BLCA,20,1,1,0,0,1,812.5\n"
    "TCGA-AA-0003,d.svs,50,AB,0,BLCA,30,,0,,,0,\n"
    "TCGA-AA-0004,e.svs,40,AB,0,BLCA,30,1,0,1,1,0,1\n"
    "TCGA-AA-0004,f.svs,41,AB,0,BLCA,30,1,0,1,1,0,1\n"
)


def porpoise(folder: Path, text: str = PORPOISE) -> Path:
    path = folder / "tcga_blca_all_clean.csv"
    path.write_text(text)
    return path


def imported(folder: Path, text: str = PORPOISE) -> Study:
    import_porpoise(porpoise(folder, text), folder / "out")
    return read_study(folder / "out")


def test_slides_of_a_patient_become_one_sample_and_disagreeing_rows_leave_the_patient_out(tmp_path):
    told = import_porpoise(porpoise(tmp_path), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert study.patients.index.tolist() == ["TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003"]
    assert study.samples["patient_id"].tolist() == study.patients.index.tolist()
    assert "rows (slides) 6, patients 4, left out because their rows disagree 1" in told[0]
    assert "TRAIN" not in study.patients


def test_censorship_is_the_inverse_of_an_event_and_missing_stays_missing(tmp_path):
    study = imported(tmp_path)
    assert study.patients["OS_STATUS"].tolist()[:2] == ["1:DECEASED", "0:LIVING"]
    assert study.patients["OS_STATUS"].isna().tolist() == [False, False, True]
    assert study.patients["SITE"].tolist() == ["AA", "AB", "AB"]


def test_no_mutation_and_no_sequencing_are_told_apart(tmp_path):
    study = imported(tmp_path)
    assert study.sequenced == {"TCGA-AA-0001-01", "TCGA-AA-0002-01"}
    assert study.variants["sample_id"].tolist() == ["TCGA-AA-0001-01"]
    assert study.variants["impact"].tolist() == ["unknown"]
    assert study.sequenced_mb == {}


def test_z_scores_are_kept_with_a_note_and_their_long_tail(tmp_path):
    study = imported(tmp_path)
    np.testing.assert_allclose(study.expression["CD8A"], [-0.3, 812.5, np.nan], rtol=1e-5)
    assert "z_scores" in {note.reason for note in study.report}


def test_a_table_without_mutations_has_nobody_sequenced(tmp_path):
    table = pd.read_csv(porpoise(tmp_path)).drop(columns=["TP53_mut", "KRAS_mut"])
    study = imported(tmp_path, table.to_csv(index=False))
    assert study.variants is None
    assert study.sequenced == frozenset()


def test_a_folder_and_a_cancer_name_a_table(tmp_path):
    porpoise(tmp_path)
    assert import_porpoise(tmp_path, tmp_path / "out", cancer="BLCA")
    with pytest.raises(InputError, match="blca"):
        import_porpoise(tmp_path, tmp_path / "other", cancer="luad")


def test_folds_are_copied_and_a_patient_in_two_of_them_is_refused(tmp_path):
    splits = tmp_path / "splits"
    splits.mkdir()
    (splits / "splits_0.csv").write_text(",train,val\n0,TCGA-AA-0002,TCGA-AA-0001\n")
    (splits / "splits_1.csv").write_text(",train,val\n0,TCGA-AA-0001,TCGA-AA-0002\n1,x,TCGA-ZZ-9999\n")
    import_porpoise(porpoise(tmp_path), tmp_path / "out", splits)
    table = pd.read_csv(tmp_path / "out" / "splits.csv")
    assert table.to_numpy().tolist() == [["TCGA-AA-0001", 0], ["TCGA-AA-0002", 1]]
    (splits / "splits_1.csv").write_text(",train,val\n0,TCGA-AA-0002,TCGA-AA-0001\n")
    with pytest.raises(InputError, match="two folds"):
        import_porpoise(porpoise(tmp_path), tmp_path / "out", splits)


def test_a_folder_with_another_study_is_not_mixed_with_this_one(tmp_path):
    imported(tmp_path)
    other = tmp_path / "tcga_luad_all_clean.csv"
    other.write_text(PORPOISE)
    with pytest.raises(InputError, match="another study"):
        import_porpoise(other, tmp_path / "out")


@pytest.mark.parametrize("run", [import_porpoise, import_mopadi, import_transneo])
def test_a_source_that_is_not_there_is_refused(tmp_path, run):
    with pytest.raises(InputError):
        run(tmp_path / "nothing", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def mopadi(folder: Path) -> Path:
    rows = PORPOISE.splitlines()
    (folder / "TCGA-AA-0001_omics_row.csv").write_text("\n".join(rows[:2]) + "\n")
    for slide in ("TCGA-AA-0001-01Z-00-DX1", "TCGA-AA-0007-01Z-00-DX1"):
        (folder / slide).mkdir()
        with h5py.File(folder / slide / "features.h5", "w") as file:
            file["feats"] = np.ones((3, 4), np.float32)
    return folder


def test_a_bag_is_copied_into_the_study_and_listed(tmp_path):
    import_mopadi(mopadi(tmp_path), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert study.patients.index.tolist() == ["TCGA-AA-0001"]
    bag = Path(study.slides.loc[0, "path"])
    assert bag.is_relative_to(tmp_path / "out")
    assert bag.read_bytes() == (tmp_path / "TCGA-AA-0001-01Z-00-DX1" / "features.h5").read_bytes()
    assert len(study.variants) == 1


def test_patients_with_a_slide_alone_come_when_asked_for(tmp_path):
    code = main(["import", "mopadi", str(mopadi(tmp_path)), "--out", str(tmp_path / "out"), "--slide-only"])
    study = read_study(tmp_path / "out")
    assert code == 0
    assert study.patients.index.tolist() == ["TCGA-AA-0001", "TCGA-AA-0007"]
    assert sorted(study.slides["sample_id"]) == ["TCGA-AA-0001-01", "TCGA-AA-0007-01"]
    assert study.sequenced == {"TCGA-AA-0001-01"}
    assert study.expression.index.tolist() == ["TCGA-AA-0001-01"]


def test_a_patient_with_omics_and_no_bag_is_refused(tmp_path):
    source = mopadi(tmp_path)
    (source / "TCGA-AA-0001-01Z-00-DX1" / "features.h5").unlink()
    with pytest.raises(InputError, match="TCGA-AA-0001"):
        import_mopadi(source, tmp_path / "out")
