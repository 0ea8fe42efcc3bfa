"""A run is written down whatever the server does, and reaches it once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from pydantic import ValidationError

from tracked import curve, made_up_scores, record_run
from tumorcast.config.load import load_config
from tumorcast.config.tracking import TrackingConfig
from tumorcast.domain.addresses import without_password
from tumorcast.domain.errors import ConfigError, InputError
from tumorcast.slides.leases import Leases
from tumorcast.training import courier, tracking
from tumorcast.training import sent as sending
from tumorcast.training.config_diff import config_diff
from tumorcast.training.delivery import deliver
from tumorcast.training.journal import Journal, journal_of, read_events
from tumorcast.training.metric_keys import GRAMMAR, flat_metrics, mean_curves, primary_metrics
from tumorcast.training.sent import DeliveryError, Sent
from tumorcast.training.tracking import Tracker


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> str:
    """An empty local database."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def experiment(request) -> str:
    return request.node.name


def found(uri: str, experiment: str):
    """(client, parents, children by name) of an experiment."""
    client = mlflow.MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return client, parents, [run for run in runs if "mlflow.parentRunId" in run.data.tags]


def test_everything_recorded_arrives(uri, experiment, tmp_path):
    record_run(tmp_path, "a", 0.75, experiment=experiment)
    sent = deliver(tmp_path / "a", uri)
    client, (run,), children = found(uri, experiment)
    assert run.info.run_id == sent.runs[""]
    assert run.info.run_name == "a"
    assert run.info.status == "FINISHED"
    assert run.data.params["training.lr"] == "0.001"
    assert run.data.tags["data_sha256"] == "d1"
    assert run.data.tags["mlflow.note.content"] == "made-up metrics"
    metrics = run.data.metrics
    assert metrics["primary"] == metrics["fused.auroc"] == 0.75
    assert metrics["primary_minus_best_other"] == pytest.approx(0.09)
    points = client.get_metric_history(run.info.run_id, "val_loss")
    assert [point.step for point in points] == list(range(20))
    assert sorted(child.info.run_name for child in children) == ["fold0", "fold1"]
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {run.info.run_id}
    assert len(client.get_metric_history(children[0].info.run_id, "fused.member0.val_loss")) == 20
    assert {item.path for item in client.list_artifacts(run.info.run_id)} == {"predictions.csv", "figures"}


def test_sent_twice_is_there_once(uri, experiment, tmp_path):
    record_run(tmp_path, "a", experiment=experiment)
    first = deliver(tmp_path / "a", uri)
    deliver(tmp_path / "a", uri)
    first.path.unlink()  # as if the folder had been copied without it
    again = deliver(tmp_path / "a", uri)
    client, (run,), children = found(uri, experiment)
    assert again.runs == first.runs
    assert len(children) == 2
    assert len(client.get_metric_history(run.info.run_id, "val_loss")) == 20
    assert len(client.get_metric_history(children[0].info.run_id, "fused.member0.val_loss")) == 20


@pytest.mark.parametrize("call", ["create_run", "log_batch", "log_artifact", "set_terminated"])
def test_a_break_half_way_is_made_good(uri, experiment, tmp_path, monkeypatch, call):
    record_run(tmp_path, "a", experiment=experiment)
    whole, calls = getattr(mlflow.MlflowClient, call), []

    def breaks(*words, **named):
        calls.append(call)
        made = whole(*words, **named)
        if len(calls) in (1, 3):  # the server did it, and its answer was lost
            raise ConnectionError("gone")
        return made

    monkeypatch.setattr(mlflow.MlflowClient, call, breaks)
    for _ in range(5):
        try:
            deliver(tmp_path / "a", uri)
            break
        except DeliveryError:
            assert "gone" in Sent.of(tmp_path / "a", uri).problem
    assert Sent.of(tmp_path / "a", uri).problem == ""
    client, (run,), children = found(uri, experiment)
    assert len(children) == 2
    assert run.info.status == "FINISHED"
    assert len(client.get_metric_history(run.info.run_id, "val_loss")) == 20
    assert {item.path for item in client.list_artifacts(run.info.run_id)} == {"predictions.csv", "figures"}


