"""The benchmark of tumour size on simulated series, from table to figures."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clinic.twin.cohorts import known_population, simulated
from tumorcast.clinic.twin import crossfit, fit, learn
from tumorcast.clinic.twin.fit import FitSettings
from tumorcast.clinic.twin.forecast import posterior

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "public"
QUICK = FitSettings(n_virtual=64, n_rough=32, n_patients_rough=20, n_evaluations=4, n_rounds=2)


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def _table(path: Path, n: int, prefix: str) -> Path:
    rows = [
        (f"{prefix}{one.patient_id}", day, f"{size:.0f}", "A")
        for one in simulated(known_population(), n, seed=len(prefix))
        for day, size in zip(one.days, one.high_mm, strict=True)
    ]
    head = ["Patient_Anonmyized", "Treatment_Day", "TargetLesionLongDiam_mm", "Study_Arm"]
    pd.DataFrame(rows, columns=head).to_csv(path, index=False)
    return path


def test_series_become_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "FitSettings", lambda: QUICK)
    monkeypatch.setattr(learn, "_MOST_LEAVERS", 10)
    monkeypatch.setattr(crossfit, "posterior", lambda population, known: posterior(population, known, n=64))
    tumour_size = importlib.import_module("tumour_size")
    monkeypatch.setattr(tumour_size, "RIVALS", ("exponential",))
    made = {}
    monkeypatch.setattr(
        tumour_size, "record", lambda _, __, rows, figures: made.update(rows=rows, figures=figures)
    )
    tables = [_table(tmp_path / f"{name}.csv", 20, name) for name in ("x", "yy")]
    words = ["tumour_size.py", "--series", *map(str, tables), "--folds", "2", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    tumour_size.main()
    predictions = made["rows"]
    ours = predictions[predictions["model"] == "twin"]
    assert ours["patient_id"].nunique() == 40
    assert (ours.groupby("patient_id").size() == 3).all()
    assert ours[["predicted_mm", "low_mm", "high_mm"]].notna().all(axis=None)
    text = json.dumps(made["figures"])
    for name in (
        "twin_minus_last_value",
        "last number over the limit of progression",
        "error_days",
        "coverage_90",
    ):
        assert name in text


def _event(day: float | None, chance: list[float], over: float = 0.8) -> dict:
    days = np.array([42.0, 84, 126])
    return {
        "time": 126.0 if day is None else day, "is_event": day is not None, "days": days,
        "chance": np.array(chance), "growth_so_far": over, "over_limit": over,
    }  # fmt: skip


def test_days_are_scored_as_days() -> None:
    scores = importlib.import_module("tumour_size_scores")
    exact = [_event(84.0, [0, 1, 1]), _event(None, [0, 0, 0]), _event(42.0, [1, 1, 1])] * 4
    found = scores.progression_scores(exact, 0)["days"]
    assert found["error_days"]["value"] == 0
    assert found["error_minus_never_days"]["value"] == pytest.approx(-(42 + 84) / 3)
    assert found["mean_forecast_minus_seen_days"]["value"] == pytest.approx(0)
    late = [{**one, "chance": np.zeros(3)} for one in exact]
    found = scores.progression_scores(late, 0)["days"]
    assert found["mean_forecast_minus_seen_days"]["value"] == pytest.approx((42 + 84) / 3)


def test_the_rule_that_wins_is_there_and_nothing_to_score_is_no_error() -> None:
    scores = importlib.import_module("tumour_size_scores")
    events = [_event(42.0, [0.2, 0.3, 0.4], 0.9), _event(None, [0.2, 0.3, 0.4], 0.5)] * 6
    found = scores.progression_scores(events, 0)["last number over the limit of progression"]
    assert found["c_index"]["value"] == 1
    assert scores.progression_scores([], 0)["run"]["events"] == 0
    assert scores.progression_scores([None, _event(None, [0, 0, 0])], 0)["run"]["patients"] == 1
