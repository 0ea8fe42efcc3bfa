"""A search in MLflow: run, outer fold, trial; the same keys as everywhere; a trial is there once."""

from __future__ import annotations

from types import SimpleNamespace

import mlflow

from tumorcast.config.search import load_search
from tumorcast.config.tracking import TrackingConfig
from tumorcast.training.delivery import deliver
from tumorcast.training.metric_keys import GRAMMAR, best_other
from tumorcast.training.search_tracking import log_search, log_trials
from tumorcast.training.search_trials import Tried
from tumorcast.training.tracking import Tracker

CURVE = [
    {"epoch": 0.0, "train_loss": 0.9, "val_loss": 0.8},
    {"epoch": 1.0, "train_loss": 0.7, "val_loss": 0.6},
]
TRIED = [
    Tried(0, "complete", 0.6, {"training.lr": 0.001}, [0.6, 0.6], [CURVE, CURVE], "", 1_000, 2.0),
    Tried(1, "pruned", 0.9, {"training.lr": 0.5}, [0.9], [CURVE], "", 3_000, 1.0),
    Tried(2, "failed", None, {"training.lr": 0.9}, [], [], "RuntimeError: no memory", 4_000, 1.0),
]


def test_trials_are_runs_below_their_fold(tmp_path):
    config, search = load_search(
        ["name=s", "data.study=x", "search={space: {training.lr: {log_uniform: [1e-4, 1]}}}"]
    )
    tracker = Tracker(TrackingConfig(offline=True, experiment="e"), tmp_path / "s", "s")
    inner = SimpleNamespace(fold="fold0", model="fused", work=SimpleNamespace(config=config))
    found = SimpleNamespace(
        chosen={"fold0": {"fused": {"training.lr": 0.001}}}, tried={"fold0": {}, "final": {}}
    )
    with tracker.run(config.model_dump(mode="json"), {"data_sha256": "d"}):
        for known in (1, 2, 3, 3):
            log_trials(tracker, search, inner, TRIED[:known])
        tracker.log_fold("fold0", {"fused.auroc": 0.7}, {"fused.member0": CURVE})
        log_search(tracker, search, found)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    sent = deliver(tmp_path / "s", uri)
    client = mlflow.MlflowClient(uri)
    runs = {name: client.get_run(run_id) for name, run_id in sent.runs.items()}
    assert set(runs) == {"", "fold0", "fold0-trial0", "fold0-trial1", "fold0-trial2", "final"}
    parent = {name: run.data.tags.get("mlflow.parentRunId") for name, run in runs.items()}
    assert parent == {
        "": None, "fold0": sent.runs[""], "final": sent.runs[""],
        **{f"fold0-trial{n}": sent.runs["fold0"] for n in range(3)},
    }  # fmt: skip
    trials = [runs[f"fold0-trial{n}"] for n in range(3)]
    assert [run.info.status for run in trials] == ["FINISHED", "KILLED", "FAILED"]
    assert [run.data.tags["state"] for run in trials] == ["complete", "pruned", "failed"]
    assert trials[1].data.params == {"training.lr": "0.5"}
    assert trials[1].data.tags["config_diff"] == "training.lr: 0.001 -> 0.5"
    assert trials[0].data.tags["config_diff"] == "(same settings)"
    assert trials[2].data.tags["reason"] == "RuntimeError: no memory"
    assert trials[0].data.metrics["inner_loss"] == 0.6
    assert all(GRAMMAR.fullmatch(key) for run in runs.values() for key in run.data.metrics)
    history = client.get_metric_history(trials[0].info.run_id, "fused.member1.val_loss")
    assert [(point.step, point.value) for point in history] == [(0, 0.8), (1, 0.6)]
    assert (trials[0].info.start_time, trials[0].info.end_time) == (1_000, 3_000)
    assert runs[""].data.tags["chosen.fold0"] == "training.lr=0.001"
    assert {run.info.status for name, run in runs.items() if "trial" not in name} == {"FINISHED"}


def test_the_own_setting_is_no_rival_of_what_was_chosen():
    one = {"auroc": {"value": 0.9, "low": 0.8, "high": 1.0}}
    metrics = {"fused": one, "default_setting": one, "fused_minus_default_setting": one}
    assert best_other(metrics, "auroc") is None
