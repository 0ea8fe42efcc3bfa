"""Slide encoder: a bag of tile features -> K tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tumorcast.nn.anchors import Encoded
from tumorcast.nn.segments import AttentionPooling, pool_in_turn
from tumorcast.nn.tile_pooling import pool_tiles
from tumorcast.nn.tile_projection import project_tiles, sum_tiles

_LEAST_GATE = 64


class SlideEncoder(nn.Module):
    """Standardise, project, pool by gated attention. The summary is the mean standardised tile.

    Dropout thins the network for a whole step: one mask over the features of a tile (half the chance) and one over the
    channels of its token, the same for all tiles. Masks of each tile would average out in the pooling, and drawing
    them would take longer than the products.

    Shapes: (tiles [T, dim] in any floating type, tile_course [T] rising, B) -> tokens [B, K, W], summary [B, dim]
    ([0, dim] without it), attention [T, K].

    Args:
        mean, scale: [dim] statistics of the training fold's tiles.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, width: int, tokens: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("scale", scale.clone())
        self.project = nn.Linear(len(mean), width)
        self.norm = nn.LayerNorm(width)
        self.pool = AttentionPooling(width, tokens, hidden=max(min(width, _LEAST_GATE), width // 4))
        self.summary_width = len(mean)
        self.dropout = dropout

    def forward(self, tiles: Tensor, tile_course: Tensor, count: int, with_summary: bool = True) -> Encoded:
        weight = self.project.weight * self._thinned(self.mean, self.dropout / 2)
        hidden, total = project_tiles(
            tiles, tile_course, count, self.mean, self.scale, weight, self.project.bias, with_summary
        )
        tokens, attention = self._pooled(hidden, tile_course, count)
        summary = _mean_tile(total, tile_course) if with_summary else total
        return Encoded(tokens, summary, attention)

    def summary(self, tiles: Tensor, tile_course: Tensor, count: int) -> Tensor:
        """[B, dim] the summary alone, without gradient."""
        return _mean_tile(sum_tiles(tiles, tile_course, count, self.mean, self.scale), tile_course)

    def _pooled(self, hidden: Tensor, tile_course: Tensor, count: int) -> tuple[Tensor, Tensor]:
        kept, epsilon = self._thinned(self.norm.weight, self.dropout), self.norm.eps
        weight, bias = self.norm.weight * kept, self.norm.bias * kept
        if hidden.device.type == "cpu" and hidden.dtype == weight.dtype:
            sizes = torch.bincount(tile_course, minlength=count).tolist()
            return pool_tiles(hidden, sizes, epsilon, weight, bias, *self.pool.layers)
        values = nn.functional.layer_norm(nn.functional.gelu(hidden), weight.shape, weight, bias, epsilon)
        return pool_in_turn(self.pool.logits(values), values, tile_course, count)

    def _thinned(self, like: Tensor, chance: float) -> Tensor:
        """[n] of 1; in training some of 0, the others larger."""
        return nn.functional.dropout(torch.ones_like(like), chance, self.training)


def _mean_tile(total: Tensor, tile_course: Tensor) -> Tensor:
    size = torch.bincount(tile_course, minlength=len(total)).clamp_min(1)
    return total / size[:, None]
