"""Runs are compared with what is comparable, and with a warning."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from tracked import FACTS, made_up_scores, record_run
from tumorcast.domain.errors import InputError
from tumorcast.training import run_facts
from tumorcast.training.comparison import compare_best
from tumorcast.training.delivery import deliver
from tumorcast.training.run_facts import description
from tumorcast.training.run_views import LIST_VIEW


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> str:
    """A simulated run and a survival run, both with higher values, before three runs on real data."""
    folder = tmp_path_factory.mktemp("compared")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    others = {
        "simulated": (0.95, {"data_sha256": "d0"}),
        "survival": (0.80, {"primary_metric": "c_index"}),
        "a": (0.68, {}),
        "b": (0.69, {}),
    }
    for name, (value, facts) in others.items():
        record_run(folder, name, value, facts=FACTS | facts)
        deliver(folder / name, uri)
    return uri


def test_the_newest_run_decides_what_is_compared(uri):
    lines = compare_best(uri, "made up", "primary", 2)
    assert "as the newest run, b" in lines[0]
    assert [line.split()[0] for line in lines[1:3]] == ["b", "a"]
    assert any("by a test score is optimistic" in line for line in lines)
    asked = compare_best(uri, "made up", "primary", 2, ["tags.kind = 'run'"])
    assert [line.split()[0] for line in asked[:2]] == ["simulated", "survival"]
    by_brier = compare_best(uri, "made up", "fused.brier", 9)
    assert {line.split()[0] for line in by_brier[1:4]} == {"a", "b", "survival"}
    with pytest.raises(InputError, match="fewer than two"):
        compare_best(uri, "made up", "primary", 2, ["tags.data_sha256 = 'd0'"])


def test_the_pages_hold_comparable_runs_and_the_warning(uri):
    tags = mlflow.MlflowClient(uri).get_experiment_by_name("made up").tags
    view = tags[f"mlflow.sharedViewState.{LIST_VIEW}"]
    assert "tags.primary_metric = 'auroc' and tags.data_sha256 = 'd1'" in view
    assert "[b and a]" in tags["mlflow.note.content"]
    assert "optimistic" in tags["mlflow.note.content"]


def test_a_long_description_loses_rows_and_no_caveat():
    courses = pd.DataFrame({"patient_id": ["p"]})
    settings = SimpleNamespace(
        data=SimpleNamespace(modalities=["slide"]),
        evaluation=SimpleNamespace(confidence=0.95),
        model=SimpleNamespace(heads=["response"]),
    )
    work = SimpleNamespace(
        cohort=SimpleNamespace(study_id="s", courses=courses), config=settings, is_simulated=True
    )
    one = made_up_scores(0.7)["fused"]
    metrics = made_up_scores(0.7) | {f"a baseline with a long name, number {k}": one for k in range(200)}
    told = description(work, metrics)
    assert len(told) > 5000
    for caveat in ("SIMULATED DATA", "Research use only", "is optimistic", "primary_minus_best_other"):
        assert caveat in told[:5000]


def test_few_feature_files_are_opened_for_the_encoders_digest(monkeypatch):
    opened: list[Path] = []

    def attrs(path):
        opened.append(path)
        return SimpleNamespace(encoder="toy", encoder_sha256=""), None

    monkeypatch.setattr(run_facts, "read_attrs", attrs)
    slides = pd.DataFrame({"feature_path": [f"{k}.h5" for k in range(10_000)]})
    work = SimpleNamespace(
        bags={"a": SimpleNamespace(encoder="toy")}, cohort=SimpleNamespace(slides=slides), config=None
    )
    assert run_facts._encoder(work) == {"encoder": "toy"}
    assert len(opened) < 10
