"""Settings that must agree with the processes that were, or will be, started."""

from __future__ import annotations

from tumorcast.config.models import TrainingConfig
from tumorcast.domain.errors import ConfigError


def check_started(training: TrainingConfig, nodes: int, each: int, who: str) -> None:
    """Raise ConfigError where `devices` or `num_nodes` contradict `each` processes on each of `nodes`.

    Args:
        who: started, or starts, them.
    """
    for name, configured, started in (
        ("devices", training.devices, each),
        ("num_nodes", training.num_nodes, nodes),
    ):
        if configured not in ("auto", started):
            raise ConfigError(
                f"training.{name} contradicts {who}",
                got=f"training.{name}={configured}, but {who} started {started}",
                expected=f"{started}, or auto",
                fix=f"leave training.{name} at auto where {who} starts the processes",
            )


def check_batch(training: TrainingConfig, processes: int) -> None:
    """Raise ConfigError where a process would have no course of a global batch."""
    if training.batch_size < processes:
        raise ConfigError(
            "a global batch has fewer courses than there are processes",
            got=f"training.batch_size={training.batch_size}, {processes} processes",
            expected="at least one course a process (batch_size counts over all of them)",
            fix="fewer processes, or a larger training.batch_size",
        )
