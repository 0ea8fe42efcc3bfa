"""A run from a prepared cohort is the run from the study."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.cohort.simulate.build import simulate_study
from tumorcast.config import load_config
from tumorcast.training.run import Conclusion, run_experiment


def _no_export(conclusion: Conclusion, folder: Path) -> None:
    pass


def numbers(path: Path) -> dict[str, float]:
    """Every number of a JSON file, by its keys."""

    def walk(value: object, name: str) -> Iterator[tuple[str, float]]:
        if isinstance(value, dict):
            for key, own in value.items():
                yield from walk(own, f"{name}/{key}")
        elif isinstance(value, (int, float)):
            yield name, float(value)

    return dict(walk(json.loads(path.read_text(encoding="utf-8")), ""))


@pytest.mark.heavy
def test_the_same_predictions_and_metrics(tmp_path, capsys):
    study = simulate_study(tmp_path / "study", n_patients=40, seed=2, features_only=True, progress=False)
    words = [
        f"data.study={study}", f"runs={tmp_path / 'runs'}", "training.max_epochs=2", "training.max_tiles=20",
        "split.inner_folds=2", "training.accelerator=cpu", "tracking.enabled=false", "evaluation.bootstrap=100",
        "training.singles=false", "training.rivals=[]", "evaluation.baselines=[clinical]",
    ]  # fmt: skip
    prepared = tmp_path / "prepared"
    assert main(["prepare", "name=any", *words, "--out", str(prepared), "--workers", "1"]) == 0
    assert f"data.prepared={prepared}" in capsys.readouterr().out
    plain = run_experiment(load_config(["name=plain", *words]), _no_export)
    fast = run_experiment(load_config(["name=fast", *words, f"data.prepared={prepared}"]), _no_export)
    for name in ("metrics.json", "subsets.json"):
        assert numbers(fast / name) == pytest.approx(numbers(plain / name), abs=1e-6)
    tables = [pd.read_csv(folder / "predictions.csv") for folder in (fast, plain)]
    pd.testing.assert_frame_equal(*tables, rtol=0, atol=1e-6)
    assert (fast / "exclusions.csv").read_bytes() == (plain / "exclusions.csv").read_bytes()
    assert main(["prepare", "--check", "--out", str(prepared)]) == 0
