"""MCAT style: gene groups look at tiles, then both are pooled (Chen et al. 2021, ICCV, pp. 4015-4025)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.predictor import PredictorOutput
from tumorcast.nn.rivals.answer import Answer, answered
from tumorcast.nn.rivals.bags import Bags, TileProjection
from tumorcast.nn.rivals.groups import GroupTokens
from tumorcast.nn.segments import AttentionPooling

WIDTH = 256
_LAYERS, _HEADS = 2, 8


class CoAttention(nn.Module):
    """Genomic-guided co-attention: softmax(Wq G (Wk H)^T / sqrt(d)) Wv H over the tiles of each course.

    Shapes: (groups [B, G, W], is_real [B, G], bags) -> attended [B, G, W], mean weight of each tile [t]. A course
    without tiles is attended to as zero.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, groups: Tensor, is_real: Tensor, bags: Bags) -> tuple[Tensor, Tensor]:
        queries = self.query(groups) / groups.shape[2] ** 0.5
        keys, values = bags.by_course(self.key(bags.rows)), bags.by_course(self.value(bags.rows))
        share = is_real / is_real.sum(dim=1, keepdim=True)
        attended, weights = [], []
        for b, (key, value) in enumerate(zip(keys, values, strict=True)):
            own = torch.softmax(queries[b] @ key.T, dim=1)
            attended.append(own @ value)
            weights.append(share[b].to(own.dtype) @ own)
        return self.out(torch.stack(attended)), torch.cat(weights)


class SetTransformer(nn.Module):
    """Transformer layers over the tokens of a course, then gated attention pooling. Shapes: [B, G, W] -> [B, W]."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        heads = next(n for n in (_HEADS, 4, 2, 1) if width % n == 0)
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.pool = AttentionPooling(width, 1, width)
        self.rho = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, tokens: Tensor, is_real: Tensor) -> Tensor:
        mixed = self.layers(tokens, src_key_padding_mask=~is_real)
        course = torch.nonzero(is_real)[:, 0]
        pooled, _ = self.pool(mixed[is_real], course, len(tokens))
        return cast(Tensor, self.rho(pooled[:, 0]))


class Mcat(CourseNet):
    """Co-attention of group tokens over tiles, a transformer and gated pooling for both, read out together.

    Not as published: groups are our pathways and gene sets, other layers and the treatment are tokens beside them,
    hidden modalities are masked, tiles are standardised, and the heads are ours (Cox instead of discrete hazards).
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
        self.look = CoAttention(width)
        self.of_tiles, self.of_groups = SetTransformer(width, dropout), SetTransformer(width, dropout)
        self.answer = Answer(2 * width, len(modalities), (width, width), len(heads), dropout)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        bags = self.tiles(inputs)
        groups, is_real = self.groups(inputs)
        attended, weights = self.look(groups, is_real, bags)
        seen = self.of_tiles(attended, is_real)
        seen = torch.where(bags.has_tiles[:, None], seen, torch.zeros_like(seen))
        hidden = torch.cat([seen, self.of_groups(groups, is_real)], dim=1)
        scores = self.answer(hidden, inputs.is_present)
        return answered(self, scores, inputs, bags.attention(weights))
