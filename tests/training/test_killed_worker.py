"""Of two processes one is killed: torchrun starts both again, and they end with the weights of undisturbed ones."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fit_toy_member import together
from tumorcast.training.stop import EXIT_CODE

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL, SIGUSR1"),
]
STEPS = 15


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    together(2, folder)
    return folder / "member"


def torchrun(folder: Path, **given: object) -> subprocess.Popen:
    words = "-m torch.distributed.run --nnodes 1 --nproc-per-node 2 --rdzv-backend c10d --max-restarts 3"
    where = ["--rdzv-endpoint", "localhost:0", "--rdzv-id", folder.name]
    script = [str(ROOT / "tests" / "fit_toy_member.py"), str(folder), json.dumps(given)]
    paths = os.pathsep.join(str(ROOT / name) for name in ("src", "tests"))
    given_to = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(
            [sys.executable, *words.split(), *where, *script], env=given_to, stdout=log, stderr=log
        )


def steps_of(folder: Path, rank: int) -> list[list[int]]:
    """(epoch, batch, process) of each step begun."""
    path = folder / f"steps.{rank}"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [[int(word) for word in line.split()] for line in lines]


def after(folder: Path, rank: int, count: int, team: subprocess.Popen) -> int:
    """The process of `rank` once it has begun so many steps."""
    end = time.monotonic() + 300
    while len(steps_of(folder, rank)) < count:
        assert time.monotonic() < end, (folder / "log").read_text()[-3000:]
        assert team.poll() is None, (folder / "log").read_text()[-3000:]
        time.sleep(0.01)
    return steps_of(folder, rank)[-1][2]


def assert_same(folder: Path, other: Path) -> None:
    ours, theirs = (load_file(path / "weights.safetensors") for path in (folder, other))
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, atol=0, rtol=0, msg=f"{name} differs")
    assert (folder / "member.json").read_text() == (other / "member.json").read_text()


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_ends_in_a_resume_without_loss(tmp_path, undisturbed, victim):
    moment = random.Random(victim)
    team = torchrun(tmp_path, seconds=0.1, settings={"checkpoint_minutes": 1e-9 if victim else None})
    process = after(tmp_path, victim, moment.randrange(2, STEPS), team)
    time.sleep(moment.random() * 0.1)
    os.kill(process, signal.SIGKILL)
    assert team.wait(600) == 0, (tmp_path / "log").read_text()[-3000:]
    assert_same(tmp_path / "member", undisturbed)
    for rank in range(2):
        begun = steps_of(tmp_path, rank)
        assert len({process for _, _, process in begun}) == 2, "both were started again"
        assert {(epoch, batch) for epoch, batch, _ in begun} == {(e, b) for e in range(3) for b in range(5)}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_signal_to_one_worker_stops_both_at_the_same_step(tmp_path, undisturbed, workers):
    """To its whole group, as torchrun sends it: its loading processes go on until it stops."""
    team = torchrun(tmp_path, seconds=0.2, settings={"workers": workers})
    os.killpg(after(tmp_path, 1, 7, team), signal.SIGUSR1)
    assert team.wait(600) == 0, (tmp_path / "log").read_text()[-3000:]
    told = (tmp_path / "log").read_text()
    assert f"exitcode  : {EXIT_CODE}" in told or f"exitcode: {EXIT_CODE}" in told
    assert len(steps_of(tmp_path, 0)) == len(steps_of(tmp_path, 1)) == STEPS
    assert_same(tmp_path / "member", undisturbed)
