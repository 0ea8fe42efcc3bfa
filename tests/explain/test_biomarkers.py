"""`tumorcast biomarkers` on a small simulated run: table, pictures, what is said; refused where there is no run."""

from __future__ import annotations

import pandas as pd
import pytest
from PIL import Image

from tumorcast.cli.main import main
from tumorcast.cohort.simulate.build import simulate_study
from tumorcast.config import load_config
from tumorcast.explain.biomarkers import COLUMNS
from tumorcast.training.run import run_experiment


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("biomarkers")
    study = simulate_study(folder / "study", n_patients=60, seed=0, features_only=True)
    words = [
        "name=small", f"runs={folder / 'runs'}", f"data.study={study}", "training.max_epochs=2", "split.inner_folds=2",
        "split.scheme=kfold", "split.folds=2", "training.singles=false", "training.rivals=[]", "tracking.enabled=false",
        "evaluation.subsets=false", "evaluation.bootstrap=100", "evaluation.baselines=[]",
    ]  # fmt: skip
    return run_experiment(load_config(words), lambda *_: None)


def test_table_attributions_and_pictures_are_written(run, capsys):
    assert main(["biomarkers", str(run), "--steps", "8", "--morphologies", "4", "--patients", "2"]) == 0
    said = capsys.readouterr()
    out = run / "biomarkers"
    table = pd.read_csv(out / "biomarkers.csv")
    assert tuple(table.columns) == COLUMNS
    kinds = {"mutations", "burden", "expression", "clinical", "pathways", "morphologies"}
    assert set(table["kind"]) == kinds
    assert table["q"].between(0, 1).all()
    assert (table["importance_low"] <= table["importance_high"]).all()
    assert (table["n_folds"] == 2).all()
    courses = pd.read_csv(run / "predictions.csv")["course_id"].unique()
    for kind in kinds:
        attributions = pd.read_csv(out / "attributions" / f"{kind}.csv")
        assert set(attributions["course_id"]) == set(courses)
    pictures = sorted(path.name for path in (out / "figures").glob("*.png"))
    assert [name for name in pictures if not name.startswith("waterfall")] == [
        "heatmap.png", "network.png", "ranking.png",
    ]  # fmt: skip
    assert len(pictures) == 5
    for name in pictures:
        with Image.open(out / "figures" / name) as picture:
            assert min(picture.size) > 200
    assert "SIMULATED" in said.out
    assert "held-out courses can show large effects alone" in said.out


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    assert main(["biomarkers", str(tmp_path)]) == 2
    assert "no finished run" in capsys.readouterr().err
