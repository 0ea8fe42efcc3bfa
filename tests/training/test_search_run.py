"""Whole searches on a small simulated cohort: test patients are in no trial, shuffled labels end at chance."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study
from tumorcast.cohort.splits import outer_folds
from tumorcast.config.search import load_search
from tumorcast.domain.errors import ConfigError
from tumorcast.slides.leases import Leases
from tumorcast.training import choice, run, search_run
from tumorcast.training.search_run import run_search
from tumorcast.training.workspace import open_workspace

SMALL = (
    "tracking.enabled=false", "split.inner_folds=2", "split.scheme=kfold", "split.folds=2", "training.max_epochs=2",
    "evaluation.bootstrap=100", "evaluation.baselines=[]", "evaluation.subsets=false", "data.modalities=[clinical]",
    "model.anchors=false", "training.accelerator=cpu", "training.threads=1", "search.trials=3", "search.startup=2",
    "search.space={model.width: {choice: [8, 16]}, training.lr: {log_uniform: [1e-3, 1e-1]}}",
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("searched") / "study"
    return simulate_study(
        folder, n_patients=60, seed=2, tiles_per_slide=4, features_only=True, progress=False
    )


def search(study: Path, runs: Path, *words: str) -> Path:
    config, space = load_search([f"data.study={study}", f"runs={runs}", "name=s", *SMALL, *words])
    return run_search(config, space, lambda _conclusion, _where: None)


@pytest.mark.heavy
def test_test_patients_are_in_no_trial_and_results_stand_side_by_side(study, tmp_path, monkeypatch):
    seen: dict[str, set[str]] = {}
    fit = choice.fit_member

    def spy(folder, prepared, training, validation, *rest, **named):
        fold = folder.relative_to(tmp_path / "s").parts[0]
        seen.setdefault(fold, set()).update(course.course_id for course in (*training, *validation))
        return fit(folder, prepared, training, validation, *rest, **named)

    monkeypatch.setattr(choice, "fit_member", spy)
    folder = search(study, tmp_path)
    config, _ = load_search([f"data.study={study}", f"runs={tmp_path}", "name=other", *SMALL])
    work = open_workspace(config)
    folds = outer_folds(work.cohort.courses, config.split, config.seed, study)
    assert [set(fold.training) for fold in folds] == [seen[fold.name] for fold in folds]
    assert seen["final"] == set(map(str, work.cohort.courses.index))
    for fold in folds:
        patients = work.cohort.courses["patient_id"]
        assert not set(patients[list(seen[fold.name])]) & set(patients[list(fold.test)])
    predictions = pd.read_csv(folder / "predictions.csv")
    courses = predictions.groupby("model")["course_id"].agg(sorted)
    assert courses["fused"] == courses["default_setting"]
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert {"value", "low", "high"} == set(metrics["fused_minus_default_setting"]["auroc"])
    trials = pd.read_csv(folder / "trials.csv")
    assert trials.groupby("fold").size().to_dict() == {"fold0": 3, "fold1": 3, "final": 3}
    assert trials.groupby("fold")["is_chosen"].sum().to_dict() == {"fold0": 1, "fold1": 1, "final": 1}
    before = predictions.drop(columns="answers")
    search(study, tmp_path)
    pd.testing.assert_frame_equal(pd.read_csv(folder / "predictions.csv").drop(columns="answers"), before)
    with pytest.raises(ConfigError, match=r"another run[^$]*choice\.sampler"):
        search(study, tmp_path, "search.trials=4", "search.sampler=random")
    search(study, tmp_path, "search.trials=4")
    more = pd.read_csv(folder / "trials.csv")
    assert more.groupby("fold").size().to_dict() == {"fold0": 4, "fold1": 4, "final": 4}
    same = ["fold", "trial", "value", "training.lr"]
    pd.testing.assert_frame_equal(more.loc[more["trial"] < 3, same].reset_index(drop=True), trials[same])


def test_a_leader_that_another_took_over_from_writes_nothing_and_helps(study, tmp_path, monkeypatch):
    logged, helped = [], []

    def taken_over(_tracker, _search, inner, tried):
        logged.append(len(tried))
        other = tmp_path / "s" / ".search" / "other.worker"
        other.write_text("", encoding="utf-8")
        os.link(other, tmp_path / "s" / ".search" / "leader.2.lease")

    monkeypatch.setattr(search_run, "log_trials", taken_over)
    monkeypatch.setattr(search_run, "_help", lambda *_: helped.append(True) or True)
    folder = search(study, tmp_path)
    assert (logged, helped) == ([1], [True])
    assert not (folder / "metrics.json").exists()


def test_a_folder_that_was_removed_and_made_anew_has_another_search(tmp_path):
    def identity() -> str:
        (tmp_path / "s").mkdir(exist_ok=True)
        (tmp_path / "s" / "run.json").write_text("{}", encoding="utf-8")
        with Leases(tmp_path / "s" / ".search") as leases:
            return search_run._identity(tmp_path / "s", leases)

    first = identity()
    assert identity() == first
    shutil.rmtree(tmp_path / "s")
    assert identity() != first


def test_more_than_one_device_for_a_trial_is_refused(study, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="one device"):
        search(study, tmp_path, "training.devices=2")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="--workers"):
        search(study, tmp_path)


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_shuffled_labels_end_at_chance_however_well_the_search_looks_inside(study, tmp_path, monkeypatch):
    outer, inner = [], []
    for seed in range(3):

        def shuffled(config, told=None, seed=seed):
            work = open_workspace(config, told)
            courses = work.cohort.courses.copy()
            courses["response"] = np.random.default_rng(seed).permutation(courses["response"].to_numpy())
            return replace(work, cohort=replace(work.cohort, courses=courses))

        monkeypatch.setattr(run, "open_workspace", shuffled)
        words = ("search.objective=metric", "search.trials=10", "search.pruner=none", f"seed={seed}")
        folder = search(study, tmp_path / str(seed), *words)
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        outer.append(metrics["fused"]["auroc"]["value"])
        trials = pd.read_csv(folder / "trials.csv")
        inner.append(trials.loc[trials["is_chosen"] & (trials["fold"] != "final"), "value"].mean())
    assert abs(np.mean(outer) - 0.5) < 0.12
    assert np.mean(inner) > np.mean(outer) + 0.02
