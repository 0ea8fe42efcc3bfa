"""Losses on one score a head; courses without the label do not count."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tumorcast.batches.batch import CourseLabels

_SIZE_SPREAD = 0.4
_NO_RISK = -1e9
"""Log-risk of a course without a label: nothing in the sum over a risk set."""


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
    partial likelihood in the batch, score = log-risk. size: Huber's loss of the log ratio.

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
                case "size":
                    total = total + size_loss(score, labels.size_change)
        return total


def response_loss(logit: Float[Tensor, " b"], response: Float[Tensor, " b"]) -> Tensor:
    """Mean binary cross-entropy over the courses with a label (0 where there is none)."""
    known = ~torch.isnan(response)
    return _mean_cross_entropy(logit, response.nan_to_num(), known)


def cox_loss(risk: Float[Tensor, " b"], time_days: Tensor, is_event: Tensor) -> Tensor:
    """Negative log partial likelihood per event, risk sets within the batch (Cox 1972, Breslow ties)."""
    if len(risk) == 0:
        return risk.sum()
    known = ~torch.isnan(time_days) & ~torch.isnan(is_event)
    risk = torch.where(known, risk, torch.full_like(risk, _NO_RISK))
    time = torch.where(known, time_days, torch.full_like(time_days, -torch.inf))
    event = torch.where(known, is_event, torch.zeros_like(is_event)).to(risk)
    latest_first = torch.argsort(time, descending=True, stable=True)
    running = torch.logcumsumexp(risk[latest_first], dim=0)
    at_risk = len(time) - torch.searchsorted(time.sort().values, time)
    return ((running[at_risk - 1] - risk) * event).sum() / event.sum().clamp(min=1)


def size_loss(log_ratio: Float[Tensor, " b"], size_change: Float[Tensor, " b"]) -> Tensor:
    """Mean Huber loss (1964) in units of 0.4, the usual spread of log ratios, over the courses with a scan: squares
    within one unit, linear beyond, so that a tumour that vanished does not outweigh the others."""
    known = ~torch.isnan(size_change)
    left = (log_ratio - size_change.nan_to_num().to(log_ratio)) / _SIZE_SPREAD
    each = nn.functional.huber_loss(left, torch.zeros_like(left), reduction="none")
    return torch.where(known, each, torch.zeros_like(each)).sum() / known.sum().clamp(min=1)


def ordinal_loss(logits: Float[Tensor, "b k"], level: Float[Tensor, " b"]) -> Tensor:
    """Mean binary cross-entropy of exceeding each level, over the courses with a label."""
    known = ~torch.isnan(level)
    above = level[:, None] > torch.arange(logits.shape[1], device=level.device)
    return _mean_cross_entropy(logits, above, known[:, None].expand_as(above))


def _mean_cross_entropy(logit: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """The mean where `known`; without indexing by it, so that a GPU is not waited for."""
    each = nn.functional.binary_cross_entropy_with_logits(logit, target.to(logit), reduction="none")
    return torch.where(known, each, torch.zeros_like(each)).sum() / known.sum().clamp(min=1)
