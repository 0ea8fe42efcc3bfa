"""SurvPath style: pathway tokens and tiles attend to each other, tiles not to tiles (Jaume et al. 2024, CVPR)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.predictor import PredictorOutput
from tumorcast.nn.rivals.answer import Answer, answered
from tumorcast.nn.rivals.bags import Bags, TileProjection
from tumorcast.nn.rivals.groups import GroupTokens
from tumorcast.nn.segments import segment_sum

WIDTH = 256


class MemoryEfficientAttention(nn.Module):
    """One softmax for each token over what it may see: pathways see pathways and tiles, tiles see pathways
    (the attention matrix of Jaume 2024 without its tile-tile block). One head of half the width.

    Shapes: (groups [B, G, W], is_real [B, G], bags of width W) -> groups [B, G, W / 2], tiles [t, W / 2], weight of
    each tile, mean over the groups [t].
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = width // 2
        self.norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * self.inner, bias=False)

    def forward(self, groups: Tensor, is_real: Tensor, bags: Bags) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = self.query_key_value(self.norm(groups)).chunk(3, dim=2)
        of_tiles = bags.by_course(self.query_key_value(self.norm(bags.rows)))
        scale, hidden = self.inner**-0.5, ~is_real
        share = is_real / is_real.sum(dim=1, keepdim=True)
        groups_out, tiles_out, weights = [], [], []
        for b, own in enumerate(of_tiles):
            tile_query, tile_key, tile_value = own.chunk(3, dim=1)
            among = (query[b] * scale @ key[b].T).masked_fill(hidden[b], -torch.inf)
            seen = torch.softmax(torch.cat([among, query[b] * scale @ tile_key.T], dim=1), dim=1)
            groups_out.append(seen @ torch.cat([value[b], tile_value]))
            back = (tile_query * scale @ key[b].T).masked_fill(hidden[b], -torch.inf)
            tiles_out.append(torch.softmax(back, dim=1) @ value[b])
            weights.append(share[b].to(seen.dtype) @ seen[:, len(among) :])
        return torch.stack(groups_out), torch.cat(tiles_out), torch.cat(weights)


class SurvPath(CourseNet):
    """The attention above, a feed-forward layer, the means of both kinds of tokens, a read-out of two layers.

    Not as published: pathways are our gene sets and pathways of altered genes, other layers and the treatment are
    tokens beside them, hidden modalities are masked, tiles are standardised, and the heads are ours (Cox instead of
    discrete hazards).
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        heads: tuple[str, ...],
        tiles: TileProjection,
        groups: GroupTokens,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities, heads)
        self.tiles, self.groups = tiles, groups
        self.attend = MemoryEfficientAttention(width)
        inner = self.attend.inner
        self.mix = nn.Sequential(
            nn.LayerNorm(inner), nn.Linear(inner, inner), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(inner, inner), nn.LayerNorm(inner),
        )  # fmt: skip
        self.answer = Answer(2 * inner, len(modalities), (max(width // 4, 1),), len(heads), dropout)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        bags = self.tiles(inputs)
        groups, is_real = self.groups(inputs)
        groups, tiles, weights = self.attend(groups, is_real, bags)
        real = is_real[:, :, None].to(groups.dtype)
        of_groups = (self.mix(groups) * real).sum(dim=1) / real.sum(dim=1)
        sizes = torch.tensor(bags.sizes, device=tiles.device).clamp_min(1)[:, None]
        of_tiles = segment_sum(self.mix(tiles), bags.course, len(bags.sizes)) / sizes
        scores = self.answer(torch.cat([of_groups, of_tiles], dim=1), inputs.is_present)
        return answered(self, scores, inputs, bags.attention(weights))
