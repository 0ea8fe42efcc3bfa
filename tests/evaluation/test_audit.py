"""What `tumorcast evaluate` says: figures as their definitions give them, looks counted, pages complete."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from tumorcast.cli.main import main
from tumorcast.evaluation.audit import audit
from tumorcast.evaluation.looks import note_look, outcome_digest, told
from tumorcast.evaluation.tripod import tripod_table


def _responses(n: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(0)
    chance = random.beta(2, 2, n)
    label = (random.random(n) < chance).astype(float)
    people = [f"p{i}" for i in range(n)]
    base = {"patient_id": people, "course_id": people, "fold": np.arange(n) % 2, "label": label}
    sets = np.where(chance > 0.8, "R", np.where(chance < 0.2, "NR", "both"))
    fused = pd.DataFrame({**base, "model": "fused", "probability": chance, "answers": sets})
    noise = pd.DataFrame({**base, "model": "noise", "probability": random.random(n)})
    bold = pd.DataFrame({**base, "model": "bold", "probability": np.clip(2 * chance - 0.5, 0.01, 0.99)})
    return pd.concat([fused, noise, bold], ignore_index=True)


def _times(n: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(1)
    risk = random.normal(size=n)
    time, censored = random.exponential(300 * np.exp(-risk)), random.exponential(600, n)
    people = [f"p{i}" for i in range(n)]
    base = {"patient_id": people, "course_id": people, "fold": "all", "time_days": np.minimum(time, censored),
            "is_event": (time <= censored).astype(float)}  # fmt: skip
    models = {"fused": risk, "noise": random.normal(size=n)}
    return pd.concat([pd.DataFrame({**base, "model": m, "risk": r}) for m, r in models.items()])


def test_figures_of_responses():
    told_of = audit(_responses(), "fused", n_bootstrap=100)
    fused, bold = told_of["models"]["fused"], told_of["models"]["bold"]
    assert fused["calibration_slope"]["low"] < 1 < fused["calibration_slope"]["high"]
    assert bold["calibration_slope"]["high"] < 1
    own = _responses().query("model == 'fused'")
    share = own["label"].mean()
    skill = 1 - brier_score_loss(own["label"], own["probability"]) / (share * (1 - share))
    assert fused["brier_skill"]["value"] == pytest.approx(skill, abs=1e-6)
    assert [row["threshold"] for row in fused["net_benefit"]] == [0.2, 0.3, 0.4, 0.5]
    assert told_of["differences"]["noise"]["p_holm"] >= told_of["differences"]["noise"]["p"]
    assert told_of["differences"]["noise"]["low"] > 0
    assert told_of["coverage"][0]["coverage"] > 0.8
    assert "calibration_error" not in fused


def test_the_calibration_error_needs_a_thousand_patients():
    large = audit(_responses(1200), "fused", n_bootstrap=100)["models"]
    error = large["fused"]["calibration_error"]
    assert error["value"] < 2 * error["null_high"]
    assert large["bold"]["calibration_error"]["value"] > 2 * error["null_high"]


def test_figures_of_times():
    models = audit(_times(), "fused", n_bootstrap=100)["models"]
    assert models["fused"]["uno_c"]["value"] > 0.65
    assert abs(models["noise"]["uno_c"]["value"] - 0.5) < 0.1
    assert (
        models["fused"]["uno_c"]["low"] < models["fused"]["uno_c"]["value"] < models["fused"]["uno_c"]["high"]
    )
    assert len(models["fused"]["auroc_by_time"]) == 3
    assert "integrated_brier" not in models["fused"]


def test_training_courses_give_survival_curves():
    models = audit(_times(), "fused", n_bootstrap=100, training=_times(300))["models"]
    assert models["fused"]["integrated_brier"]["value"] < models["noise"]["integrated_brier"]["value"] < 0.4


def test_looks_are_counted_by_test_set_and_model(tmp_path):
    ledger, table = tmp_path / "looked_at.json", _responses()
    note_look(ledger, table, "one", "set")
    other = table.assign(probability=0.5)
    assert outcome_digest(other) == outcome_digest(table)
    counts = note_look(ledger, other, "two", "set")
    assert counts == {"one": 1, "two": 1}
    assert "looked at 2 times, by 1 other model too" in told(counts, "two")
    assert note_look(ledger, table.iloc[:100], "two", "part") == {"two": 1}


def test_the_command_writes_a_page_for_any_table(tmp_path, capsys):
    _responses().drop(columns=["course_id", "fold"]).to_csv(tmp_path / "table.csv", index=False)
    words = ["evaluate", str(tmp_path / "table.csv"), "--out", str(tmp_path / "out"), "--bootstrap", "100"]
    assert main([*words, "--ledger", str(tmp_path / "ledger.json")]) == 0
    page = (tmp_path / "out" / "evaluation.md").read_text()
    assert "## Decisions" in page
    assert "fused - noise" in page
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["looks"]
    assert {p.stem for p in (tmp_path / "out" / "figures").iterdir()} == {"decision", "roc", "calibration"}
    assert "looked at 1 times" in capsys.readouterr().out
    assert main(["evaluate", str(tmp_path / "nothing"), "--out", str(tmp_path / "out")]) == 2


def test_the_command_takes_times_too(tmp_path):
    _times().to_csv(tmp_path / "table.csv", index=False)
    words = ["evaluate", str(tmp_path / "table.csv"), "--out", str(tmp_path / "out"), "--bootstrap", "100"]
    assert main([*words, "--ledger", str(tmp_path / "ledger.json")]) == 0
    assert "Uno's C" in (tmp_path / "out" / "evaluation.md").read_text()


def test_reporting_items_are_answered_from_the_run(tmp_path: Path):
    (tmp_path / "config.json").write_text(
        json.dumps(
            {"split": {"scheme": "kfold", "folds": 5, "repeats": 2, "inner_folds": 4}, "model": {"width": 32}}
        )
    )
    (tmp_path / "metrics.json").write_text(
        json.dumps({"fused": {"auroc": {"value": 0.7, "low": 0.6, "high": 0.8}}})
    )
    table = tripod_table(tmp_path)
    assert "5-fold nested cross-validation by patient, 2 times" in table
    assert "auroc 0.700 [0.600, 0.800]" in table
    numbers = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(numbers) == len(set(numbers)) > 35
