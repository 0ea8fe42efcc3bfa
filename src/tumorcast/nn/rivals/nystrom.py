"""Attention over a long sequence through a few landmarks (Xiong et al. 2021, arXiv:2102.03902)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_STEPS = 6
_KERNEL = 33


class NystromAttention(nn.Module):
    """softmax(Q Kl^T) pinv(softmax(Ql Kl^T)) softmax(Ql K^T) V, plus a depthwise convolution of V along the sequence
    (eq. 7 to 14 of the paper); landmarks Ql, Kl are means of consecutive parts. Linear in the sequence.

    Where there are no more tokens than landmarks each token is its own landmark.

    Shapes: tokens [B, L, W] -> [B, L, W], and of the first token the (approximate) weights of all [B, L], mean over
    heads.
    """

    def __init__(self, width: int, heads: int, landmarks: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.landmarks = heads, landmarks
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))
        self.along = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2, groups=width, bias=False)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        batch, length, width = tokens.shape
        split = self.query_key_value(tokens).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = split[0] * (width // self.heads) ** -0.5, split[1], split[2]
        count = min(self.landmarks, length)
        landmark_query, landmark_key = _means(query, count), _means(key, count)
        left = torch.softmax(query @ landmark_key.mT, dim=-1)
        middle = pseudo_inverse(torch.softmax(landmark_query @ landmark_key.mT, dim=-1))
        right = torch.softmax(landmark_query @ key.mT, dim=-1)
        mixed = (left @ (middle @ (right @ value))).transpose(1, 2).reshape(batch, length, width)
        along = self.along(value.mT.reshape(batch, width, length)).mT
        weights = (left[:, :, :1] @ middle @ right)[:, :, 0].mean(dim=1)
        return self.out(mixed + along), weights


def _means(values: Tensor, count: int) -> Tensor:
    """[B, H, L, d] -> [B, H, count, d]: means of consecutive parts of (nearly) the same length."""
    pooled = nn.functional.adaptive_avg_pool1d(values.mT.flatten(0, 1), count)
    return pooled.unflatten(0, values.shape[:2]).mT


def pseudo_inverse(matrix: Tensor) -> Tensor:
    """[..., m, m] the Moore-Penrose inverse by six steps of the iteration of the paper (eq. 11), in float32."""
    with torch.autocast(matrix.device.type, enabled=False):
        return _iterated(matrix.float()).to(matrix.dtype)


def _iterated(matrix: Tensor) -> Tensor:
    rows, columns = matrix.abs().sum(dim=-1), matrix.abs().sum(dim=-2)
    start = rows.amax(dim=-1) * columns.amax(dim=-1)
    inverse = matrix.mT / start[..., None, None]
    one = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    for _ in range(_STEPS):
        product = matrix @ inverse
        inverse = 0.25 * inverse @ (13 * one - product @ (15 * one - product @ (7 * one - product)))
    return inverse
