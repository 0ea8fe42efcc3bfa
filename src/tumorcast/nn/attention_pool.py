"""From the tokens of a vision transformer to one vector a tile."""

from __future__ import annotations

import torch
from torch import nn


class AttentionPool(nn.Module):
    """One learned query attends to all tokens (the contrastive pooler of CoCa, Yu et al. 2022).

    Args:
        width: of the result.
        token_width: of the tokens.
        heads: of the attention.
        bias: whether its projections have one.
    """

    def __init__(self, width: int, token_width: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, width))
        self.attn = nn.MultiheadAttention(
            width, heads, bias=bias, kdim=token_width, vdim=token_width, batch_first=True
        )
        self.ln_q = nn.LayerNorm(width)
        self.ln_k = nn.LayerNorm(token_width)
        self.ln_out = nn.LayerNorm(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """[b, n, token_width] -> [b, width]."""
        keys = self.ln_k(tokens)
        query = self.ln_q(self.query).expand(tokens.shape[0], 1, -1)
        return self.ln_out(self.attn(query, keys, keys, need_weights=False)[0][:, 0])


class PooledVit(nn.Module):
    """A vision transformer and its pooling; the input is normalised.

    Args:
        vit: gives tokens [b, prefix + patches, width] by `forward_features`, class token first.
        prefix: tokens before the patches: the class token and the registers.
        with_mean: the mean of the patch tokens is put behind the class token (registers are left out).
        pool: replaces both.
    """

    def __init__(
        self, vit: nn.Module, prefix: int, *, with_mean: bool = False, pool: AttentionPool | None = None
    ) -> None:
        super().__init__()
        self.vit, self.prefix, self.with_mean, self.pool = vit, prefix, with_mean, pool

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """float32 [b, 3, h, w] -> [b, dim]."""
        tokens: torch.Tensor = self.vit.forward_features(images)  # type: ignore[operator]
        if self.pool is not None:
            return self.pool(tokens)
        if self.with_mean:
            return torch.cat([tokens[:, 0], tokens[:, self.prefix :].mean(1)], dim=-1)
        return tokens[:, 0]
