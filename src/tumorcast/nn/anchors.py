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

    def standard(self, features: Tensor) -> Tensor:
        """[B, F] in standard deviations of the training courses from their mean."""
        return (features - self.mean) / self.scale

    def forward(self, features: Tensor) -> Tensor:
        return self.standard(features) @ self.weight


class Interaction(nn.Module):
    """How one modality's part of the scores changes with the classes of drugs that are given.

    change = offset + sum over classes c of (given_c - mean_c) (score w_c + x V_c). Buffers, not parameters, as in
    `LinearScore`. Starts as zero for everyone.

    Shapes: (x [B, F] standardised, score [B, H], given [B, C]) -> [B, H].
    """

    mean: Tensor
    offset: Tensor
    of_score: Tensor
    weight: Tensor

    def __init__(self, features: int, classes: int, heads: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(classes))
        self.register_buffer("offset", torch.zeros(heads))
        self.register_buffer("of_score", torch.zeros(classes, heads))
        self.register_buffer("weight", torch.zeros(features, classes, heads))

    def forward(self, x: Tensor, score: Tensor, given: Tensor) -> Tensor:
        if self.mean.numel() == 0:  # no class was given to anyone in training
            return self.offset.expand_as(score)
        of_features = (x @ self.weight.flatten(1)).view(x.shape[0], *self.of_score.shape)
        of_each = score[:, None, :] * self.of_score + of_features
        return self.offset + ((given - self.mean)[:, :, None] * of_each).sum(dim=1)


class Anchors(nn.Module):
    """Scores of the modalities' summaries and of the treatment, by the regressions of `training.anchors`.

    Shapes: (summaries M x [B, F_m], treatment [B, R], is_present [B, M]) -> [B, M + 1, H], the treatment last;
    zero where the modality is absent. `intercept` [H] is what a course scores of which nothing is known.

    Args:
        classes: columns of the treatment vector that are classes of drugs: what a modality says may change with them.
    """

    intercept: Tensor
    share: Tensor

    def __init__(self, widths: Sequence[int], treatment: int, heads: int, classes: slice = slice(0)) -> None:
        super().__init__()
        self.classes = classes
        count = len(range(*classes.indices(treatment)))
        self.interactions = nn.ModuleList(Interaction(width, count, heads) for width in widths)
        self.scores = nn.ModuleList(LinearScore(width, heads) for width in (*widths, treatment))
        self.register_buffer("share", torch.ones(len(widths) + 1, heads))
        self.register_buffer("intercept", torch.zeros(heads))

    def forward(self, summaries: Sequence[Tensor], treatment: Tensor, is_present: Tensor) -> Tensor:
        columns = []
        given = treatment[:, self.classes]
        for m, summary in enumerate(summaries):
            present = is_present[:, m, None]
            known = torch.where(present, summary, torch.zeros_like(summary))
            linear = self.scores[m]
            assert isinstance(linear, LinearScore)
            score = linear(known)
            score = score * self.share[m] + self.interactions[m](linear.standard(known), score, given)
            columns.append(torch.where(present, score, torch.zeros_like(score)))
        columns.append(self.scores[-1](treatment) * self.share[-1])
        return torch.stack(columns, dim=1)
