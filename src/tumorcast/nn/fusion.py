"""Fusion of the tokens of all present modalities, conditioned on the treatment."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TreatmentCondition(nn.Module):
    """Feature-wise modulation of tokens by the treatment (FiLM, Perez et al. 2018, arXiv:1709.07871).

    Shapes: (tokens [B, S, W], treatment [B, R]) -> [B, S, W]. Starts as the identity.
    """

    def __init__(self, treatment: int, width: int) -> None:
        super().__init__()
        self.film = nn.Linear(treatment, 2 * width)
        nn.init.normal_(self.film.weight, std=0.01)
        nn.init.zeros_(self.film.bias)

    def forward(self, tokens: Tensor, treatment: Tensor) -> Tensor:
        scale, shift = self.film(treatment).chunk(2, dim=1)
        return tokens * (1 + scale[:, None]) + shift[:, None]


class FusionBlock(nn.Module):
    """A pre-norm transformer block over tokens; masked keys are never attended to.

    Shapes: (tokens [B, S, W], is_real [B, S]) -> [B, S, W]. At least one token a row must be real.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_mix = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mix = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, is_real: Tensor) -> Tensor:
        batch, count, width = tokens.shape
        split = self.query_key_value(self.norm_attention(tokens)).view(batch, count, 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attended = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=is_real[:, None, None, :]
        )
        tokens = tokens + self.dropout(self.out(attended.transpose(1, 2).reshape(batch, count, width)))
        return tokens + self.dropout(self.mix(self.norm_mix(tokens)))


class Fusion(nn.Module):
    """Summary token + modality tokens -> transformer -> [B, W].

    Absent tokens are replaced by zeros before anything is computed and masked after, so that their content
    cannot matter (not even NaN).
    """

    def __init__(self, width: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.summary = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(FusionBlock(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, is_real: Tensor) -> Tensor:
        batch = tokens.shape[0]
        tokens = torch.cat([self.summary.expand(batch, 1, -1), tokens], dim=1)
        is_real = torch.cat([torch.ones_like(is_real[:, :1]), is_real], dim=1)
        for block in self.blocks:
            tokens = block(tokens, is_real)
        return self.norm(tokens[:, 0])
