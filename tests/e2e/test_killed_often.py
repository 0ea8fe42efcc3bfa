"""A run killed twenty times at random moments ends with the weights of an undisturbed one."""

from __future__ import annotations

import os
import random
import runpy
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform == "win32", reason="forks, and kills with SIGKILL"),
]
KILLS, COLD = 20, 1
SETTINGS = (
    "name=killed", "split.inner_folds=2", "split.test_fraction=0.2", "evaluation.bootstrap=100",
    "evaluation.subsets=false", "evaluation.baselines=[]", "tracking.enabled=false", "training.singles=false",
    "training.threads=1", "training.max_epochs=12", "training.patience=12", "training.batch_size=4",
    "training.checkpoint_minutes=1e-9", "training.rivals=[]", "model.anchors=false",
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    from tumorcast.cli.main import main

    folder = tmp_path_factory.mktemp("killed") / "study"
    assert main(["simulate", str(folder), "--patients", "40", "--seed", "3", "--features-only"]) == 0
    return folder


def words(study: Path) -> list[str]:
    base = str(ROOT / "configs" / "base.yaml")
    return [str(ROOT / "train.py"), base, f"data.study={study}", "data.features=null", *SETTINGS]


def forked(study: Path, folder: Path) -> int:
    """train.py in a process of its own, without importing everything anew."""
    child = os.fork()
    if child:
        return child
    try:
        os.chdir(folder)
        with open("told.txt", "a", encoding="utf-8") as told:
            sys.stdout = sys.stderr = told
            sys.argv = words(study)
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as left:
        os._exit(int(left.code or 0))
    except BaseException:
        (folder / "told.txt").write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(70)


def cold(study: Path, folder: Path) -> int:
    """train.py as a user starts it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, *words(study)], cwd=folder, env=environment, stdout=quiet, stderr=quiet
    ).pid


def states(folder: Path) -> int:
    """Grows or changes with every state that the run writes."""
    found = []
    for path in folder.rglob("resume.ckpt"):
        with suppress(FileNotFoundError):  # a finished member's state goes
            found.append(path.stat().st_mtime_ns)
    return hash((tuple(found), len(list(folder.rglob("weights.safetensors")))))


def told(folder: Path) -> str:
    """The last that forked runs said."""
    return (folder / "told.txt").read_text(encoding="utf-8")[-2000:]


def kill_somewhere(child: int, folder: Path, moment: random.Random) -> None:
    """After none to eleven states more, and within a step or a write of the next."""
    left, seen = moment.randrange(12), states(folder)
    wait, end = moment.random() * 0.05, time.monotonic() + 300
    while left and time.monotonic() < end:
        assert os.waitpid(child, os.WNOHANG) == (0, 0), f"it ended before it was killed: {told(folder)}"
        time.sleep(0.001)
        now = states(folder)
        left, seen = left - (now != seen), now
    time.sleep(wait if left == 0 else 0)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_killed_twenty_times_a_run_ends_with_the_same_weights(study):
    import tumorcast.export.run_bundle
    import tumorcast.training.run  # noqa: F401  # what every fork would import

    moment, folders = random.Random(20), {}
    for name in ("whole", "killed"):
        folders[name] = study.parent / name
        folders[name].mkdir()
    for number in range(KILLS):
        start = cold if number < COLD else forked
        kill_somewhere(start(study, folders["killed"]), folders["killed"], moment)
    for folder in folders.values():
        assert os.waitpid(forked(study, folder), 0)[1] == 0, told(folder)
    ours, theirs = (sorted(folders[name].rglob("weights.safetensors")) for name in ("killed", "whole"))
    assert [p.relative_to(folders["killed"]) for p in ours] == [
        p.relative_to(folders["whole"]) for p in theirs
    ]
    assert len(ours) == 2
    for one, other in zip(ours, theirs, strict=True):
        left, right = load_file(one), load_file(other)
        for name, tensor in right.items():
            torch.testing.assert_close(left[name], tensor, atol=0, rtol=0, msg=f"{name} differs")
        assert (one.parent / "member.json").read_text() == (other.parent / "member.json").read_text()
    run = Path("runs") / "killed" / "predictions.csv"
    assert (folders["killed"] / run).read_bytes() == (folders["whole"] / run).read_bytes()
