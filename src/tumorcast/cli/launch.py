"""`tumorcast launch slurm CONFIG... --out JOB.sbatch`: a readable job script for a cluster."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

_EPILOG = """
A time limit, a preemption or a dead node end no training: the state is written and the job queued again.
With --array each task is a job of its own: `--command search` shares one search's trials; with `train`, {task} in
a word is the task's number, such as `name=seed{task} seed={task}`.
"""


def add_parser(subparsers: Any) -> None:
    """Register the command and those below it."""
    parser = subparsers.add_parser("launch", help="write a job script for a cluster")
    below: Any = parser.add_subparsers(required=True, metavar="SCHEDULER")
    slurm = below.add_parser(
        "slurm",
        help="write an sbatch script that trains on one or more nodes and goes on after preemption",
        description="Check the configuration and write a Slurm script that trains as configured.",
        epilog=_EPILOG,
    )
    slurm.add_argument("words", nargs="+", metavar="CONFIG.yaml|key=value", help="as for `tumorcast train`")
    slurm.add_argument("--out", type=Path, required=True, metavar="JOB.sbatch", help="the script")
    slurm.add_argument("--command", choices=["train", "search"], default="train", help="[train]")
    slurm.add_argument("--nodes", type=_count, default=1, help="[1]")
    slurm.add_argument("--gpus-per-node", type=_count, default=1, help="one process each [1]")
    slurm.add_argument("--cpus-per-gpu", type=_count, default=8, help="[8]")
    slurm.add_argument(
        "--time", default="24:00:00", help="limit of one stretch, not of the training [24:00:00]"
    )
    slurm.add_argument("--partition")
    slurm.add_argument("--account")
    slurm.add_argument("--array", metavar="0-9%%4", help="tasks of a job array")
    slurm.add_argument("--container", type=Path, metavar="IMAGE.sif", help="run inside this Apptainer image")
    slurm.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a folder that the container sees as well",
    )
    slurm.add_argument("--python", default=sys.executable, help="outside a container [this one]")
    slurm.add_argument("--notice", type=_count, default=120, help="seconds between notice and end [120]")
    slurm.add_argument(
        "--online",
        action="store_true",
        help="nodes reach the tracking server; else `tumorcast mlflow sync` later",
    )
    slurm.add_argument("--restarts", type=int, default=3, help="of the processes, after one died [3]")
    slurm.set_defaults(run=run_slurm)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1, not {text}")
    return int(text)


def run_slurm(arguments: argparse.Namespace) -> int:
    """Check, write, and say how to go on."""
    from tumorcast.cli.launch_check import checked, job_name
    from tumorcast.cli.launch_slurm import Job, script
    from tumorcast.readers.files import write_text

    config = checked(arguments)
    job = Job(
        name=job_name(arguments, config),
        command=arguments.command,
        words=(*arguments.words, *([] if arguments.online else ["tracking.offline=true"])),
        nodes=arguments.nodes,
        gpus=arguments.gpus_per_node,
        cpus=arguments.cpus_per_gpu,
        time=arguments.time,
        partition=arguments.partition,
        account=arguments.account,
        array=arguments.array,
        container=arguments.container,
        binds=tuple(arguments.bind),
        python=arguments.python,
        notice=arguments.notice,
        restarts=arguments.restarts,
    )
    write_text(arguments.out, script(job))
    print(
        f"written: {arguments.out}\nsubmit:  sbatch {arguments.out}   (in the folder where `runs` shall be)"
    )
    return 0
