"""Anchors: one frozen penalised regression a modality, the ground that the network's correction stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Encoded(NamedTuple):
    """What an encoder makes of B courses.

    tokens: [B, S, W] for the fusion. summary: [B, F] fixed numbers without learned parts, for the anchor.
    attention: [rows, K] weights over tiles or altered genes; None where the encoder has none.
    """

    tokens: Tensor
    summary: Tensor
    attention: Tensor | None = None


class LinearScore(nn.Module):
    """Standardised features -> one score a head. Buffers, not parameters: fitted once, never trained.

    Shapes: [B, F] -> [B, H]; a course at the training mean scores zero. Starts as zero for everyone.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor

    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.register_buffer("weight", torch.zeros(features, heads))

    def forward(self, features: Tensor) -> Tensor:
        return ((features - self.mean) / self.scale) @ self.weight


class Anchors(nn.Module):
    """Scores of the modalities' summaries and of the treatment, by the regressions of `training.anchors`.

    Shapes: (summaries M x [B, F_m], treatment [B, R], is_present [B, M]) -> [B, M + 1, H], the treatment last;
    zero where the modality is absent. `intercept` [H] is what a course scores of which nothing is known.
    """

    intercept: Tensor
    share: Tensor

    def __init__(self, widths: Sequence[int], treatment: int, heads: int) -> None:
        super().__init__()
        self.scores = nn.ModuleList(LinearScore(width, heads) for width in (*widths, treatment))
        self.register_buffer("share", torch.ones(len(widths) + 1, heads))
        self.register_buffer("intercept", torch.zeros(heads))

    def forward(self, summaries: Sequence[Tensor], treatment: Tensor, is_present: Tensor) -> Tensor:
        columns = []
        for m, summary in enumerate(summaries):
            present = is_present[:, m, None]
            known = torch.where(present, summary, torch.zeros_like(summary))
            score = self.scores[m](known)
            columns.append(torch.where(present, score, torch.zeros_like(score)))
        columns.append(self.scores[-1](treatment))
        return torch.stack(columns, dim=1) * self.share
