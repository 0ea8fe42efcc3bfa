"""The main job as a user runs it: no network, everything written, killed and resumed, read by the lab."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.heavy

_NO_NETWORK = """
import socket, sys
connect = socket.socket.connect

def loopback_only(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise RuntimeError(f"outbound connection to {address}")
    return connect(self, address)

socket.socket.connect = loopback_only
socket.socket.connect_ex = loopback_only
from tumorcast.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
SETTINGS = (
    "name=small", "training.max_epochs=3", "split.inner_folds=2", "evaluation.bootstrap=200", "training.threads=1",
)  # fmt: skip


def words(*arguments: object) -> list[str]:
    return [sys.executable, "-c", _NO_NETWORK, *map(str, arguments)]


def train_words(study: Path) -> list[str]:
    return words(
        "train", ROOT / "configs" / "base.yaml", f"data.study={study}", "data.features=null", *SETTINGS
    )


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("main_job")
    run(words("simulate", folder / "study", "--patients", 60, "--seed", 3, "--features-only"), folder)
    return folder / "study"


@pytest.fixture(scope="module")
def job(study) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder of a finished run, and what it printed."""
    folder = study.parent / "job"
    folder.mkdir()
    return folder, run(train_words(study), folder)


def test_everything_promised_is_written(job):
    folder, done = job
    results = folder / "runs" / "small"
    predictions = pd.read_csv(results / "predictions.csv")
    assert list(predictions.columns) == [
        "patient_id", "course_id", "fold", "label", "model", "probability", "uncalibrated", "answers",
    ]  # fmt: skip
    assert (predictions["answers"].notna() == (predictions["model"] == "fused")).all()
    coverage = pd.read_csv(results / "coverage.csv")
    assert {"all", "response", "fold", "layers", "site", "sex"} <= set(coverage["grouping"])
    assert "sets of answers hold the truth in" in done.stdout
    models = {
        "fused",
        "slide",
        "mutations",
        "expression",
        "clinical",
        "tmb",
        "clinical_linear",
        "loris_like",
        "gep",
        "immune_scores",
        "elastic_net",
        "boosted_trees",
        "abmil",
    }
    assert set(predictions["model"]) == models
    assert predictions.groupby("model")["course_id"].nunique().nunique() == 1
    assert predictions["probability"].between(0, 1).all()
    metrics = json.loads((results / "metrics.json").read_text())
    jsonschema.validate(metrics, json.loads((ROOT / "docs" / "metrics_schema.json").read_text()))
    assert models | {"fused_minus_best_single"} <= set(metrics)
    assert len(json.loads((results / "subsets.json").read_text())) == 15
    figures = {path.stem for path in (results / "figures").glob("*.png")}
    assert figures == {"roc", "precision_recall", "calibration", "forest", "missing_modality_curve"}
    manifest = json.loads((results / "bundle" / "manifest.json").read_text())
    assert manifest["training_data"] == "simulated"
    assert "SIMULATED" in (results / "bundle" / "model_card.md").read_text()
    assert "SIMULATED DATA" in done.stdout
    assert "mlflow ui" in done.stdout
    assert "Warning" not in done.stderr


def test_no_patient_is_on_both_sides(job, study):
    folder, _ = job
    held_out = set(pd.read_csv(folder / "runs" / "small" / "predictions.csv")["patient_id"])
    everyone = set(pd.read_csv(study / "truth" / "patients.csv")["patient_id"])
    assert 0 < len(held_out) < 0.5 * len(everyone)


def test_mlflow_holds_the_run(job):
    import mlflow

    folder, _ = job
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("tumorcast")
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    (child,) = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
    assert child.data.tags["fold"] == "holdout"
    metrics = parent.data.metrics
    assert {"fused.auroc", "fused.auroc_low", "fused.auroc_high", "tmb.brier", "subset.slide.auroc"} <= set(
        metrics
    )
    told = json.loads((folder / "runs" / "small" / "metrics.json").read_text())
    assert metrics["fused.auroc"] == pytest.approx(told["fused"]["auroc"]["value"])
    assert {"git_commit", "data_sha256", "features_sha256", "training_data"} <= set(parent.data.tags)
    assert parent.data.params["training.max_epochs"] == "3"
    curve = client.get_metric_history(child.info.run_id, "fused.member0.val_loss")
    assert [point.step for point in curve] == [0, 1, 2]
    files = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert {"figures", "bundle", "predictions.csv", "metrics.json", "config.json"} <= files
    (model,) = client.search_registered_models()
    assert model.name == "tumorcast"


def test_the_same_command_again_fits_nothing_and_says_the_same(job, study):
    folder, _ = job
    path = folder / "runs" / "small" / "predictions.csv"
    before = path.read_bytes()
    weights = {p: p.stat().st_mtime_ns for p in (folder / "runs").rglob("weights.safetensors")}
    run(train_words(study), folder)
    assert path.read_bytes() == before
    assert {p: p.stat().st_mtime_ns for p in (folder / "runs").rglob("weights.safetensors")} == weights


def test_killed_in_the_middle_the_same_command_ends_the_same(job, study):
    folder, _ = job
    other = study.parent / "killed"
    other.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    for _ in range(2):
        process = subprocess.Popen(
            train_words(study),
            cwd=other,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        seen = len(list(other.rglob("weights.safetensors")))
        end = time.monotonic() + 120
        while time.monotonic() < end and process.poll() is None:
            if len(list(other.rglob("weights.safetensors"))) > seen and list(other.rglob("resume.ckpt")):
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    run(train_words(study), other)
    ours, theirs = (pd.read_csv(f / "runs" / "small" / "predictions.csv") for f in (folder, other))
    pd.testing.assert_frame_equal(ours.drop(columns="probability"), theirs.drop(columns="probability"))
    np.testing.assert_allclose(ours["probability"], theirs["probability"], atol=1e-6)


def test_the_lab_says_what_training_said(job, study):
    folder, _ = job
    results = folder / "runs" / "small"
    run(words("predict", results / "bundle", study, "--out", folder / "lab.csv"), folder)
    lab = pd.read_csv(folder / "lab.csv").set_index("course_id")
    tested = pd.read_csv(results / "predictions.csv")
    tested = tested[tested["model"] == "fused"].set_index("course_id")
    difference = (lab.loc[tested.index, "probability"] - tested["probability"]).abs().max()
    assert difference < 1e-4


def test_another_setting_under_the_same_name_is_refused(job, study):
    folder, _ = job
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [*train_words(study), "training.lr=0.5"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "holds another run" in done.stderr
    assert "config.training.lr" in done.stderr


def test_two_processes_train_one_model_and_write_one_run(job, study):
    """Over gloo: each process sees half of the batches, all see the whole inner fold; the first alone writes."""
    folder = study.parent / "two"
    folder.mkdir()
    settings = ("training.devices=2", "training.strategy=ddp", "training.accelerator=cpu")
    together = ("training.singles=false", "training.rivals=[]", "tracking.enabled=false", *settings)
    command = [sys.executable, str(ROOT / "train.py"), *train_words(study)[4:], *together]
    done = run(command, folder)
    assert done.stdout.count("fused - tmb") == 1
    alone = pd.read_csv(job[0] / "runs" / "small" / "predictions.csv").query("model == 'fused'")
    shared = pd.read_csv(folder / "runs" / "small" / "predictions.csv").query("model == 'fused'")
    assert shared["course_id"].tolist() == alone["course_id"].tolist()
    members = sorted((folder / "runs").rglob("member.json"))
    assert len(members) >= 2
    for path in members:
        told = json.loads(path.read_text())
        losses = [epoch["val_loss"] for epoch in told["history"]]
        assert np.isfinite(losses).all()
        assert told["val_loss"] <= losses[0]
