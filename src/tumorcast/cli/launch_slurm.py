"""The text of a Slurm script: torchrun on every node, a notice before the end, queued again until done."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from tumorcast.cli.launch_check import TASK

_RESERVE = 20
"""Seconds of the notice that are left to Slurm and this script."""


@dataclass(frozen=True)
class Job:
    """What a script is written from.

    Attributes:
        words: configuration files and `key=value` of `command` (train, search).
        cpus: of each of the `gpus` of each of the `nodes`.
        notice: seconds between Slurm's signal and its end.
        restarts: how often the processes are started again within the job after one of them died.
    """

    name: str
    command: str
    words: tuple[str, ...]
    nodes: int
    gpus: int
    cpus: int
    time: str
    partition: str | None
    account: str | None
    array: str | None
    container: Path | None
    binds: tuple[str, ...]
    python: str
    notice: int
    restarts: int


def script(job: Job) -> str:
    """The script as text."""
    parts = ["#!/bin/bash", _head(job), _SETTING, _threads(job), _launch(job), _WATCH]
    return "\n".join(parts)


def _head(job: Job) -> str:
    asked = {
        "job-name": job.name,
        "nodes": job.nodes,
        "ntasks-per-node": 1,
        "gpus-per-node": job.gpus,
        "cpus-per-task": job.cpus * job.gpus,
        "time": job.time,
        "partition": job.partition,
        "account": job.account,
        "array": job.array,
        "output": "%x-%A_%a.log" if job.array else "%x-%j.log",
        "open-mode": "append",
        "signal": f"B:USR1@{job.notice}",
    }
    lines = [f"#SBATCH --{name}={value}" for name, value in asked.items() if value is not None]
    return "\n".join([*lines, "#SBATCH --requeue"])


_SETTING = """
set -uo pipefail

# Nodes have no network: nothing asks a hub, a package index or a tracking server.
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TRANSFORMERS_OFFLINE=1 PIP_NO_INDEX=1 UV_OFFLINE=1
export DO_NOT_TRACK=true MLFLOW_DISABLE_TELEMETRY=true RAY_USAGE_STATS_ENABLED=0
export PYTHONUNBUFFERED=1"""


def _threads(job: Job) -> str:
    return f"export OMP_NUM_THREADS={job.cpus}"


def _launch(job: Job) -> str:
    """The step's command as a bash array, one line a thing."""
    lines = ["srun --kill-on-bad-exit=1"]
    if job.container is not None:
        binds = " ".join(f"--bind {shlex.quote(folder)}" for folder in job.binds)
        lines.append(f'apptainer exec --nv --bind "$PWD" {binds}'.rstrip())
        lines.append(shlex.quote(str(job.container.absolute())))
    lines.append("python" if job.container is not None else shlex.quote(job.python))
    before = ""
    if job.command == "train":
        before = _RENDEZVOUS
        lines += [
            f"-m torch.distributed.run --nnodes={job.nodes} --nproc-per-node={job.gpus}",
            '--rdzv-backend=c10d --rdzv-endpoint="$head:$port" --rdzv-id="$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}"',
            f"--max-restarts={job.restarts} --shutdown-timeout={max(5, job.notice - _RESERVE)}",
            "--signals-to-handle=SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1",
        ]
    lines.append("-m tumorcast.cli.main " + job.command)
    lines += [_word(word) for word in job.words]
    return before + "\ncommand=(\n" + "".join(f"    {line}\n" for line in lines) + ")"


_RENDEZVOUS = """
# Where the processes of all nodes find each other.
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 20000))
"""


def _word(word: str) -> str:
    quoted = shlex.quote(word)
    return quoted.replace(TASK, "'\"$SLURM_ARRAY_TASK_ID\"'") if TASK in word else quoted


_WATCH = """
# Slurm's notice goes on to the processes: they finish their step, write their state and leave.
noticed=0 step=
trap 'noticed=1; [ -n "$step" ] && kill -USR1 "$step" 2>/dev/null' USR1
"${command[@]}" &
step=$!
wait "$step"; status=$?
while [ "$status" -gt 128 ] && kill -0 "$step" 2>/dev/null; do wait "$step"; status=$?; done

if [ "$noticed" = 1 ] && [ "$status" != 0 ]; then
    echo "stopped before the end of its time; queued again, it goes on where it stopped"
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
"""
