"""A tile encoder that learns, with gated attention over the tiles of a course and a read-out of response."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tumorcast.nn.segments import AttentionPooling
from tumorcast.nn.tile_graph import TilesToFeatures


class PooledReadOut(nn.Module):
    """Projected tiles, one gated attention (Ilse, Tomczak, Welling 2018), one linear read-out.

    Shapes: (features [t, dim] standardised, owner [t], count B) -> logits [B].
    """

    def __init__(self, dim: int, width: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(dim, width), nn.ReLU(), nn.Dropout(dropout))
        self.pool = AttentionPooling(width, 1, width)
        self.read_out = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, 1))

    def forward(self, features: Tensor, owner: Tensor, count: int) -> Tensor:
        pooled, _ = self.pool(self.project(features), owner, count)
        logits: Tensor = self.read_out(pooled[:, 0])[:, 0]
        return logits


def pack_bags(bags: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows of all bags [t, ...], and which bag each belongs to [t]."""
    sizes = torch.tensor([len(bag) for bag in bags], device=bags[0].device)
    return torch.cat(bags), torch.repeat_interleave(torch.arange(len(bags), device=bags[0].device), sizes)


class TunedNet(nn.Module):
    """Tiles through the encoder, a chunk at a time, standardised, then `PooledReadOut`.

    Of several chunks each is computed again in the backward pass: the activations of one are held at a time.

    Args:
        encoder: tiles -> features.
        mean, scale: [dim] of the features before any training.
        width, dropout: of pooling and read-out.
        chunk: tiles at a time.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, encoder: TilesToFeatures, mean: Tensor, scale: Tensor, width: int, dropout: float, chunk: int
    ) -> None:
        super().__init__()
        self.encoder, self.chunk = encoder, chunk
        self.head = PooledReadOut(len(mean), width, dropout)
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def features(self, tiles: Tensor) -> Tensor:
        """uint8 [t, side, side, 3] -> float32 [t, dim]."""
        parts = tiles.split(self.chunk)
        if len(parts) == 1 or not torch.is_grad_enabled():
            return torch.cat([self.encoder(part).float() for part in parts])
        return torch.cat(
            [checkpoint(self.encoder, part, use_reentrant=False).float() for part in parts]  # type: ignore[no-untyped-call]
        )

    def forward(self, tiles: Tensor, owner: Tensor, count: int) -> Tensor:
        """Logits [count] of tiles [t, side, side, 3] that belong to courses `owner` [t]."""
        logits: Tensor = self.head((self.features(tiles) - self.mean) / self.scale, owner, count)
        return logits

    def train(self, mode: bool = True) -> TunedNet:
        """Pooling and read-out alone: the encoder keeps its statistics and drops nothing out."""
        super().train(mode)
        self.encoder.eval()
        return self
