"""The lab's command: without torch importable and without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from lab_process import run


def test_from_slides_to_csv_without_torch_and_network(lab, tmp_path):
    out, attention = tmp_path / "out" / "predictions.csv", tmp_path / "attention.csv"
    done = run("predict", lab.bundle, lab.study, "--out", out, "--attention", attention)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out)
    assert table["probability"].between(0, 1).all()
    assert len(table) == 12
    assert "12 predicted" in done.stdout
    assert "Research use only" in done.stdout
    assert "Warning" not in done.stderr
    assert set(pd.read_csv(attention)["kind"]) == {"tile"}
    assert "gene attention is hidden" in done.stderr, "the toy tumours have too few genes for its check"
    assert (tmp_path / "out" / "predictions_features" / "S0.h5").is_file()
    assert not list(tmp_path.rglob("*.part*"))


def test_a_changed_byte_is_told_without_a_traceback(bundle, lab, tmp_path):
    with (bundle / "predictor.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"\\0\\1")
    done = run("predict", bundle, lab.study, "--out", tmp_path / "p.csv")
    assert done.returncode == 2
    assert "predictor.onnx is not as it was exported" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "p.csv").exists()


def test_a_prediction_from_stored_features_imports_no_slide_reader_and_no_statistics(lab, tmp_path):
    look = (
        "import sys\n"
        "from tumorcast.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "slow = {'scipy', 'sklearn', 'matplotlib', 'openslide', 'tifffile', 'PIL', 'reportlab', 'fastapi'}\n"
        "print('slow:', sorted(slow & set(sys.modules)))\n"
        "sys.exit(code)"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    words = ["predict", lab.bundle, lab.study, "--features", lab.features, "--out", tmp_path / "p.csv"]
    done = subprocess.run(
        [sys.executable, "-c", look, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "slow: []" in done.stdout
    assert "computed on CPU" in done.stdout


def test_help_imports_nothing_heavy():
    look = (
        "import sys\n"
        "from tumorcast.cli.predict import add_parser\n"
        "import argparse\n"
        "add_parser(argparse.ArgumentParser().add_subparsers())\n"
        "print(sorted({'numpy', 'pandas', 'onnxruntime', 'h5py', 'pydantic'} & set(sys.modules)))"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-c", look], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
