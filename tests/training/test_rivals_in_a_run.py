"""Networks of other kinds in a whole run: beside the run's own model, and as the run's own model."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study
from tumorcast.config import load_config
from tumorcast.domain.errors import ConfigError
from tumorcast.training.run import run_experiment

SMALL = (
    "tracking.enabled=false", "split.inner_folds=2", "training.max_epochs=1", "model.rival_width=16",
    "evaluation.bootstrap=100", "evaluation.baselines=[tmb]", "data.modalities=[slide,mutations]",
    "training.accelerator=cpu", "training.devices=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rivals") / "study"
    return simulate_study(
        folder, n_patients=50, seed=2, tiles_per_slide=10, features_only=True, progress=False
    )


def run(study: Path, folder: Path, *words: str, exported: list[Path]) -> Path:
    config = load_config([f"data.study={study}", f"runs={folder}", "name=r", *SMALL, *words])
    return run_experiment(config, lambda _conclusion, where: exported.append(where))


def test_rivals_are_rows_of_their_own_with_paired_differences(study, tmp_path):
    exported: list[Path] = []
    words = ("training.rivals=[clam,survpath]", "training.singles=false", "evaluation.subsets=false")
    folder = run(study, tmp_path, *words, exported=exported)
    predictions = pd.read_csv(folder / "predictions.csv")
    assert set(predictions["model"]) == {"fused", "clam", "survpath", "tmb"}
    courses = predictions.groupby("model")["course_id"].agg(set)
    assert courses["clam"] == courses["survpath"] == courses["fused"]
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert {"clam", "fused_minus_clam", "fused_minus_survpath"} <= set(metrics)
    assert exported == [folder / "bundle"]


@pytest.mark.heavy
def test_a_run_of_another_kind_ends_well_without_a_bundle(study, tmp_path, capsys):
    exported: list[Path] = []
    words = ("model.kind=mcat", "split.scheme=kfold", "split.folds=2", "training.rivals=[tumorcast,mcat]")
    folder = run(study, tmp_path, *words, exported=exported)
    assert exported == []
    told = capsys.readouterr()
    assert "no bundle" in told.err
    assert "model.kind=mcat is trained to be compared with" in told.out
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert {"fused", "tumorcast", "fused_minus_tumorcast"} <= set(metrics)
    subsets = json.loads((folder / "subsets.json").read_text(encoding="utf-8"))
    assert "slide+mutations" in subsets
    assert not (folder / "final").exists()


def test_no_rival_is_named_twice(study, tmp_path):
    with pytest.raises(ConfigError):
        run(study, tmp_path, "training.rivals=[survpath,survpath]", exported=[])
