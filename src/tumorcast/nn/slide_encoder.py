"""Slide encoder: a bag of tile features -> K tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tumorcast.nn.anchors import Encoded
from tumorcast.nn.segments import AttentionPooling, segment_sum

CLIP = 6.0
"""Standardised features of a tile beyond this count as this."""


class SlideEncoder(nn.Module):
    """Standardise, project, pool by gated attention. The summary is the mean standardised tile.

    Shapes: (tiles [T, dim], tile_course [T], B) -> tokens [B, K, W], summary [B, dim], attention [T, K].

    Args:
        mean, scale: [dim] statistics of the training fold's tiles.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, width: int, tokens: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("scale", scale.clone())
        self.project = nn.Sequential(
            nn.Dropout(dropout / 2),
            nn.Linear(len(mean), width),
            nn.GELU(),
            nn.LayerNorm(width),
            nn.Dropout(dropout),
        )
        self.pool = AttentionPooling(width, tokens, hidden=width)
        self.summary_width = len(mean)

    def forward(self, tiles: Tensor, tile_course: Tensor, count: int) -> Encoded:
        standard = torch.clamp((tiles - self.mean) / self.scale, -CLIP, CLIP)
        tokens, attention = self.pool(self.project(standard), tile_course, count)
        size = segment_sum(torch.ones_like(standard[:, :1]), tile_course, count).clamp_min(1.0)
        return Encoded(tokens, segment_sum(standard, tile_course, count) / size, attention)
