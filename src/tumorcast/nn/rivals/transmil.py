"""TransMIL style: a transformer over the tiles of a slide, of linear attention (Shao et al. 2021, arXiv:2106.00908)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.predictor import PredictorOutput
from tumorcast.nn.rivals.answer import Answer, answered
from tumorcast.nn.rivals.bags import TileProjection
from tumorcast.nn.rivals.nystrom import NystromAttention

WIDTH = 512
_HEADS = 8
_LEAST = 1e-9


class PositionConvolutions(nn.Module):
    """Tiles laid out as a square, row by row, plus three depthwise convolutions of it (PPEG, fig. 3 of the paper).

    Shapes: tiles [B, s * s, W] -> [B, s * s, W].
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(width, width, size, padding=size // 2, groups=width) for size in (7, 5, 3)
        )

    def forward(self, tiles: Tensor) -> Tensor:
        batch, count, width = tiles.shape
        side = math.isqrt(count)
        square = tiles.mT.reshape(batch, width, side, side)
        square = square + torch.stack([convolve(square) for convolve in self.convolutions]).sum(dim=0)
        return square.flatten(2).mT


class TransMil(CourseNet):
    """Class token and tiles -> attention -> positions -> attention -> the class token is read out.

    A bag is filled up to a square with its first tiles, as in the paper; courses whose squares have the same side are
    passed together, so that none is padded to the length of another. As in the paper the order of the tiles in the file
    stands for their place.

    Not as published: the treatment stands beside the class token, landmarks are means of parts of nearly the same
    length (the sequence is not filled up for them), tiles are standardised.

    Args:
        treatment: width R of the treatment vector.
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        heads: tuple[str, ...],
        tiles: TileProjection,
        treatment: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities, heads)
        self.tiles = tiles
        self.token = nn.Parameter(torch.randn(width))
        parts = next(n for n in (_HEADS, 4, 2, 1) if width % n == 0)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.attend = nn.ModuleList(
            NystromAttention(width, parts, max(width // 2, 1), dropout) for _ in range(2)
        )
        self.places = PositionConvolutions(width)
        self.answer = Answer(width + treatment, len(modalities), (), len(heads), dropout)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        bags = self.tiles(inputs)
        parts = bags.by_course(bags.rows)
        tokens = [self.token * 0] * len(parts)
        weights = [part[:, 0] for part in parts]
        for side, members in _by_side(bags.sizes).items():
            squares = torch.stack([_filled(parts[b], side**2) for b in members])
            found, of_tiles = self._of_squares(squares)
            for row, b in enumerate(members):
                tokens[b] = found[row]
                weights[b] = _folded(of_tiles[row], bags.sizes[b])
        hidden = torch.cat([torch.stack(tokens), inputs.treatment], dim=1)
        scores = self.answer(hidden, inputs.is_present)
        return answered(self, scores, inputs, bags.attention(torch.cat(weights)))

    def _of_squares(self, tiles: Tensor) -> tuple[Tensor, Tensor]:
        """[b, s * s, W] -> class tokens [b, W], attention of each tile [b, s * s]."""
        sequence = torch.cat([self.token.expand(len(tiles), 1, -1), tiles], dim=1)
        sequence = sequence + self.attend[0](self.norms[0](sequence))[0]
        sequence = torch.cat([sequence[:, :1], self.places(sequence[:, 1:])], dim=1)
        added, weights = self.attend[1](self.norms[1](sequence))
        return self.norms[2]((sequence + added)[:, 0]), weights[:, 1:].clamp_min(0) + _LEAST


def _by_side(sizes: list[int]) -> dict[int, list[int]]:
    """Side of the smallest square that holds the tiles -> courses; those without tiles are in none."""
    found: dict[int, list[int]] = {}
    for b, count in enumerate(sizes):
        if count:
            found.setdefault(math.isqrt(count - 1) + 1, []).append(b)
    return found


def _filled(tiles: Tensor, length: int) -> Tensor:
    """[n, W] -> [length, W], the first tiles once more at the end."""
    return torch.cat([tiles, tiles[: length - len(tiles)]])


def _folded(weights: Tensor, count: int) -> Tensor:
    """Weights of a filled bag -> [count], those of the repeated tiles added to the first."""
    again = weights[count:]
    return weights[:count] + torch.cat([again, again.new_zeros(count - len(again))])
