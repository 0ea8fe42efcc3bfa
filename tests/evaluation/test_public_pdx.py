"""The xenograft command on a small screen with planted effects, and on the public one where it is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tumorcast.readers.xenografts import read_screen

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "public"
DRUGS = {"untreated": 0.0, "A": 0.02, "B": 0.05, "A + B": 0.08, "C": 0.11, "D": 0.14, "E": 0.17}
COLUMNS = ["patient_id", "drug", "observed", "predicted", "model"]


@pytest.fixture
def pdx(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import pdx
    import pdx_combinations

    monkeypatch.setattr(pdx_combinations, "DRAWS", 20)
    monkeypatch.setattr("tumorcast.evaluation.xenograft_forecast.OPTIONS", ((0.05, True),))
    return pdx


def write_screen(folder: Path, tumours: int = 9, last_factor: float = 1.0) -> None:
    random = np.random.default_rng(0)
    models, rows = [], []
    for tumour in range(tumours):
        growth = 0.06 + 0.02 * random.normal()
        for n, (drug, kill) in enumerate(DRUGS.items()):
            model = f"T.{tumour}.{n}"
            models.append((model, f"T-{tumour}", drug, "BRCA"))
            rate = growth - kill + 0.005 * random.normal()
            factor = last_factor if tumour == tumours - 1 and drug != "untreated" else 1.0
            for day in range(0, 36, 5):
                rows.append((model, day, 200 * np.exp(factor * rate * day)))
    pd.DataFrame(models, columns=["model.id", "patient.id", "drug", "tissue"]).to_csv(
        folder / "m.csv", index=False
    )
    pd.DataFrame(rows, columns=["model.id", "time", "volume"]).to_csv(folder / "v.csv", index=False)


def run(pdx: ModuleType, folder: Path, monkeypatch, *more: str) -> tuple[pd.DataFrame, dict]:
    words = [
        "pdx.py",
        "--models",
        "m.csv",
        "--volumes",
        "v.csv",
        "--out",
        "out",
        "--mlflow",
        "none",
        "--panels",
        "1",
    ]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [*words, *more])
    pdx.main()
    metrics = json.loads((folder / "out" / "metrics.json").read_text(encoding="utf-8"))
    return pd.read_csv(folder / "out" / "predictions.csv"), metrics


def test_the_command_ranks_planted_drugs_and_sees_nothing_of_the_tumour(
    pdx: ModuleType, tmp_path: Path, monkeypatch, capsys
) -> None:
    write_screen(tmp_path)
    table, metrics = run(pdx, tmp_path, monkeypatch, "--shown", "2")
    assert list(table.columns) == COLUMNS
    assert metrics["tumorcast"]["kendall_tau"]["value"] > 0.9
    assert metrics["tumorcast"]["top1_regret"]["value"] < 5
    given = metrics["tumorcast given untreated and 2 arms_minus_drug mean"]["average_mae"]
    assert given["high"] < 0
    assert set(metrics["combinations"]) == {"A + B"}
    assert "no published responses" in capsys.readouterr().out
    assert "untreated" not in set(table["drug"])
    curves = pd.read_csv(tmp_path / "out" / "curves.csv")
    assert (curves["low"] < curves["high"]).all()
    write_screen(tmp_path, last_factor=0.3)
    again, _ = run(pdx, tmp_path, monkeypatch, "--shown", "2")
    for model in ("tumorcast", "tumorcast given untreated", "drug mean"):
        before, after = (t[t["model"].eq(model) & t["patient_id"].eq("T-8")] for t in (table, again))
        np.testing.assert_array_equal(before["predicted"], after["predicted"])
        assert not np.allclose(before["observed"], after["observed"])


def test_published_calls_of_the_encyclopedia(pdx: ModuleType, shared_data: Path, capsys) -> None:
    folder = shared_data / "PDX_breast"
    screen = read_screen(
        folder / "models.csv", folder / "tumour_volumes.csv.gz", sensitivity=folder / "sensitivity.csv"
    )
    from pdx_calls import agreement_with_published, calls_of

    made = agreement_with_published(calls_of(screen.arms))
    assert made["published_cuts_give_published_call"]["value"] == 1
    assert made["average_found_after_day_10"]["value"] == 1
    assert made["agreement"]["value"] == pytest.approx(461 / 547)
