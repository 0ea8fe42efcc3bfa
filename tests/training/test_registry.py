"""What training registers: a bundle that MLflow loads and serves, and that comes back whole."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from toy_lab import ToyLab
from tumorcast.cli.main import main
from tumorcast.config.tracking import TrackingConfig
from tumorcast.serve.bundle import check_files
from tumorcast.serve.predict import Request, predict_study
from tumorcast.training import registry
from tumorcast.training.tracking import Tracker
from waiting import wait_for


@pytest.fixture(scope="module")
def lab(toy_lab: ToyLab) -> ToyLab:
    return toy_lab


@pytest.fixture(scope="module")
def tracked(lab, tmp_path_factory):
    """The URI of a tracking store in which the toy bundle was registered as training does it."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.create_experiment("toy", artifact_location=(folder / "artifacts").as_uri())
    tracker = Tracker(TrackingConfig(uri=uri, experiment="toy", register_as="toy"), folder, "toy")
    with tracker.run({}, {}):
        tracker.register(lab.bundle)
    return uri


def test_one_model_is_registered_and_holds_no_pickle(tracked):
    client = mlflow.MlflowClient(tracked)
    (version,) = client.search_model_versions("name = 'toy'")
    assert version.version in (1, "1")
    folder = Path(mlflow.artifacts.download_artifacts("models:/toy/1"))
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    assert {"manifest.json", "predictor.onnx", "served_bundle.py"} <= set(names)
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".cloudpickle"))]


def test_a_break_or_a_late_answer_leaves_one_model_of_a_run(tracked, lab, monkeypatch):
    client, whole = mlflow.MlflowClient(tracked), registry.log_bundle
    experiment = client.get_experiment_by_name("toy").experiment_id
    run_id = client.create_run(experiment).info.run_id

    def breaks(bundle, register_as):
        whole(bundle, None)
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(registry, "log_bundle", breaks)
        with pytest.raises(ConnectionError):
            registry.register_bundle(lab.bundle, "once", run_id, tracked)
    registry.register_bundle(lab.bundle, "once", run_id, tracked)
    models = client.search_logged_models([experiment], f"source_run_id = '{run_id}'")
    assert sorted(model.name for model in models) == ["model", "predictor"]
    (version,) = client.search_model_versions("name = 'once'")
    client.create_model_version("once", version.source, run_id)
    registry.register_bundle(lab.bundle, "once", run_id, tracked)
    assert [found.version for found in client.search_model_versions("name = 'once'")] == [version.version]


def test_pyfunc_says_what_the_lab_says(tracked, lab, tmp_path):
    mlflow.set_tracking_uri(tracked)
    model = mlflow.pyfunc.load_model("models:/toy/1")
    asked = pd.DataFrame({"study": [str(lab.study)], "features": [str(lab.features)]})
    made = model.predict(asked)
    own = predict_study(lab.bundle, lab.study, Request(tmp_path / "cache", features=lab.features)).table
    assert made["course_id"].tolist() == own["course_id"].tolist()
    assert made["probability"].tolist() == pytest.approx(own["probability"].tolist())
    assert set(made["study"]) == {str(lab.study)}


def test_a_changed_byte_is_refused_when_mlflow_loads_it(tracked, tmp_path):
    folder = Path(mlflow.artifacts.download_artifacts("models:/toy/1", dst_path=str(tmp_path)))
    (card,) = folder.rglob("model_card.md")
    card.write_text("x")
    with pytest.raises(Exception, match="not as it was exported"):
        mlflow.pyfunc.load_model(str(folder))


def test_export_brings_the_bundle_back(tracked, lab, tmp_path, capsys):
    out = tmp_path / "b.zip"
    assert main(["export", "models:/toy/1", "--tracking-uri", tracked, "--out", str(out)]) == 0
    assert check_files(out).manifest == check_files(lab.bundle).manifest
    run = tmp_path / "run"
    run.mkdir()
    (run / "bundle").symlink_to(lab.bundle, target_is_directory=True)
    assert main(["export", str(run), "--out", str(tmp_path / "copy")]) == 0
    assert check_files(tmp_path / "copy").manifest == check_files(lab.bundle).manifest
    capsys.readouterr()
    assert main(["export", "models:/toy/9", "--tracking-uri", tracked, "--out", str(tmp_path / "x")]) == 2
    assert "cannot be fetched" in capsys.readouterr().err
    assert main(["export", str(run), "--out", str(tmp_path / "copy")]) == 2
    assert main(["export", str(tmp_path / "nothing"), "--out", str(tmp_path / "y")]) == 2


@pytest.mark.heavy
def test_mlflow_serves_what_training_logged(tracked, lab):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).resolve().parents[2]
    words = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        "models:/toy/1",
        "--env-manager",
        "local",
    ]
    path = os.pathsep.join(
        (str(Path(sys.executable).parent), os.environ["PATH"])
    )  # mlflow calls uvicorn by name
    process = subprocess.Popen(
        [*words, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "PYTHONPATH": str(root / "src"), "MLFLOW_TRACKING_URI": tracked, "PATH": path},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/ping")
        row = {"study": str(lab.study), "features": str(lab.features)}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations",
            json.dumps({"dataframe_records": [row]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            rows = json.loads(answer.read())["predictions"]
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)
    assert len(rows) == 12
    assert all(0 < row["probability"] < 1 for row in rows)
