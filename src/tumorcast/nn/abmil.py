"""Attention-based multiple-instance learning on slides alone (Ilse, Tomczak, Welling 2018): the plain baseline."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tumorcast.nn.segments import AttentionPooling


class Abmil(nn.Module):
    """Projected tiles, one gated attention, one linear read-out.

    Shapes: (tiles [T, dim] standardised, tile_course [T], count B) -> logits [B].
    """

    def __init__(self, dim: int, width: int = 64, dropout: float = 0.25) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(dim, width), nn.ReLU(), nn.Dropout(dropout))
        self.pool = AttentionPooling(width, 1, width)
        self.read_out = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, 1))

    def forward(self, tiles: Tensor, tile_course: Tensor, count: int) -> Tensor:
        pooled, _ = self.pool(self.project(tiles), tile_course, count)
        logits: Tensor = self.read_out(pooled[:, 0])[:, 0]
        return logits


def pack_bags(bags: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Tiles of all bags [T, dim], and which bag each belongs to [T]."""
    owner = torch.repeat_interleave(torch.arange(len(bags)), torch.tensor([len(bag) for bag in bags]))
    return torch.cat(bags), owner
