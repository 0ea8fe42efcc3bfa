"""Who started this process, and as one of how many: torchrun, Slurm, or nobody (the trainer then starts others)."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import torch
import torch.distributed as dist
from lightning_fabric.plugins.environments import (
    ClusterEnvironment,
    LightningEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)

from tumorcast.config.models import TrainingConfig
from tumorcast.config.processes import check_started
from tumorcast.domain.errors import ConfigError

PATIENCE = timedelta(hours=12)
"""The others wait so long for a process: the first one scores, compares and logs alone."""


@dataclass(frozen=True)
class Layout:
    """Nodes, and processes on each; `environment` tells the trainer who it is among them."""

    num_nodes: int
    devices: int | Literal["auto"]
    environment: ClusterEnvironment


def layout(settings: TrainingConfig, environ: Mapping[str, str] = os.environ) -> Layout:
    """The processes as they were started, where something started them, else as configured.

    Raises:
        ConfigError: `training.devices` or `num_nodes` contradict what was started; FSDP without a GPU.
    """
    if settings.strategy == "fsdp" and not has_gpus(settings):
        raise ConfigError(
            "FSDP shards a model over GPUs",
            got=f"training.accelerator={settings.accelerator}, {torch.cuda.device_count()} GPUs",
            expected="CUDA devices",
            fix="training.strategy=ddp, or auto",
        )
    started = _started(environ)
    if started is None:
        nodes = 1 if settings.num_nodes == "auto" else settings.num_nodes
        if nodes > 1:
            raise ConfigError(
                "several nodes need somebody who starts a process on each",
                got=f"training.num_nodes={nodes}, neither torchrun nor srun",
                expected="the environment of torchrun or of a Slurm step",
                fix="tumorcast launch slurm, or torchrun --nnodes (docs/cluster.md)",
            )
        return Layout(1, settings.devices, LightningEnvironment())
    nodes, each, who, environment = started
    check_started(settings, nodes, each, who)
    return Layout(nodes, each, environment)


def join(settings: TrainingConfig, environ: Mapping[str, str] = os.environ) -> None:
    """Meet the other processes of torchrun or srun, once; where nobody started any, the trainer does it.

    After a restart torchrun offers the same store: addresses of the dead processes stand in it, and who takes one
    of these for a living one waits for ever. So each attempt has names of its own in it.

    Raises:
        ConfigError: as `layout`.
    """
    who = layout(settings, environ).environment
    if isinstance(who, LightningEnvironment) or dist.is_initialized() or who.world_size() == 1:
        return
    rank, world = who.global_rank(), who.world_size()
    store = dist.TCPStore(
        who.main_address,
        who.main_port,
        world,
        is_master=rank == 0 and environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True",
    )
    attempt = dist.PrefixStore(f"attempt{environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    if has_gpus(settings):
        torch.cuda.set_device(who.local_rank() % torch.cuda.device_count())
    backend = "nccl" if has_gpus(settings) else "gloo"
    dist.init_process_group(backend, store=attempt, rank=rank, world_size=world, timeout=PATIENCE)
    atexit.register(_leave)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def has_gpus(settings: TrainingConfig) -> bool:
    """Whether the training is to run on GPUs, and there are any."""
    return settings.accelerator != "cpu" and torch.cuda.is_available()


def _started(environ: Mapping[str, str]) -> tuple[int, int, str, ClusterEnvironment] | None:
    """(nodes, processes on each, who, environment)."""
    if "TORCHELASTIC_RUN_ID" in environ:
        total, each = int(environ["WORLD_SIZE"]), int(environ["LOCAL_WORLD_SIZE"])
        nodes = int(environ.get("GROUP_WORLD_SIZE", total // each))
        return _even(total, nodes, each, "torchrun"), each, "torchrun", TorchElasticEnvironment()
    total = int(environ.get("SLURM_STEP_NUM_TASKS", "1"))
    if total > 1:
        nodes = int(environ["SLURM_STEP_NUM_NODES"])
        each = total // nodes
        return _even(total, nodes, each, "srun"), each, "srun", SLURMEnvironment(auto_requeue=False)
    return None


def _even(total: int, nodes: int, each: int, who: str) -> int:
    """The nodes, each with as many processes."""
    if nodes * each != total:
        raise ConfigError(
            "nodes must have the same number of processes",
            got=f"{total} processes on {nodes} nodes, started by {who}",
            fix="the same --nproc-per-node (or --ntasks-per-node) on every node",
        )
    return nodes
