"""Several processes that encode one list of slides: on this machine, or on a cluster through Ray.

Each runs the plain command on the shared output folder, where leases share the slides out; so a process that
dies loses nothing, and others, started by hand or by a scheduler, may join.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tumorcast.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

IsOver = Callable[[], bool]
"""True where no process of the team is left."""

_RETRIES = 3
_GRACE_SECONDS = 20.0
"""For processes to leave by themselves once every slide is done; they then tidy up behind them."""


@contextmanager
def local_team(words: Sequence[str], workers: int, device: str, cores: int) -> Iterator[IsOver]:
    """`workers` processes of this machine; each gets its share of the cores and, of GPUs, the next one.

    Args:
        words: of `tumorcast encode ...` for one process, without the device.
        workers: how many.
        device: "cpu" or "cuda".
        cores: of the machine, for all.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(max(1, cores // workers))}
    with ExitStack() as stack:
        team = []
        for number in range(workers):
            place = device if device == "cpu" else f"cuda:{number}"
            command = [sys.executable, "-m", "tumorcast.cli.main", *words, "--device", place]
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
            stack.callback(stop, process)
            team.append(process)
        yield lambda: all(process.poll() is not None for process in team)
        over = time.monotonic() + _GRACE_SECONDS
        for process in team:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, over - time.monotonic()))


def stop(process: subprocess.Popen[bytes], patience_seconds: float = 0.0) -> None:
    """Wait a while for a process to leave by itself, then end it."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience_seconds)
    if process.poll() is None:
        process.terminate()
        process.wait()


@contextmanager
def ray_team(words: Sequence[str], workers: int, device: str) -> Iterator[IsOver]:
    """`workers` tasks of Ray, each with a GPU of its own unless `device` is "cpu"; see `ray_tasks`."""
    with ray_tasks([[*words, "--device", device]] * workers, float(device != "cpu")) as is_over:
        yield is_over


@contextmanager
def ray_tasks(commands: Sequence[Sequence[str]], gpus: float) -> Iterator[IsOver]:
    """Commands of `tumorcast` as tasks of Ray, each with its share of a node's cores; begun again where a node dies.

    Joins the cluster that `RAY_ADDRESS` names, else starts Ray on this machine. Every node must see what the commands
    name under the same paths and have tumorcast installed.

    Args:
        gpus: of each task.
    """
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "the engine Ray is not installed", got=error, fix="pip install 'tumorcast[cluster]'"
        ) from error
    from tumorcast.cli.main import main

    started_here = not ray.is_initialized()
    if started_here:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(address=os.environ.get("RAY_ADDRESS"), include_dashboard=False, log_to_driver=False)
    by_node = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    cores = max(1, min(sum(by_node) // len(commands), *(count for count in by_node if count)))
    remote: Any = ray.remote
    task = remote(num_cpus=cores, num_gpus=gpus, max_retries=_RETRIES)(main)
    running = [task.remote(list(command)) for command in commands]
    try:
        yield lambda: len(ray.wait(running, num_returns=len(running), timeout=0)[0]) == len(running)
        ray.wait(running, num_returns=len(running), timeout=_GRACE_SECONDS)
    finally:
        for each in running:
            ray.cancel(each)
        if started_here:
            ray.shutdown()
