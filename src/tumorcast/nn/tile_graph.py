"""From tiles as they are read to features: resizing, cropping, normalising, network and pooling in one module."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import interpolate

from tumorcast.domain.errors import InputError
from tumorcast.nn.backbones import Backbone


class TilesToFeatures(nn.Module):
    """uint8 [b, tile_px, tile_px, 3] -> float32 [b, dim].

    An antialiased resize is a product with a fixed matrix on either side, which every runtime computes alike.

    Args:
        backbone: the network.
        tile_px: side of the tiles.

    Raises:
        InputError: the tiles are smaller than the part that the network sees.
    """

    scale: torch.Tensor
    shift: torch.Tensor
    resize: torch.Tensor | None

    def __init__(self, backbone: Backbone, tile_px: int) -> None:
        super().__init__()
        self.network = backbone.network
        mean, std = torch.tensor(backbone.mean), torch.tensor(backbone.std)
        self.register_buffer("scale", (1 / (255 * std)).view(1, 3, 1, 1))
        self.register_buffer("shift", (mean / std).view(1, 3, 1, 1))
        self.register_buffer("resize", _resize_matrix(backbone, tile_px))

    def forward(self, tiles: torch.Tensor) -> torch.Tensor:
        """Pooled features [b, dim]."""
        images = tiles.permute(0, 3, 1, 2).float()
        if self.resize is not None:
            images = (self.resize @ images @ self.resize.T).clamp(0, 255)
        return self.network(images * self.scale - self.shift)


def _resize_matrix(backbone: Backbone, tile_px: int) -> torch.Tensor | None:
    """float32 [input_px, tile_px]: weights of the tile's rows in the rows that the network sees; None to leave it."""
    side, seen = backbone.resize_px, backbone.input_px
    if side is None or (tile_px == side == seen):
        return None
    if tile_px < 16:
        raise InputError("the tiles are too small", got=f"{tile_px} px", expected="16 px at least")
    identity = torch.eye(tile_px)[None, None]
    rows = interpolate(identity, (side, tile_px), mode=backbone.interpolation, antialias=True)[0, 0]
    cut = (side - seen) // 2
    return rows[cut : cut + seen].contiguous()
