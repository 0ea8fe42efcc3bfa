"""Baselines of a fold: each sees its own columns, those that a study has nothing for are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study
from tumorcast.cohort.splits import outer_folds
from tumorcast.config import load_config
from tumorcast.evaluation import tabular
from tumorcast.metrics.discrimination import auroc
from tumorcast.training.baselines import MODEL_NAMES, predict_baselines
from tumorcast.training.fold import prepare_fold
from tumorcast.training.workspace import Workspace, open_workspace


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """A fifth of the trees: what is proved does not hang on their number."""
    monkeypatch.setattr(tabular, "_TREES", 100)


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Workspace:
    folder = tmp_path_factory.mktemp("baselines")
    study = simulate_study(folder / "study", n_patients=120, seed=1, features_only=True)
    own = "data.modalities=[mutations,expression,clinical]"
    return open_workspace(
        load_config([f"data.study={study}", f"runs={folder}", "name=b", own, "tracking.enabled=false"])
    )


def _predicted(work: Workspace) -> pd.DataFrame:
    (fold,) = outer_folds(work.cohort.courses, work.config.split, work.config.seed, work.config.data.study)
    prepared, _ = prepare_fold(work, fold)
    return predict_baselines(work, fold, prepared)


def test_all_that_the_study_allows_are_predicted(work):
    table = _predicted(work)
    assert set(table["model"]) == set(MODEL_NAMES.values()) - {"pdl1"}
    assert table["probability"].between(0, 1).all()


def test_a_planted_stain_is_found_by_its_baseline(work):
    stain = work.cohort.courses["response"].fillna(0) * 50 + np.arange(len(work.cohort.courses)) % 7
    cohort = replace(work.cohort, clinical=work.cohort.clinical.assign(PDL1_TPS=stain))
    table = _predicted(replace(work, cohort=cohort)).dropna(subset=["label"])
    own = table[table["model"] == "pdl1"]
    assert auroc(own["label"].to_numpy(), own["probability"].to_numpy()) > 0.99
    other = table[table["model"] == "gep"]
    assert auroc(other["label"].to_numpy(), other["probability"].to_numpy()) < 0.9
