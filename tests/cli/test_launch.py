"""Job scripts: what is asked for stands in them, mistakes are told before the queue, and they really train."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tumorcast.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
BASE = str(ROOT / "configs" / "base.yaml")
POSIX = pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="bash")


def launched(out: Path, *words: str) -> str:
    assert main(["launch", "slurm", BASE, *words, "--out", str(out)]) == 0
    if shutil.which("bash"):
        subprocess.run(["bash", "-n", out], check=True)
    return out.read_text(encoding="utf-8")


def test_nodes_gpus_and_container_stand_in_the_script(tmp_path):
    image = tmp_path / "a b.sif"
    image.touch()
    where = ("--partition", "gpu", "--account", "x", "--container", str(image), "--bind", "/data")
    several = ("--nodes", "2", "--gpus-per-node", "8")
    text = launched(tmp_path / "job", "data.study=it's here", *several, *where)
    for line in ("--nodes=2", "--gpus-per-node=8", "--partition=gpu", "--signal=B:USR1@120", "--requeue"):
        assert f"#SBATCH {line}\n" in text
    assert "--nnodes=2 --nproc-per-node=8" in text
    assert f"apptainer exec --nv --bind \"$PWD\" --bind /data\n    '{image}'\n    python\n" in text
    assert "HF_HUB_OFFLINE=1" in text
    assert "\n    tracking.offline=true\n" in text
    assert "tracking.offline" not in launched(tmp_path / "job", "--online")


def test_tasks_of_an_array_are_runs_of_their_own(tmp_path):
    text = launched(tmp_path / "job", "name=seed{task}", "seed={task}", "--array", "0-3")
    assert "#SBATCH --array=0-3\n" in text
    assert "#SBATCH --job-name=seedarray\n" in text
    (line,) = [line for line in text.splitlines() if "name=" in line and "SBATCH" not in line]
    told = subprocess.run(
        ["bash", "-c", f"SLURM_ARRAY_TASK_ID=7; echo {line.strip()}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "name=seed7\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["training.lr=fast"], "training.lr"),
        (["training.num_nodes=1", "--nodes", "2"], "contradicts the job"),
        (["training.batch_size=4", "--gpus-per-node", "8"], "fewer courses"),
        (["--array", "0-9"], "same run"),
        (["seed={task}"], "--array"),
        (["--container", "missing.sif"], "image"),
    ],
)
def test_mistakes_are_told_before_the_queue(tmp_path, capsys, words, told):
    assert main(["launch", "slurm", BASE, *words, "--out", str(tmp_path / "job")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "job").exists()


_SRUN = """#!/bin/bash
while [[ "$1" == --* ]]; do shift; done
exec "$@"
"""
_SCONTROL = """#!/bin/bash
case "$1" in
    show) echo localhost ;;
    requeue) echo "$2" >> requeued ;;
esac
"""
SETTINGS = (
    "name=job", "split.inner_folds=2", "evaluation.bootstrap=100", "evaluation.subsets=false",
    "evaluation.baselines=[]", "tracking.enabled=false", "training.singles=false", "training.accelerator=cpu",
    "training.rivals=[]", "training.batch_size=8", "model.anchors=false", "training.max_epochs=8", "data.features=null",
)  # fmt: skip


@POSIX
@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_two_processes_train_are_given_notice_queued_again_and_end(tmp_path):
    """The script itself, with srun and scontrol of our own: two processes over gloo."""
    made = ["simulate", str(tmp_path / "study"), "--patients", "40", "--seed", "3", "--features-only"]
    assert main(made) == 0
    words = (*SETTINGS, f"data.study={tmp_path / 'study'}", "--gpus-per-node", "2", "--cpus-per-gpu", "1")
    launched(tmp_path / "job.sbatch", *words)
    for name, text in {"srun": _SRUN, "scontrol": _SCONTROL}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "SLURM_JOB_ID": "4711",
        "SLURM_JOB_NODELIST": "localhost",
        "GLOO_SOCKET_IFNAME": "lo",
    }
    with open(tmp_path / "log", "wb") as log:
        command = ["bash", "job.sbatch"]
        first = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        _wait_for(lambda: list(tmp_path.rglob("resume.ckpt")), first)
        first.send_signal(signal.SIGUSR1)
        assert first.wait(300) != 0
        assert (tmp_path / "requeued").read_text() == "4711\n"
        assert not (tmp_path / "runs" / "job" / "metrics.json").exists()
        environment["SLURM_RESTART_COUNT"] = "1"
        subprocess.run(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=log, check=True, timeout=900
        )
    assert "stopped on request, state written" in (tmp_path / "log").read_text()
    assert (tmp_path / "requeued").read_text() == "4711\n"
    assert (tmp_path / "runs" / "job" / "metrics.json").is_file()
    for path in tmp_path.rglob("member.json"):
        epochs = [epoch["epoch"] for epoch in json.loads(path.read_text())["history"]]
        assert epochs == list(range(len(epochs)))


def _wait_for(condition, process: subprocess.Popen) -> None:
    end = time.monotonic() + 600
    while not condition():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < end
        time.sleep(0.05)
