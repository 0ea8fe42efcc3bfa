"""The tiles that a network may look at, projected; and their attention weights brought back to all tiles."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.tile_projection import CLIP


class Bags(NamedTuple):
    """Tiles of the courses whose slides are present (t of T), course by course.

    rows: [t, W]. course: [t], ascending. sizes: tiles of each of the B courses. is_seen: [T], which tiles these are.
    """

    rows: Tensor
    course: Tensor
    sizes: list[int]
    is_seen: Tensor

    @property
    def has_tiles(self) -> Tensor:
        """[B] True where the course has a tile."""
        return torch.tensor(self.sizes, device=self.rows.device) > 0

    def by_course(self, rows: Tensor) -> tuple[Tensor, ...]:
        """B parts of [t, ...]."""
        return rows.split(self.sizes)

    def attention(self, weights: Tensor) -> Tensor:
        """[t] weights -> [T], of each course summing to one; zero for tiles that were not looked at."""
        total = weights.new_zeros(len(self.sizes)).scatter_add(0, self.course, weights)
        shares = weights / total.clamp_min(1e-12)[self.course]
        return shares.new_zeros(len(self.is_seen)).masked_scatter(self.is_seen, shares)


class StandardTiles(nn.Module):
    """Standardised tiles of the slides that are not hidden.

    Shapes: (tiles [T, dim], tile_course [T], is_present [B, M]) -> `Bags` of width dim.

    Args:
        mean, scale: [dim] statistics of the training fold's tiles.
        slide: column of `is_present`.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, slide: int) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("scale", scale.clone())
        self.slide = slide

    def forward(self, inputs: CourseInputs) -> Bags:
        is_seen = inputs.is_present[inputs.tile_course, self.slide]
        tiles, course = inputs.tiles, inputs.tile_course
        if not bool(is_seen.all()):
            tiles, course = tiles[is_seen], course[is_seen]
        standard = torch.clamp((tiles.to(self.mean.dtype) - self.mean) / self.scale, -CLIP, CLIP)
        sizes = torch.bincount(course, minlength=len(inputs.is_present)).tolist()
        return Bags(standard, course, sizes, is_seen)


class TileProjection(nn.Module):
    """Standardised tiles, one linear layer, what follows it, dropout. Gives `Bags` of width W."""

    def __init__(self, tiles: StandardTiles, width: int, dropout: float, activation: nn.Module) -> None:
        super().__init__()
        self.tiles = tiles
        self.project = nn.Sequential(nn.Linear(len(tiles.mean), width), activation, nn.Dropout(dropout))

    def forward(self, inputs: CourseInputs) -> Bags:
        bags: Bags = self.tiles(inputs)
        return bags._replace(rows=self.project(bags.rows))