def test_what_the_server_never_takes_does_not_hold_up_the_rest(uri, experiment, tmp_path):
    tracker = Tracker(TrackingConfig(offline=True, experiment=experiment), tmp_path / "a", "a")
    with tracker.run({}, {}):
        tracker.log_metrics({"no:such*key": 1.0})
        tracker.log_curve(curve(0.7, 2))
        tracker.log_file(tmp_path / "a" / "tracking")
    sent = deliver(tmp_path / "a", uri)
    _, (run,), _ = found(uri, experiment)
    assert run.info.status == "FINISHED"
    assert len(sent.refused) == 1
    assert "no:such*key" in sent.refused[0]
    assert "train_loss" in run.data.metrics


def test_a_run_deleted_there_is_not_sent_again_unasked(uri, experiment, tmp_path):
    record_run(tmp_path, "a", experiment=experiment)
    sent = deliver(tmp_path / "a", uri)
    mlflow.MlflowClient(uri).delete_run(sent.runs[""])
    with pytest.raises(InputError, match="was deleted"):
        deliver(tmp_path / "a", uri)


def test_the_difference_to_the_run_before_is_a_tag(uri, experiment, tmp_path):
    for name, lr in (("a", 0.001), ("b", 0.003), ("c", 0.01)):
        record_run(tmp_path, name, config={"training": {"lr": lr}}, experiment=experiment)
        deliver(tmp_path / name, uri)
        time.sleep(0.01)
    record_run(tmp_path, "d", config={"training": {"lr": 0.01}}, experiment=experiment, parent="a")
    deliver(tmp_path / "d", uri)
    runs = {run.info.run_name: run.data.tags for run in found(uri, experiment)[1]}
    assert "config_diff" not in runs["a"]
    assert runs["b"]["config_diff"] == "training.lr: 0.001 -> 0.003"
    assert runs["c"]["config_diff"] == "training.lr: 0.003 -> 0.01"
    assert runs["d"]["config_diff"] == "training.lr: 0.001 -> 0.01"
    assert runs["d"]["compared_with"].startswith("a (")
    assert "Differs from b" in runs["c"]["mlflow.note.content"]


def test_names_and_logging_are_no_settings():
    before = {"name": "a", "runs": "x", "tracking.uri": "null", "seed": "0"}
    after = {"name": "b", "runs": "y", "tracking.uri": "http://s", "seed": "0", "model.width": "32"}
    assert config_diff(before, after) == ["model.width: (not set) -> 32"]


def test_the_process_beside_the_run_sends_it(uri, experiment, tmp_path):
    tracker = record_run(tmp_path, "a", experiment=experiment, uri=uri, offline=False)
    _, (run,), children = found(uri, experiment)
    assert run.info.status == "FINISHED"
    assert len(children) == 2
    assert (tmp_path / "a" / "mlflow_run_id").read_text() == run.info.run_id
    page = "/#/experiments/" + run.info.experiment_id
    assert any(page in line and "viewStateShareKey=tumorcast" in line for line in tracker.where())


def test_a_resumed_run_goes_on_in_the_same_one(uri, experiment, tmp_path):
    settings = TrackingConfig(offline=True, experiment=experiment)
    with pytest.raises(KeyboardInterrupt), Tracker(settings, tmp_path, "a").run({"seed": 0}, {}):
        raise KeyboardInterrupt
    deliver(tmp_path, uri)
    assert found(uri, experiment)[1][0].info.status == "KILLED"
    for _ in range(2):
        tracker = Tracker(settings, tmp_path, "a")
        with tracker.run({"seed": 0}, {}):
            tracker.log_fold("fold0", {"fused.auroc": 0.7}, {})
        deliver(tmp_path, uri)
    _, (run,), children = found(uri, experiment)
    assert run.info.status == "FINISHED"
    assert len(children) == 1


