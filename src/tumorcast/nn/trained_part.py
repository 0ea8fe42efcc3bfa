"""Which part of a tile encoder fine-tuning changes: adapters, its last blocks, or all of it."""

from __future__ import annotations

import re

from torch import nn

from tumorcast.config.finetune import FinetuneConfig
from tumorcast.domain.errors import InputError
from tumorcast.nn.lora import add_adapters

_BLOCK = re.compile(r"(?:^|\.)(?:blocks|layers|stages|layer\d+)(?:\.\d+)+$")


def open_for_training(network: nn.Module, config: FinetuneConfig) -> list[nn.Parameter]:
    """Freeze the network but for what `config.method` trains; returns those parameters.

    The network stays in evaluation mode: statistics of batch normalisation are those of its own training.

    Raises:
        InputError: the network has no such part.
    """
    if config.method == "lora":
        add_adapters(network, config.rank, config.alpha)
    elif config.method == "last-blocks":
        _open_last(network, config.blocks)
    else:
        network.requires_grad_(True)
    network.eval()
    return [each for each in network.parameters() if each.requires_grad]


def block_names(network: nn.Module) -> list[str]:
    """The network's blocks in order: those of transformers, of stages of convolutions, of residual layers."""
    names = [name for name, _ in network.named_modules() if _BLOCK.search(name)]
    return [name for name in names if not any(other.startswith(f"{name}.") for other in names)]


def _open_last(network: nn.Module, count: int) -> None:
    """The last blocks and all that stands behind their beginning."""
    blocks = block_names(network)
    if len(blocks) < count:
        raise InputError(
            "the encoder has fewer blocks than are to be trained",
            got=len(blocks),
            expected=f"{count} or more",
            fix="lower --blocks, or use --method lora",
        )
    network.requires_grad_(False)
    is_open = False
    for name, parameter in network.named_parameters():
        is_open = is_open or name.startswith(f"{blocks[-count]}.")
        parameter.requires_grad_(is_open)
