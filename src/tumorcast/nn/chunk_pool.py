"""The slide encoders of an ensemble over some of a course's tiles: sums that can be joined afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tumorcast.domain.errors import InputError
from tumorcast.nn.slide_encoder import SlideEncoder
from tumorcast.nn.tile_projection import CLIP


class ChunkPool(nn.Module):
    """What `SlideEncoder`s make of some of a course's tiles (E encoders, K queries, W channels).

    The softmax over the tiles is left open: with the highest logit of a chunk, the sum of the exponentials below it and
    the sum of the values weighted by them, chunks are joined afterwards (Milakov and Gimelshein 2018, arXiv:1805.02867;
    `serve.tile_sums`). The encoders' layers stand side by side in one product a layer.

    Shapes: tiles [c, dim], c >= 1 -> logits [c, E * K], peak [E, K], weight [E, K], content [E, K, W], total [dim]
    (the sum of the standardised tiles).

    Raises:
        InputError: the encoders standardise the tiles differently, or are of different sizes.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, encoders: Sequence[SlideEncoder]) -> None:
        super().__init__()
        first = encoders[0]
        for other in encoders[1:]:
            if not (torch.equal(other.mean, first.mean) and torch.equal(other.scale, first.scale)):
                raise InputError("the members of the ensemble standardise tiles differently")
        self.register_buffer("mean", first.mean)
        self.register_buffer("scale", first.scale)
        linear = [encoder.project for encoder in encoders]
        norm = [encoder.norm for encoder in encoders]
        self.epsilon = norm[0].eps
        pools = [encoder.pool for encoder in encoders]
        self.project = _frozen(torch.cat([each.weight for each in linear]))
        self.project_bias = _frozen(torch.cat([each.bias for each in linear]))
        self.norm, self.norm_bias = _rows([each.weight for each in norm]), _rows([each.bias for each in norm])
        self.to_content, self.to_content_bias = _layers([pool.content for pool in pools])
        self.to_gate, self.to_gate_bias = _layers([pool.gate for pool in pools])
        self.to_score, self.to_score_bias = _layers([pool.score for pool in pools])

    def forward(self, tiles: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        members, width = self.norm.shape[0], self.norm.shape[2]
        standard = torch.clamp((tiles - self.mean) / self.scale, -CLIP, CLIP)
        hidden = nn.functional.gelu(nn.functional.linear(standard, self.project, self.project_bias))
        apart = hidden.view(-1, members, width).transpose(0, 1)
        values = nn.functional.layer_norm(apart, (width,), eps=self.epsilon) * self.norm + self.norm_bias
        content = torch.tanh(values @ self.to_content + self.to_content_bias)
        gated = content * torch.sigmoid(values @ self.to_gate + self.to_gate_bias)
        logits = gated @ self.to_score + self.to_score_bias
        peak = logits.amax(dim=1)
        weights = torch.exp(logits - peak[:, None])
        pooled = weights.transpose(1, 2) @ values
        return logits.transpose(0, 1).flatten(1), peak, weights.sum(dim=1), pooled, standard.sum(dim=0)


def _frozen(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().clone(), requires_grad=False)


def _rows(vectors: Sequence[Tensor]) -> nn.Parameter:
    """[E, 1, n]."""
    return _frozen(torch.stack(list(vectors))[:, None])


def _layers(layers: Sequence[nn.Linear]) -> tuple[nn.Parameter, nn.Parameter]:
    """Weights [E, in, out] and biases [E, 1, out]."""
    return _frozen(torch.stack([layer.weight.T for layer in layers])), _rows([layer.bias for layer in layers])
