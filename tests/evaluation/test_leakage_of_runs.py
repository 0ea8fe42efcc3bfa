"""The guard against near duplicates on whole cohorts: the simulated one has none, planted ones stop a run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study
from tumorcast.config import RunConfig, load_config
from tumorcast.domain.errors import LeakageError
from tumorcast.evaluation.leakage import near_duplicates
from tumorcast.training.run import run_experiment
from tumorcast.training.workspace import Workspace, duplicates, open_workspace


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("guard")
    return simulate_study(folder / "study", n_patients=60, seed=3, features_only=True)


def _config(study: Path, folder: Path, *words: str) -> RunConfig:
    return load_config([f"data.study={study}", f"runs={folder}", "name=g", "tracking.enabled=false", *words])


@pytest.fixture(scope="module")
def work(study, tmp_path_factory) -> Workspace:
    return open_workspace(_config(study, tmp_path_factory.mktemp("runs")))


def _two_with(work: Workspace, modality: str) -> tuple[str, str]:
    """Two courses of different patients that have it."""
    ids = [str(i) for i in work.cohort.is_present.index[work.cohort.is_present[modality]]]
    patients = work.cohort.courses["patient_id"]
    return ids[0], next(other for other in ids if patients[other] != patients[ids[0]])


def test_the_simulated_cohort_has_none(work):
    assert len(work.bags) > 20
    assert len(work.cohort.variants) > 500
    assert duplicates(work) == []


def test_one_slide_of_another_patient_is_found_among_several(work):
    a, b = _two_with(work, "slide")
    bags = dict(work.bags)
    bags[b] = replace(
        bags[b],
        features=pd.concat([pd.DataFrame(bags[name].features) for name in (b, a)]).to_numpy("float32"),
        slide_ids=(*bags[b].slide_ids, *(["copy"] * len(bags[a].features))),
        digests=(),
    )
    only_copied = work.bags[a].features.astype("float32")
    bags[a] = replace(bags[a], features=only_copied, slide_ids=("own",) * len(only_copied), digests=())
    assert duplicates(replace(work, bags=bags)) == [("slide", a, b)]


def test_one_patients_variants_under_another_name_are_found(work):
    variants = work.cohort.variants
    counts = variants.groupby("course_id").size()
    patients = work.cohort.courses["patient_id"]
    a = str(counts.idxmax())
    b = next(str(c) for c in counts.index if patients[c] != patients[a])
    own = patients[[a, b]]
    kept = variants[~variants["course_id"].map(patients).isin(own)]
    planted = pd.concat([kept, *(variants[variants["course_id"] == a].assign(course_id=c) for c in (a, b))])
    found = duplicates(replace(work, cohort=replace(work.cohort, variants=planted)))
    assert found == [("mutations", min(a, b), max(a, b))]


def _plant(study: Path, folder: Path) -> Path:
    """A copy of the study where every other sample's expression is that of the sample before it."""
    copied = shutil.copytree(study, folder / "planted")
    path = next(copied.glob("data_expression*.txt"))
    table = pd.read_csv(path, sep="\t", comment="#")
    first = table.columns.get_loc(table.select_dtypes("number").columns[0])
    first += table.columns[first] == "Entrez_Gene_Id"
    columns = list(table.columns[first:])
    for before, after in zip(columns[::2], columns[1::2], strict=False):
        table[after] = table[before].round(3)
    table.to_csv(path, sep="\t", index=False)
    return copied


def test_a_run_stops_before_training_and_names_the_pairs(study, tmp_path):
    planted = _plant(study, tmp_path)
    config = _config(planted, tmp_path, "split.scheme=kfold", "data.modalities=[expression,clinical]")
    with pytest.raises(LeakageError, match="look like one tumour") as refused:
        run_experiment(config, lambda *_: None)
    assert "(expression)" in str(refused.value.got)
    assert not list((tmp_path / "g").glob("fold*"))


@pytest.mark.parametrize("cohort", ["Hugo", "Liu", "Mariathasan", "Riaz", "Van_Allen"])
def test_real_expression_holds_no_pair(shared_data, cohort):
    path = shared_data / "PredictioR_ICB" / f"{cohort}.expr.csv.gz"
    if not path.is_file():
        pytest.skip(f"no {path}")
    table = pd.read_csv(path, index_col=0, nrows=4000).T
    ids = pd.Series(table.index, table.index)
    assert near_duplicates({"expression": table}, ids) == []
    table.iloc[-1] = table.iloc[0].round(1)
    assert near_duplicates({"expression": table}, ids) == [("expression", table.index[0], table.index[-1])]
