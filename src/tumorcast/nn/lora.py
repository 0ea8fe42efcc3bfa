"""Low-rank adapters (LoRA; Hu et al. 2021, arXiv:2106.09685) in a network of any kind, and their way back into it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from tumorcast.domain.errors import InputError


class LowRank(nn.Module):
    """A frozen linear layer or 1 x 1 convolution with a trained difference of low rank: W x + (alpha / r) B A x.

    A is drawn as in the paper's code (Kaiming, uniform), B is zero: at the start the layer says what it said.

    Args:
        layer: stays as it is.
        rank: r, of the difference.
        alpha: its scale times r.
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, rank: int, alpha: float) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        wide, narrow = layer.weight.shape[:2]
        self.down = nn.Parameter(torch.empty(rank, narrow, device=layer.weight.device))
        self.up = nn.Parameter(torch.zeros(wide, rank, device=layer.weight.device))
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Shapes as those of the layer."""
        if isinstance(self.layer, nn.Linear):
            return self.layer(x) + self.scale * (x @ self.down.T) @ self.up.T
        small = conv2d(x, self.down[:, :, None, None], stride=self.layer.stride)
        return self.layer(x) + self.scale * conv2d(small, self.up[:, :, None, None])

    def merged(self) -> nn.Linear | nn.Conv2d:
        """The layer with the difference in its weight."""
        with torch.no_grad():
            difference = self.scale * (self.up.double() @ self.down.double())
            weight = self.layer.weight
            weight.copy_((weight.double() + difference.view_as(weight)).to(weight.dtype))
        return self.layer


def add_adapters(network: nn.Module, rank: int, alpha: float | None = None) -> list[str]:
    """Freeze the network and put adapters on its linear layers, or where it has none on its 1 x 1 convolutions.

    Left out is what reads its weights past its layers (`nn.MultiheadAttention`).

    Args:
        network: changed in place.
        rank: of the differences.
        alpha: see `LowRank`; None is the rank.

    Returns:
        Names of the layers that were adapted.

    Raises:
        InputError: a rank below 1, or a network without such layers.
    """
    if rank < 1:
        raise InputError("the rank of the adapters is out of range", got=rank, expected="1 or more")
    network.requires_grad_(False)
    names = _linear(network) or _pointwise(network)
    if not names:
        raise InputError(
            "the encoder has no layers for adapters",
            expected="linear layers or 1 x 1 convolutions",
            fix="use --method last-blocks",
        )
    for name in names:
        parent, _, own = name.rpartition(".")
        layer = network.get_submodule(name)
        assert isinstance(layer, nn.Linear | nn.Conv2d)
        setattr(network.get_submodule(parent), own, LowRank(layer, rank, alpha or rank))
    return names


def merge_adapters(network: nn.Module) -> int:
    """Put every difference into its layer's weight and take the adapters off; returns how many there were."""
    found = [name for name, module in network.named_modules() if isinstance(module, LowRank)]
    for name in found:
        parent, _, own = name.rpartition(".")
        adapter = network.get_submodule(name)
        assert isinstance(adapter, LowRank)
        setattr(network.get_submodule(parent), own, adapter.merged())
    return len(found)


def check_reached(network: nn.Module) -> None:
    """After the first backward pass: InputError where an adapter had no part in it."""
    lost = [
        name
        for name, module in network.named_modules()
        if isinstance(module, LowRank) and module.up.grad is None
    ]
    if lost:
        raise InputError(
            "the encoder reads weights past the layers that have adapters",
            got=", ".join(lost[:3]),
            fix="use --method last-blocks",
        )


def _linear(network: nn.Module) -> list[str]:
    closed = tuple(
        f"{name}." for name, module in network.named_modules() if isinstance(module, nn.MultiheadAttention)
    )
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and not name.startswith(closed)
    ]


def _pointwise(network: nn.Module) -> list[str]:
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.groups == 1
        and module.padding in ((0, 0), "valid")
    ]
