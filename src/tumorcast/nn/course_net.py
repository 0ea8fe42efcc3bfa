"""What the trainer trains: any network that turns packed courses into scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs, CourseLabels
from tumorcast.nn.losses import OrdinalThresholds

if TYPE_CHECKING:
    from tumorcast.nn.predictor import PredictorOutput


ORDINAL_LEVELS = 4
"""PD, SD, PR, CR; or RCB-III to pCR."""


class CourseNet(nn.Module):
    """A module whose `forward` takes `CourseInputs` and gives `PredictorOutput`.

    Attributes:
        modalities: order of `is_present`.
        heads: names of the scores.
        ordinal: the thresholds of the head `ordinal`; None without it.
        modality_dropout: chance that training hides a present modality (`nn.modality_dropout`).
        agent_dropout: chance that training hides which drugs a course has (`nn.agent_dropout`).
    """

    modality_dropout: float = 0.0
    agent_dropout: float = 0.0

    def __init__(self, modalities: tuple[str, ...], heads: tuple[str, ...]) -> None:
        super().__init__()
        self.modalities, self.heads = modalities, heads
        self.ordinal = OrdinalThresholds(ORDINAL_LEVELS) if "ordinal" in heads else None

    def ordinal_logits(self, scores: Tensor) -> Tensor:
        """[B, H] scores -> [B, K - 1] of exceeding each level of the ordinal scale; [B, 0] without that head."""
        if self.ordinal is None:
            return scores.new_zeros(scores.shape[0], 0)
        logits: Tensor = self.ordinal(scores[:, self.heads.index("ordinal")])
        return logits

    def own_losses(self, inputs: CourseInputs, output: PredictorOutput, labels: CourseLabels) -> Tensor:
        """[B, k] losses of each course beyond that of its scores; NaN where it has none. k = 0 for most networks."""
        return output.scores.new_zeros(output.scores.shape[0], 0)
