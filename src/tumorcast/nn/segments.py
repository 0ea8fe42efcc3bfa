"""Softmax and sums over the segments of a packed batch (no padding, empty segments allowed)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def segment_sum(
    values: Float[Tensor, "t *c"], segment: Int[Tensor, " t"], count: int
) -> Float[Tensor, "b *c"]:
    """Sum of the rows of each segment, added up in float32 or wider; zero for an empty one.

    `scatter_add`, not `index_add`: the latter is exported as ONNX `ScatterND`, which ONNX Runtime runs on
    several threads that overwrite each other's sums where rows share a segment.
    """
    wide = values.to(torch.promote_types(values.dtype, torch.float32))
    index = segment.view(-1, *[1] * (values.dim() - 1)).expand_as(values)
    return wide.new_zeros((count, *values.shape[1:])).scatter_add(0, index, wide).to(values.dtype)


def segment_softmax(
    logits: Float[Tensor, "t k"], segment: Int[Tensor, " t"], count: int
) -> Float[Tensor, "t k"]:
    """Softmax within each segment, column by column, in float32 or wider."""
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    index = segment[:, None].expand(-1, logits.shape[1])
    highest = logits.new_full((count, logits.shape[1]), -1e30)
    highest = highest.scatter_reduce(0, index, logits.detach(), "amax")
    weights = torch.exp(logits - highest[segment])
    return weights / segment_sum(weights, segment, count).clamp_min(1e-12)[segment]


def pool_in_turn(
    logits: Float[Tensor, "t k"], values: Float[Tensor, "t w"], segment: Int[Tensor, " t"], count: int
) -> tuple[Float[Tensor, "b k w"], Float[Tensor, "t k"]]:
    """Softmax and weighted sum of each segment, for segments one after the other (`segment` rises): no [T, K, W].

    One product a segment; on a GPU one product for all, which need not ask how long they are: its memory grows with
    T x B x K (`batches.budget` bounds T and B).
    """
    if values.device.type == "cpu":
        return _pool_each(logits, values, segment, count)
    return _pool_at_once(logits, values, segment, count)


def _pool_each(logits: Tensor, values: Tensor, segment: Tensor, count: int) -> tuple[Tensor, Tensor]:
    sizes = torch.bincount(segment, minlength=count).tolist()
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    weights = [torch.softmax(part, dim=0) for part in wide.split(sizes)]
    parts = zip(weights, values.split(sizes), strict=True)
    return torch.stack([part.to(own.dtype).T @ own for part, own in parts]), torch.cat(weights)


def _pool_at_once(logits: Tensor, values: Tensor, segment: Tensor, count: int) -> tuple[Tensor, Tensor]:
    weights = segment_softmax(logits, segment, count)
    is_in = segment[:, None] == torch.arange(count, device=segment.device)
    spread = torch.where(is_in[:, :, None], weights[:, None, :], 0.0).flatten(1)
    return (spread.to(values.dtype).T @ values).unflatten(0, (count, -1)), weights


class AttentionPooling(nn.Module):
    """Gated attention pooling with K learned queries over packed segments.

    Ilse, Tomczak, Welling 2018 (arXiv:1802.04712), eq. 9, once per query. The last layer starts at zero, so
    training starts from mean pooling. Linear in the number of rows.

    Shapes: (values [T, W], segment [T], count B) -> (pooled [B, K, W], weights [T, K]); an empty segment
    pools to zero.
    """

    def __init__(self, width: int, queries: int, hidden: int) -> None:
        super().__init__()
        self.content = nn.Linear(width, hidden)
        self.gate = nn.Linear(width, hidden)
        self.score = nn.Linear(hidden, queries)
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    @property
    def layers(self) -> tuple[Tensor, ...]:
        """Weight and bias of content, gate and score."""
        return tuple(
            part for layer in (self.content, self.gate, self.score) for part in (layer.weight, layer.bias)
        )

    def logits(self, values: Tensor) -> Tensor:
        """[T, K] before the softmax."""
        scored: Tensor = self.score(torch.tanh(self.content(values)) * torch.sigmoid(self.gate(values)))
        return scored

    def forward(self, values: Tensor, segment: Tensor, count: int) -> tuple[Tensor, Tensor]:
        weights = segment_softmax(self.logits(values), segment, count)
        weighted = weights.to(values.dtype)[:, :, None] * values[:, None, :]
        return segment_sum(weighted, segment, count), weights
