"""Losses on one score a head; courses without the label do not count."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tumorcast.batches.batch import CourseLabels


class OrdinalThresholds(nn.Module):
    """Latent score [B] -> logits [B, K - 1] of exceeding each level; ordered cuts (McCullagh 1980)."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.tensor(-1.0))
        self.steps = nn.Parameter(torch.zeros(levels - 2))

    def forward(self, score: Tensor) -> Tensor:
        rising = torch.cumsum(nn.functional.softplus(self.steps), dim=0)
        cuts = self.first + torch.cat([rising.new_zeros(1), rising])
        return score[:, None] - cuts


class OutcomeLoss:
    """Sum over heads of the loss of its score; courses without the label do not count.

    response: binary cross-entropy of the logit. ordinal: cumulative link over `thresholds`. survival: Cox
    partial likelihood in the batch, score = log-risk.

    Args:
        heads: names in the order of the scores.
        thresholds: the predictor's ordinal thresholds, where it has that head.
    """

    def __init__(self, heads: tuple[str, ...], thresholds: OrdinalThresholds | None = None) -> None:
        self.heads, self.thresholds = heads, thresholds

    def __call__(self, scores: Float[Tensor, "b h"], labels: CourseLabels) -> Tensor:
        total = scores.sum() * 0
        for column, head in enumerate(self.heads):
            score = scores[:, column].to(torch.promote_types(scores.dtype, torch.float32))
            match head:
                case "response":
                    total = total + response_loss(score, labels.response)
                case "ordinal" if self.thresholds is not None:
                    total = total + ordinal_loss(self.thresholds(score), labels.ordinal)
                case "survival":
                    total = total + cox_loss(score, labels.time_days, labels.is_event)
        return total


def response_loss(logit: Float[Tensor, " b"], response: Float[Tensor, " b"]) -> Tensor:
    """Mean binary cross-entropy over the courses with a label (0 where there is none)."""
    known = ~torch.isnan(response)
    if not known.any():
        return logit.sum() * 0
    return nn.functional.binary_cross_entropy_with_logits(logit[known], response[known].to(logit))


def cox_loss(risk: Float[Tensor, " b"], time_days: Tensor, is_event: Tensor) -> Tensor:
    """Negative log partial likelihood per event, risk sets within the batch (Cox 1972, Breslow ties)."""
    known = ~torch.isnan(time_days) & ~torch.isnan(is_event)
    risk, time_days, is_event = risk[known], time_days[known], is_event[known]
    if not (is_event > 0).any():
        return risk.sum() * 0
    latest_first = torch.argsort(time_days, descending=True, stable=True)
    running = torch.logcumsumexp(risk[latest_first], dim=0)
    at_risk = len(time_days) - torch.searchsorted(time_days.sort().values, time_days)
    log_sum = running[at_risk - 1]
    return ((log_sum - risk) * is_event).sum() / is_event.sum()


def ordinal_loss(logits: Float[Tensor, "b k"], level: Float[Tensor, " b"]) -> Tensor:
    """Mean binary cross-entropy of exceeding each level, over the courses with a label."""
    known = ~torch.isnan(level)
    if not known.any():
        return logits.sum() * 0
    above = level[known, None] > torch.arange(logits.shape[1], device=level.device)
    return nn.functional.binary_cross_entropy_with_logits(logits[known], above.to(logits))
