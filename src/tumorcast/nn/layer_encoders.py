"""Encoders of numeric layers: expression as pathway tokens, everything else as one token."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tumorcast.nn.anchors import Encoded


class PathwayEncoder(nn.Module):
    """Expression -> one token a gene set, and one for all genes together.

    A set's token is made of two scores: the plain mean of its measured genes (a signature score) and a
    learned weighting that starts from that mean. Genes that were not measured count in neither. The summary is
    the plain means.

    Shapes: (values [B, G], is_measured [B, G]) -> tokens [B, P + 1, W], summary [B, P].

    Args:
        membership: [P, G], 1 where the gene belongs to the set.
    """

    membership: Tensor

    def __init__(self, membership: Tensor, width: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("membership", membership.clone())
        sets, genes = membership.shape
        self.summary_width = sets
        self.weight = nn.Parameter(torch.zeros(sets, genes))
        self.direction = nn.Parameter(torch.randn(sets, 2, width) * 0.3)
        self.identity = nn.Parameter(torch.randn(sets, width) * 0.3)
        narrow = nn.Linear(genes, 4, bias=False)
        nn.init.normal_(narrow.weight, std=0.1 / genes**0.5)
        self.overall = nn.Sequential(nn.Dropout(min(2.5 * dropout, 0.5)), narrow, nn.Linear(4, width))

    def forward(self, values: Tensor, is_measured: Tensor) -> Encoded:
        mask = is_measured.to(values.dtype)
        known = torch.where(is_measured, values, torch.zeros_like(values))
        size = (mask @ self.membership.T).clamp_min(1.0)
        plain = (known @ self.membership.T) / size
        weights = self.membership * (1 + self.weight)
        learned = (known @ weights.T) / size
        scores = torch.stack([plain, learned], dim=2)
        tokens = torch.einsum("bpc,pcw->bpw", scores, self.direction) + self.identity
        return Encoded(torch.cat([tokens, self.overall(known)[:, None]], dim=1), plain)


class TabularEncoder(nn.Module):
    """A numeric layer with its mask -> one token; the summary is the same numbers.

    Shapes: (values [B, d], is_measured [B, d]) -> tokens [B, 1, W], summary [B, 2 d].
    """

    def __init__(self, features: int, width: int, dropout: float) -> None:
        super().__init__()
        self.summary_width = 2 * features
        self.net = nn.Sequential(
            nn.Linear(2 * features, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, values: Tensor, is_measured: Tensor) -> Encoded:
        known = torch.where(is_measured, values, torch.zeros_like(values))
        summary = torch.cat([known, is_measured.to(values.dtype)], dim=1)
        return Encoded(self.net(summary)[:, None], summary)
