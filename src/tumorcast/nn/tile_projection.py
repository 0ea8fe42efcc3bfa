"""Tiles as they are stored -> projected tiles, a chunk at a time: their features are never all held as float32."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

CLIP = 6.0
"""Standardised features of a tile beyond this count as this."""

_CHUNK_ELEMENTS = {"cpu": 2**19, "elsewhere": 2**23}
"""Features at a time: what the second-level cache of two cores holds, and that of a GPU."""
_HALF = (torch.float16, torch.bfloat16)


@torch.compiler.disable
def project_tiles(
    tiles: Float[Tensor, "t dim"],
    tile_course: Int[Tensor, " t"],
    count: int,
    mean: Float[Tensor, " dim"],
    scale: Float[Tensor, " dim"],
    weight: Float[Tensor, "w dim"],
    bias: Float[Tensor, " w"],
    with_total: bool = True,
) -> tuple[Float[Tensor, "t w"], Float[Tensor, "b dim"]]:
    """Standardised, clamped tiles times the weights, and the sums of the standardised tiles of each of `count` courses.

    Of a tile only what comes out is kept for the backward pass, which standardises each chunk again. Under autocast
    the products are made, and the projected tiles kept, in its type; the sums in that of `mean`.

    Args:
        tiles: in any floating type.
        with_total: False where nobody reads the sums: there are none, [0, dim].
    """
    summed = count if with_total else 0
    projected, total = _TileProjection.apply(tiles, tile_course, summed, mean, scale, weight, bias)
    return projected, total


@torch.no_grad()
def sum_tiles(
    tiles: Float[Tensor, "t dim"],
    tile_course: Int[Tensor, " t"],
    count: int,
    mean: Float[Tensor, " dim"],
    scale: Float[Tensor, " dim"],
) -> Float[Tensor, "b dim"]:
    """The sums of `project_tiles` alone, without gradient."""
    total = mean.new_zeros((count, len(mean)))
    chunks = _Chunks(tiles, mean, scale)
    for start, stop in chunks.places:
        _add_to_courses(total, chunks.standard(start, stop), tile_course[start:stop])
    return total


class _TileProjection(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, tiles: Tensor, tile_course: Tensor, count: int, mean: Tensor, scale: Tensor,
        weight: Tensor, bias: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        kind = tiles.device.type
        kept = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        projected = tiles.new_empty((len(tiles), len(weight)), dtype=kept)
        total = mean.new_zeros((count, len(mean)))
        turned, offset = weight.to(kept).T, bias.to(kept)
        chunks = _Chunks(tiles, mean, scale)
        for start, stop in chunks.places:
            standard = chunks.standard(start, stop)
            torch.addmm(offset, standard.to(kept), turned, out=projected[start:stop])
            if count:
                _add_to_courses(total, standard, tile_course[start:stop])
        ctx.save_for_backward(tiles, tile_course, mean, scale, weight)
        ctx.kept = kept
        ctx.set_materialize_grads(False)
        if not ctx.needs_input_grad[0]:
            ctx.mark_non_differentiable(total)
        return projected, total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, on_projected: Tensor | None, on_total: Tensor | None) -> tuple[Tensor | None, ...]:
        tiles, tile_course, mean, scale, weight = ctx.saved_tensors
        slopes = _Slopes(tiles, tile_course, weight, ctx.kept, ctx.needs_input_grad[0])
        chunks = _Chunks(tiles, mean, scale)
        for start, stop in chunks.places:
            slopes.add(chunks, start, stop, on_projected, on_total)
        of_bias = None if on_projected is None else on_projected.sum(dim=0, dtype=weight.dtype)
        of_weight = None if on_projected is None else slopes.of_weight
        return slopes.of_tiles, None, None, None, None, of_weight, of_bias


class _Chunks:
    """Chunks of tiles, standardised into one room that each overwrites."""

    def __init__(self, tiles: Tensor, mean: Tensor, scale: Tensor) -> None:
        self.tiles, self.mean, self.inverse = tiles, mean, 1 / scale
        self.shift = -mean / scale
        elements = _CHUNK_ELEMENTS["cpu" if tiles.device.type == "cpu" else "elsewhere"]
        size = max(1, elements // max(1, tiles.shape[1]))
        self.places = [(start, min(start + size, len(tiles))) for start in range(0, len(tiles), size)]
        self.room = mean.new_empty((min(size, len(tiles)), tiles.shape[1]))

    def unclamped(self, start: int, stop: int) -> Tensor:
        """The rounding of half precision is far beyond that of adding the shift last; of other tiles it is not."""
        part, room = self.tiles[start:stop].detach(), self.room[: stop - start]
        if part.dtype in _HALF:
            return torch.addcmul(self.shift, room.copy_(part), self.inverse, out=room)
        return torch.sub(part, self.mean, out=room).mul_(self.inverse)

    def standard(self, start: int, stop: int) -> Tensor:
        return self.unclamped(start, stop).clamp_(-CLIP, CLIP)


class _Slopes:
    """Gradients that chunks add to; of the tiles only where they are asked for."""

    def __init__(
        self, tiles: Tensor, tile_course: Tensor, weight: Tensor, kept: torch.dtype, with_tiles: bool
    ) -> None:
        self.tile_course, self.weight = tile_course, weight.to(kept)
        self.of_weight = torch.zeros_like(weight)
        self.of_tiles = torch.empty_like(tiles) if with_tiles else None

    def add(
        self, chunks: _Chunks, start: int, stop: int, on_projected: Tensor | None, on_total: Tensor | None
    ) -> None:
        given = chunks.unclamped(start, stop)
        is_inside = None if self.of_tiles is None else given.abs() <= CLIP
        standard = given.clamp_(-CLIP, CLIP)
        slope = None if on_projected is None else on_projected[start:stop]
        if slope is not None and slope.dtype == self.of_weight.dtype:
            self.of_weight.addmm_(slope.T, standard)
        elif slope is not None:
            self.of_weight += slope.T @ standard.to(slope.dtype)
        if self.of_tiles is None or is_inside is None:
            return
        on_standard = torch.zeros_like(standard)
        if slope is not None:
            on_standard += slope @ self.weight
        if on_total is not None:
            on_standard += on_total[self.tile_course[start:stop]]
        self.of_tiles[start:stop] = torch.where(is_inside, on_standard * chunks.inverse, 0.0)


def _add_to_courses(total: Tensor, standard: Tensor, owner: Tensor) -> None:
    """A product of ones with the rows of each course; on a GPU one for all, which need not ask where courses end."""
    if owner.device.type != "cpu":
        numbers = torch.arange(len(total), device=owner.device)
        total.addmm_((numbers[:, None] == owner).to(standard.dtype), standard)
        return
    courses, sizes = torch.unique_consecutive(owner, return_counts=True)
    ones = standard.new_ones((1, len(owner)))
    for course, part in zip(courses.tolist(), standard.split(sizes.tolist()), strict=True):
        total[course : course + 1].addmm_(ones[:, : len(part)], part)