def test_a_line_torn_by_a_kill_is_dropped(tmp_path):
    journal = Journal(tmp_path)
    journal.add("begin", at=1, uid=journal.uid, name="a", experiment="e")
    with journal_of(tmp_path).open("a", encoding="utf-8") as file:
        file.write('{"do": "tags", "run')
    assert len(read_events(journal_of(tmp_path))) == 1
    again = Journal(tmp_path)
    again.add("tags", values={"x": "1"})
    again.add("tags", values={"x": "1"})
    assert again.uid == journal.uid
    assert [event["do"] for event in read_events(journal_of(tmp_path))] == ["begin", "tags"]


def test_without_a_server_training_goes_on_and_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    told: list[str] = []
    record_run(tmp_path, "a", uri=nobody, offline=False, tell=told.append, wait=60)
    assert "not all was sent" in told[-1]
    assert "tumorcast mlflow sync" in told[-1]
    assert read_events(journal_of(tmp_path / "a"))[-1]["status"] == "FINISHED"


def test_a_server_that_never_answers_costs_no_more_than_the_wait(tmp_path):
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        record_run(tmp_path, "a", uri=address, offline=False, tell=told.append, wait=2)
        assert time.monotonic() - began < 10
    assert "not done within 2 s" in told[-1]


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses_is_told_and_no_password_is_kept(tmp_path, monkeypatch, status):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "geheim")

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    record_run(tmp_path, "a")
    with pytest.raises(DeliveryError, match=str(status)):
        deliver(tmp_path / "a", f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    for path in (tmp_path / "a").rglob("*"):
        assert path.is_dir() or b"geheim" not in path.read_bytes()


def test_recording_needs_no_mlflow(tmp_path):
    root = Path(__file__).resolve().parents[2]
    words = (
        "import sys; sys.modules['mlflow'] = None\n"
        "from pathlib import Path; from tracked import record_run\n"
        f"record_run(Path({str(tmp_path)!r}), 'a')"
    )
    path = os.pathsep.join((str(root / "src"), str(root / "tests")))
    subprocess.run([sys.executable, "-c", words], check=True, env={**os.environ, "PYTHONPATH": path})
    assert read_events(journal_of(tmp_path / "a"))[-1]["do"] == "end"


def test_passwords_stay_out_of_settings_and_messages():
    with pytest.raises(ValidationError, match="password"):
        TrackingConfig(uri="https://me:geheim@server")
    assert TrackingConfig(uri="postgresql://me@server/mlflow").uri
    with pytest.raises(ConfigError) as refused:
        load_config(["data.study=x", "name=a", "tracking.uri=https://me:geheim@server/x"])
    assert "geheim" not in str(refused.value)
    assert without_password("postgresql://me:geheim@db:5/x?password=y") == "postgresql://db:5/x"
    assert "geheim" not in sending.problem_of(OSError("no route to https://me:geheim@server/x"))


def test_a_database_on_a_shared_file_system_is_refused_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr("tumorcast.readers.file_systems.shared_type", lambda path, mounts=None: "nfs4")
    tracker = Tracker(TrackingConfig(uri="sqlite:///mlflow.db"), tmp_path, "a")
    with pytest.raises(ConfigError, match=r"(?s)nfs4.*tracking\.offline=true"), tracker.run({}, {}):
        pytest.fail("the run began")
    with Tracker(TrackingConfig(offline=True), tmp_path, "a").run({}, {}):
        pass


def test_the_environment_names_the_server(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://there")
    assert tracking.tracking_uri(None) == "http://there"
    assert tracking.tracking_uri("http://named") == "http://named"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert tracking.tracking_uri(None) == "sqlite:///mlflow.db"


def _keys(folder: Path) -> set[str]:
    events = read_events(journal_of(folder))
    return {point[0] for event in events if event["do"] == "metrics" for point in event["values"]}


def test_keys_follow_one_grammar(tmp_path):
    record_run(tmp_path, "a")
    survival = {"fused": {"c_index": {"value": 0.6, "low": None, "high": None}}}
    others = flat_metrics({"slide+my layer+x-y": made_up_scores(0.7)["fused"]}, "subset.") | primary_metrics(
        survival, "c_index"
    )
    keys = _keys(tmp_path / "a") | set(others) | set(flat_metrics(survival))
    assert {key for key in keys if not GRAMMAR.fullmatch(key)} == set()
    assert {"primary", "primary_low", "fused.auroc", "fused_minus_tmb.auroc_high", "val_loss"} <= keys
    assert "subset.slide-my_layer-x_y.auroc" in others
    assert not GRAMMAR.fullmatch("fused.auroc.low")


def test_mean_curve_leaves_out_epochs_of_few():
    made = mean_curves([curve(0.8, 4), curve(0.6, 4), curve(0.7, 9), curve(0.7, 2)])
    assert [int(losses["epoch"]) for losses in made] == [0, 1, 2, 3]
    assert made[0]["val_loss"] == pytest.approx(0.7 + 0.5 * 0.1)


def test_the_journal_is_plain_json(tmp_path):
    record_run(tmp_path, "a")
    for line in journal_of(tmp_path / "a").read_text(encoding="utf-8").splitlines():
        assert {"do", "run"} <= json.loads(line).keys()


def test_a_file_that_the_proxy_refuses_does_not_hold_up_the_rest(uri, experiment, tmp_path, monkeypatch):
    record_run(tmp_path, "a", experiment=experiment)
    (tmp_path / "a" / "figures" / "b.png").write_bytes(b"small")
    whole, answer = mlflow.MlflowClient.log_artifact, requests.Response()
    answer.status_code = 413

    def proxied(self, run_id, path, to=None):
        if path.endswith(("predictions.csv", "roc.png")):
            raise requests.HTTPError(f"413 too large: {path}", response=answer)
        whole(self, run_id, path, to)

    monkeypatch.setattr(mlflow.MlflowClient, "log_artifact", proxied)
    sent = deliver(tmp_path / "a", uri)
    client, (run,), _ = found(uri, experiment)
    assert run.info.status == "FINISHED"
    assert [Path(line.split(": ")[1]).name for line in sent.refused] == ["predictions.csv", "roc.png"]
    assert [item.path for item in client.list_artifacts(run.info.run_id, "figures")] == ["figures/b.png"]
    answer.status_code = 502
    sent.path.unlink()
    with pytest.raises(DeliveryError, match="too large"):
        deliver(tmp_path / "a", uri)


def test_what_a_proxy_forbids_for_a_while_is_sent_later(uri, experiment, tmp_path, monkeypatch):
    record_run(tmp_path, "a", experiment=experiment)

    def forbids(*words, **named):
        raise MlflowException("no", error_code=PERMISSION_DENIED)

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "log_batch", forbids)
        with pytest.raises(DeliveryError):
            deliver(tmp_path / "a", uri)
    assert deliver(tmp_path / "a", uri).refused == []
    _, (run,), _ = found(uri, experiment)
    assert run.data.metrics["primary"] == 0.75


def test_the_reason_of_a_refusal_is_kept_and_told(uri, experiment, tmp_path):
    record_run(tmp_path, "a", experiment=experiment)
    mlflow.MlflowClient(uri).delete_run(deliver(tmp_path / "a", uri).runs[""])
    told: list[str] = []
    record_run(tmp_path, "a", experiment=experiment, uri=uri, offline=False, tell=told.append)
    assert "was deleted on the server" in told[-1]
    assert "was deleted" in Sent.of(tmp_path / "a", uri).problem


def test_why_the_process_ended_is_told_where_nothing_was_kept(uri, experiment, tmp_path):
    told: list[str] = []
    record_run(tmp_path, "a", experiment=experiment)
    with Leases(journal_of(tmp_path / "a").with_name("senders")) as leases:
        assert leases.claim("sender")
        record_run(tmp_path, "a", experiment=experiment, uri=uri, offline=False, tell=told.append)
    assert "is being sent by another process" in told[-1]


def test_the_process_beside_the_run_waits_as_long_as_the_run_does(tmp_path, monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(courier, "_try", lambda folder, uri: True)
    monkeypatch.setattr(courier.os, "read", lambda *words: b"")
    monkeypatch.setattr(courier.time, "sleep", slept.append)
    monkeypatch.setattr(courier.os, "_exit", lambda status: None)
    courier.main(tmp_path, "x", 3600.0)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and "_wait_for_end" in thread.name:
            thread.join()
    assert slept[0] > 3600
