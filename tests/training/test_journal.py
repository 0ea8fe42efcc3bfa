"""The journal: the last word counts, damage stays where it is, children end with their run."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import mlflow
import pytest

from tracked import record_run
from tumorcast.cli.main import main
from tumorcast.config.tracking import TrackingConfig
from tumorcast.training.delivery import deliver
from tumorcast.training.journal import Journal, journal_of, read_events
from tumorcast.training.tracking import Tracker, git_commit


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


def test_what_is_said_again_after_something_else_is_written(tmp_path):
    journal = Journal(tmp_path)
    for word in ("a", "b", "a", "a"):
        journal.add("tags", values={"note": word})
        journal.add("metrics", values=[["x", {"a": 1.0, "b": 2.0}[word], 0, 5]])
    Journal(tmp_path).add("tags", values={"note": "a"})
    events = read_events(journal_of(tmp_path))
    assert [event["values"]["note"] for event in events if event["do"] == "tags"] == ["a", "b", "a"]
    assert [event["values"][0][1] for event in events if event["do"] == "metrics"] == [1.0, 2.0, 1.0]


def test_a_run_that_goes_on_writes_nothing_twice(tmp_path):
    for _ in range(2):
        record_run(tmp_path, "a")
    events = read_events(journal_of(tmp_path / "a"))
    again = [event["do"] for event in events[1:] if event["do"] not in ("begin", "end")]
    record_run(tmp_path, "a")
    now = read_events(journal_of(tmp_path / "a"))
    assert [event["do"] for event in now[1:] if event["do"] not in ("begin", "end")] == again


def test_an_event_is_on_the_disk_when_it_is_added(tmp_path, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    Journal(tmp_path).add("tags", values={"x": "1"})
    assert len(synced) == 1


@pytest.mark.parametrize("damage", ["{no json}\n", "[1, 2]\n"])
def test_a_damaged_journal_does_not_hold_up_the_others(uri, tmp_path, capsys, damage):
    for name in ("a", "b"):
        record_run(tmp_path, name, experiment=f"damage {len(damage)}")
    with journal_of(tmp_path / "a").open("a", encoding="utf-8") as file:
        file.write(damage)
    assert main(["mlflow", "sync", str(tmp_path / "a"), str(tmp_path / "b"), "--uri", uri]) == 2
    told = capsys.readouterr()
    assert "is damaged" in told.err
    assert "1 of 2 runs are on the server" in told.out
    (sent,) = (tmp_path / "b" / "tracking").glob("sent-*.json")
    sent.write_text("{", encoding="utf-8")
    assert main(["mlflow", "sync", str(tmp_path / "b"), "--uri", uri]) == 0


def test_open_children_end_with_a_run_that_breaks_off_and_go_on_with_it(uri, tmp_path):
    settings = TrackingConfig(offline=True, experiment="breaks off")
    tracker = Tracker(settings, tmp_path, "a")
    with suppress(RuntimeError), tracker.run({"seed": 0}, {}):
        tracker.begin_child("fold0", "fold")
        tracker.log_child("fold0-trial0", "trial", {"inner_loss": 0.5}, status="FAILED", parent="fold0")
        raise RuntimeError
    assert statuses(uri, tmp_path) == {"a": "FAILED", "fold0": "FAILED", "fold0-trial0": "FAILED"}
    tracker = Tracker(settings, tmp_path, "a")
    with tracker.run({"seed": 0}, {}):
        tracker.begin_child("fold0", "fold")
        tracker.log_child("fold0-trial0", "trial", {"inner_loss": 0.4}, parent="fold0")
        tracker.log_fold("fold0", {"fused.auroc": 0.7}, {})
    assert statuses(uri, tmp_path) == {"a": "FINISHED", "fold0": "FINISHED", "fold0-trial0": "FAILED"}


def statuses(uri: str, folder: Path) -> dict[str, str]:
    sent = deliver(folder, uri)
    runs = mlflow.MlflowClient(uri).search_runs([sent.experiment_id])
    assert len(runs) == len(sent.runs)
    return {run.info.run_name: run.info.status for run in runs}


def test_a_server_that_made_a_run_twice_keeps_one(uri, tmp_path, monkeypatch):
    record_run(tmp_path, "a", experiment="twice")
    whole = mlflow.MlflowClient.create_run

    def late(*words, **named):
        whole(*words, **named)  # done, but the answer came too late: the client asked again
        return whole(*words, **named)

    monkeypatch.setattr(mlflow.MlflowClient, "create_run", late)
    assert statuses(uri, tmp_path / "a") == dict.fromkeys(("a", "fold0", "fold1"), "FINISHED")


def test_the_commit_of_a_repository_around_the_environment_is_not_told(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    for where in (".venv/site-packages/tumorcast", "src/tumorcast"):
        (tmp_path / where).mkdir(parents=True)
    assert git_commit(tmp_path / ".venv/site-packages/tumorcast") == "unknown"
    assert len(git_commit(tmp_path / "src/tumorcast")) == 40
