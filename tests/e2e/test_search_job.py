"""`tumorcast search` as a user runs it: killed again and again it ends as an undisturbed one; workers share it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1800)]
SETTINGS = (
    "tracking.enabled=false", "split.inner_folds=3", "training.max_epochs=6", "evaluation.bootstrap=100",
    "evaluation.baselines=[]", "evaluation.subsets=false", "data.modalities=[clinical]", "model.anchors=false",
    "training.singles=false", "training.rivals=[]", "training.accelerator=cpu", "search.trials=8", "search.startup=3",
    "search.space={model.width: {choice: [8, 16]}, training.lr: {log_uniform: [1e-4, 1e-1]}}",
)  # fmt: skip
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def words(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "tumorcast.cli.main", *map(str, arguments)]


def finish(folder: Path, *arguments: object) -> str:
    done = subprocess.run(words(*arguments), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("search_job")
    finish(made, "simulate", "study", "--patients", 60, "--seed", 3, "--features-only")
    return made


def searching(name: str, *more: str) -> tuple[str, ...]:
    return "search", "data.study=study", f"name={name}", *SETTINGS, *more


def trials(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "runs" / name / "trials.csv")


def kill_after(folder: Path, name: str, line: str, seconds: float) -> None:
    """Start the search and kill it -9 that long after it said `line`."""
    process = subprocess.Popen(
        words(*searching(name)), cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for told in process.stderr:
        if line in told:
            break
    else:
        raise AssertionError(f"never said {line!r}")
    time.sleep(seconds)
    process.kill()
    process.wait()


def test_killed_again_and_again_it_ends_as_an_undisturbed_one(folder):
    finish(folder, *searching("calm"))
    for line, seconds in (
        ("courses of", 1.0),
        ("trial 2 of", 0.2),
        ("trial 4 of", 0.5),
        ("trial 7 of", 0.05),
    ):
        kill_after(folder, "killed", line, seconds)
    finish(folder, *searching("killed"))
    found, calm = trials(folder, "killed"), trials(folder, "calm")
    counted = found[found["state"] != "failed"].reset_index(drop=True)
    settings = ["state", "value", "is_chosen", "model.width", "training.lr"]
    pd.testing.assert_frame_equal(counted[settings], calm[settings], atol=1e-6, check_dtype=False)
    assert found.loc[found["state"] == "failed", "reason"].str.contains("its process ended").all()
    both = [
        pd.read_csv(folder / "runs" / name / "predictions.csv")["probability"] for name in ("killed", "calm")
    ]
    assert both[0].to_numpy() == pytest.approx(both[1].to_numpy(), abs=1e-6)


def test_two_workers_share_and_leave_nothing_behind(folder):
    finish(folder, *searching("shared", "search.sampler=random"), "--workers", 2)
    found = trials(folder, "shared")
    assert (found["state"] != "failed").sum() == 8
    assert len(found[["model.width", "training.lr"]].drop_duplicates()) == 8
    assert not (folder / "runs" / "shared" / ".search").exists()
