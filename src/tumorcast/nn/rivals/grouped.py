"""Self-normalising layers, one group of features beside the other."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GroupedLinear(nn.Module):
    """A linear layer of its own for each of G groups, in one product.

    Shapes: [B, G, F] -> [B, G, W]. Weights start at variance 1 / (features of the group), as self-normalising layers
    want it (Klambauer 2017, arXiv:1706.02515).

    Args:
        sizes: features of each group; the F columns of a group beyond its own are ignored.
    """

    def __init__(self, sizes: Tensor, features: int, width: int) -> None:
        super().__init__()
        is_own = torch.arange(features)[None] < sizes[:, None]
        spread = sizes.clamp_min(1).float().rsqrt()[:, None, None]
        self.weight = nn.Parameter(
            torch.randn(len(sizes), features, width) * spread * is_own[:, :, None].float()
        )
        self.bias = nn.Parameter(torch.zeros(len(sizes), width))

    def forward(self, values: Tensor) -> Tensor:
        return torch.einsum("bgf,gfw->bgw", values, self.weight) + self.bias


class GroupedSnn(nn.Module):
    """Two self-normalising layers a group: linear, ELU, alpha dropout, twice. Shapes: [B, G, F] -> [B, G, W]."""

    def __init__(self, sizes: Tensor, features: int, width: int, dropout: float) -> None:
        super().__init__()
        inner = torch.full_like(sizes, width)
        self.net = nn.Sequential(
            GroupedLinear(sizes, features, width), nn.ELU(), nn.AlphaDropout(dropout),
            GroupedLinear(inner, width, width), nn.ELU(), nn.AlphaDropout(dropout),
        )  # fmt: skip

    def forward(self, values: Tensor) -> Tensor:
        groups: Tensor = self.net(values)
        return groups
