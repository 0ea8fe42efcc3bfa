"""Further processes for a search: on this machine, or on a cluster through Ray; each takes over trials."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tumorcast.cli.encode_team import ray_tasks, stop

_PATIENCE_SECONDS = 5.0


@contextmanager
def team(words: Sequence[str], workers: int, engine: str) -> Iterator[None]:
    """`workers` processes in all, this one among them under the engine "local" and beside them under "ray".

    On one machine each, this one too, gets its share of the cores, unless OMP_NUM_THREADS or the run says otherwise.
    Each of the others ends when no trial is left to begin, or when nobody leads any more.
    """
    command = ["search", *words, "--join"]
    if engine == "ray":
        import torch

        with ray_tasks([command] * workers, float(torch.cuda.is_available())):
            yield
        return
    share = max(1, (os.cpu_count() or 1) // workers)
    if workers > 1 and "OMP_NUM_THREADS" not in os.environ:
        import torch

        torch.set_num_threads(share)
    with ExitStack() as stack:
        for number in range(1, workers):
            stack.callback(stop, _start(command, number, share), _PATIENCE_SECONDS)
        yield


def _start(command: Sequence[str], number: int, share: int) -> subprocess.Popen[bytes]:
    """A process with that many threads of the cores and, of GPUs, one in turn."""
    environment = {**os.environ}
    environment.setdefault("OMP_NUM_THREADS", str(share))
    if gpus := _gpus():
        environment["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
    words = [sys.executable, "-m", "tumorcast.cli.main", *command]
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)


def _gpus() -> list[str]:
    """Those that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [gpu for gpu in named.split(",") if gpu]
    import torch

    return [str(gpu) for gpu in range(torch.cuda.device_count())]
