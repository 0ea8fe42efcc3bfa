"""The server of the docs: PostgreSQL and a folder of artifacts; one run sent while it is made, one sent later."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tracked import record_run
from tumorcast.cli.main import main
from tumorcast.cohort.simulate import simulate_study
from tumorcast.config import load_config
from tumorcast.export.run_bundle import export_conclusion
from tumorcast.training.metric_keys import GRAMMAR
from tumorcast.training.run import run_experiment
from waiting import wait_for

_OWNER = "postgres"
_PROGRAMS = [shutil.which(name) for name in ("initdb", "pg_ctl", "createdb")]
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        None in _PROGRAMS, reason="PostgreSQL's initdb, pg_ctl and createdb are not installed"
    ),
]


def _as_owner(words: list[str]) -> list[str]:
    """PostgreSQL does not run as root."""
    return ["runuser", "-u", _OWNER, "--", *words] if os.geteuid() == 0 else words


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A throwaway cluster on the loopback; its address without a password."""
    initdb, pg_ctl, createdb = map(str, _PROGRAMS)
    cluster, port = (
        Path(tempfile.mkdtemp(prefix="pg")),
        str(_free_port()),
    )  # pytest's folders are root's alone
    if os.geteuid() == 0:
        shutil.chown(cluster, _OWNER)
    quietly = {"check": True, "stdout": subprocess.DEVNULL, "cwd": cluster}
    subprocess.run(_as_owner([initdb, "-D", str(cluster), "-U", "mlflow", "-A", "trust"]), **quietly)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={cluster}"
    start = [pg_ctl, "-D", str(cluster), "-o", options, "-l", str(cluster / "log"), "-w", "start"]
    subprocess.run(_as_owner(start), **quietly)
    try:
        subprocess.run([createdb, "-h", "127.0.0.1", "-p", port, "-U", "mlflow", "mlflow"], check=True)
        yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/mlflow"
    finally:
        subprocess.run(_as_owner([pg_ctl, "-D", str(cluster), "-m", "immediate", "stop"]), **quietly)
        shutil.rmtree(cluster)


@pytest.fixture(scope="module")
def server(database, tmp_path_factory) -> Iterator[str]:
    """`mlflow server` as docs/mlflow.md starts it."""
    folder, port = tmp_path_factory.mktemp("server"), _free_port()
    words = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database,
        "--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1",
    ]  # fmt: skip
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        words, env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}, stdout=log, stderr=log, start_new_session=True
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def test_a_run_arrives_while_it_is_made_and_another_later(server, tmp_path, monkeypatch, capsys):
    told: list[str] = []
    record_run(tmp_path, "online", 0.76, uri=server, offline=False, tell=told.append)
    assert told == []
    record_run(tmp_path, "later", 0.72, {"training": {"lr": 0.003}})
    for _ in range(2):
        assert main(["mlflow", "sync", str(tmp_path / "later"), "--uri", server]) == 0
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("made up")
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'run'", order_by=["start_time"])
    assert [run.info.run_name for run in runs] == ["online", "later"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert runs[1].data.tags["config_diff"] == "training.lr: 0.001 -> 0.003"
    for run in runs:
        assert len(client.get_metric_history(run.info.run_id, "val_loss")) == 20
        children = client.search_runs(
            [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
        )
        assert sorted(child.info.run_name for child in children) == ["fold0", "fold1"]
        picture = client.download_artifacts(run.info.run_id, "figures/roc.png", str(tmp_path))
        assert Path(picture).read_bytes() == b"not a picture"
    capsys.readouterr()
    assert main(["mlflow", "compare", "--uri", server, "--experiment", "made up"]) == 0
    assert "training.lr: 0.003 -> 0.001" in capsys.readouterr().out


def test_a_training_is_there_with_its_model(server, tmp_path):
    study = simulate_study(tmp_path / "study", n_patients=40, seed=1, features_only=True)
    config = load_config(
        [
            f"data.study={study}", f"runs={tmp_path / 'runs'}", "name=tiny", f"tracking.uri={server}", "seed=1",
            "data.modalities=[mutations,clinical]", "training.max_epochs=2", "split.inner_folds=2",
            "training.rivals=[]", "training.singles=false", "evaluation.bootstrap=100", "evaluation.subsets=false",
            "evaluation.baselines=[tmb]",
        ]
    )  # fmt: skip
    folder = run_experiment(config, export_conclusion)
    client = MlflowClient(server)
    run = client.get_run((folder / "mlflow_run_id").read_text(encoding="utf-8"))
    assert run.info.status == "FINISHED"
    assert run.data.tags["training_data"] == "simulated"
    assert run.data.tags["n_patients"] == "40"
    assert {
        "primary",
        "primary_low",
        "primary_high",
        "fused_minus_tmb.auroc",
        "train_loss",
        "val_loss",
    } <= set(run.data.metrics)
    assert "nothing about patients" in run.data.tags["mlflow.note.content"]
    keys = {*run.data.metrics}
    for child in client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    ):
        keys |= set(child.data.metrics)
    assert {key for key in keys if not GRAMMAR.fullmatch(key)} == set()
    (version,) = client.search_model_versions(f"run_id = '{run.info.run_id}'")
    out = tmp_path / "bundle"
    assert (
        main(["export", f"models:/tumorcast/{version.version}", "--tracking-uri", server, "--out", str(out)])
        == 0
    )
    assert (out / "manifest.json").read_bytes() == (folder / "bundle" / "manifest.json").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_sync_that_is_killed_goes_on(server, tmp_path):
    for number in range(6):
        record_run(tmp_path, f"k{number}", experiment="killed")
    root = Path(__file__).resolve().parents[2]
    words = [
        sys.executable,
        "-m",
        "tumorcast.cli.main",
        "mlflow",
        "sync",
        *map(str, sorted(tmp_path.iterdir())),
    ]
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    for _ in range(2):
        process = subprocess.Popen(
            [*words, "--uri", server], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()  # one run is there; the next is half way
        time.sleep(0.3)
        process.kill()
        process.wait()
    subprocess.run([*words, "--uri", server], env=environment, check=True)
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("killed")
    runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.info.run_name for run in runs if run.data.tags["kind"] == "run") == [
        f"k{k}" for k in range(6)
    ]
    assert len(runs) == 18
    assert all(run.info.status == "FINISHED" for run in runs)
