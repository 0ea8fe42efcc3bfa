"""From a course's last hidden vector to the output that every network gives."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.predictor import PredictorOutput


class Answer(nn.Module):
    """Read-out layers over [hidden vector, which modalities are present].

    Shapes: (hidden [B, W], is_present [B, M]) -> scores [B, H].

    Args:
        widths: of the layers between the hidden vector and the scores, with ReLU and dropout after each.
    """

    def __init__(
        self, width: int, modalities: int, widths: tuple[int, ...], heads: int, dropout: float
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = width + modalities
        for after in widths:
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
            before = after
        self.net = nn.Sequential(*layers, nn.Linear(before, heads))

    def forward(self, hidden: Tensor, is_present: Tensor) -> Tensor:
        scores: Tensor = self.net(torch.cat([hidden, is_present.to(hidden.dtype)], dim=1))
        return scores


def answered(
    net: CourseNet,
    scores: Tensor,
    inputs: CourseInputs,
    tile_attention: Tensor | None = None,
    tile_logits: Tensor | None = None,
) -> PredictorOutput:
    """The output of a network that does not say what each modality adds: `single_scores` are NaN, read-outs none."""
    courses, modalities = inputs.is_present.shape
    none = scores.new_zeros(0)
    return PredictorOutput(
        scores=scores,
        ordinal_logits=net.ordinal_logits(scores),
        single_scores=scores.new_full((courses, modalities, len(net.heads)), torch.nan),
        read_outs=scores.new_zeros(courses, 0, len(net.heads)),
        tile_attention=none if tile_attention is None else tile_attention,
        gene_attention=none,
        tile_logits=none if tile_logits is None else tile_logits,
    )
