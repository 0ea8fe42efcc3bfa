"""ABMIL: tiles pooled by gated attention (Ilse, Tomczak, Welling 2018, arXiv:1802.04712, eq. 7 and 9)."""

from __future__ import annotations

import torch
from torch import nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.predictor import PredictorOutput
from tumorcast.nn.rivals.answer import Answer, answered
from tumorcast.nn.rivals.bags import TileProjection
from tumorcast.nn.segments import AttentionPooling

WIDTH, HIDDEN = 512, 128


class Abmil(CourseNet):
    """Projected tiles, one gated attention, one linear read-out.

    Not as published: the treatment stands beside the pooled tiles, and a course without a slide is told by its mask.

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
        self.pool = AttentionPooling(width, 1, min(width, HIDDEN))
        self.drop = nn.Dropout(dropout)
        self.answer = Answer(width + treatment, len(modalities), (), len(heads), dropout)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        bags = self.tiles(inputs)
        pooled, weights = self.pool(bags.rows, bags.course, len(bags.sizes))
        hidden = torch.cat([self.drop(pooled[:, 0]), inputs.treatment], dim=1)
        scores = self.answer(hidden, inputs.is_present)
        return answered(self, scores, inputs, bags.attention(weights[:, 0]))
