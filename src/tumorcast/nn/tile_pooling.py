"""Projected tiles -> tokens of each course on a CPU: normalised, gated and pooled a cacheful at a time."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

_ELEMENTS = 2**18
"""Channels at a time: they and what is made of them stay in the second-level cache."""
_ops = torch.ops.aten


@torch.compiler.disable
def pool_tiles(
    hidden: Float[Tensor, "t w"], sizes: list[int], epsilon: float, *layers: Tensor
) -> tuple[Float[Tensor, "b k w"], Float[Tensor, "t k"]]:
    """GELU, layer norm, gated attention (`nn.segments.AttentionPooling`) and its weighted sum over each course.

    The same as the plain formula in value and gradient. Gradients are made where their parts still lie in the cache,
    which takes less than half the time on wide tokens; kept are hidden and normalised tokens and the two gates. The
    gradient takes the normalised tokens' place, so that a second backward of the same graph is an error.

    Args:
        sizes: tiles of each course, one after the other.
        layers: weight and bias of the norm, of content, gate and score.
    """
    tokens, attention = _TilePooling.apply(hidden, sizes, epsilon, *layers)
    return tokens, attention


class _TilePooling(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, sizes: list[int], epsilon: float, *layers: Tensor
    ) -> tuple[Tensor, Tensor]:
        norm, norm_bias, content, content_bias, gate, gate_bias, score, score_bias = layers
        count, width = hidden.shape
        values, spread = torch.empty_like(hidden), hidden.new_empty((2, count, 1))
        gates, logits = hidden.new_empty((2, count, len(gate))), hidden.new_empty((count, len(score)))
        for start, stop in _chunks(count, width):
            own, inside = values[start:stop], gates[:, start:stop]
            _ops.native_layer_norm.out(
                _ops.gelu(hidden[start:stop]), [width], norm, norm_bias, epsilon,
                out0=own, out1=spread[0, start:stop], out2=spread[1, start:stop],
            )  # fmt: skip
            torch.addmm(content_bias, own, content.T, out=inside[0]).tanh_()
            torch.addmm(gate_bias, own, gate.T, out=inside[1]).sigmoid_()
            torch.addmm(score_bias, inside[0] * inside[1], score.T, out=logits[start:stop])
        weights = [torch.softmax(part, dim=0) for part in logits.split(sizes)]
        parts = zip(weights, values.split(sizes), strict=True)
        tokens, attention = torch.stack([part.T @ own for part, own in parts]), torch.cat(weights)
        ctx.save_for_backward(hidden, values, spread, gates, attention, tokens, *layers)
        ctx.sizes = sizes
        ctx.set_materialize_grads(False)
        return tokens, attention

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, on_tokens: Tensor | None, on_attention: Tensor | None) -> tuple[Any, ...]:
        hidden, values, spread, gates, attention, tokens, *layers = ctx.saved_tensors
        if on_tokens is None:
            on_tokens = torch.zeros_like(tokens)
        on_logits = _on_logits(on_tokens, on_attention, values, attention, tokens, ctx.sizes)
        owners = torch.repeat_interleave(torch.tensor(ctx.sizes))
        slopes = [torch.zeros_like(layer) for layer in layers]
        for start, stop in _chunks(*hidden.shape):
            at = slice(start, stop)
            on_values = _on_values(on_tokens, attention[at], owners[at])
            _through_gates(on_values, on_logits[at], values[at], gates[:, at], layers[2:], slopes[2:])
            norm, norm_bias = layers[:2]
            through = _ops.native_layer_norm_backward(
                on_values, _ops.gelu(hidden[at]), [hidden.shape[1]], spread[0, at], spread[1, at],
                norm, norm_bias, [True, True, True],
            )  # fmt: skip
            slopes[0] += through[1]
            slopes[1] += through[2]
            _ops.gelu_backward.grad_input(through[0], hidden[at], grad_input=values[at])
        return values, None, None, *slopes


def _chunks(count: int, width: int) -> list[tuple[int, int]]:
    size = max(1, _ELEMENTS // width)
    return [(start, min(start + size, count)) for start in range(0, count, size)]


def _on_logits(
    on_tokens: Tensor, on_attention: Tensor | None, values: Tensor, attention: Tensor, tokens: Tensor,
    sizes: list[int],
) -> Tensor:  # fmt: skip
    """Backward of the softmax and of the sum that it weighs: w (g v - mean of g v under w)."""
    found = torch.empty_like(attention)
    on_weights = [None] * len(sizes) if on_attention is None else on_attention.split(sizes)
    parts = zip(found.split(sizes), values.split(sizes), attention.split(sizes), on_weights, strict=True)
    for course, (out, own, weights, given) in enumerate(parts):
        slope, mean = own @ on_tokens[course].T, (tokens[course] * on_tokens[course]).sum(dim=1)
        if given is not None:
            slope, mean = slope + given, mean + (weights * given).sum(dim=0)
        torch.mul(weights, slope.sub_(mean), out=out)
    return found


def _on_values(on_tokens: Tensor, attention: Tensor, owner: Tensor) -> Tensor:
    """What the weighted sum hands back to the tokens of a chunk: of each course what its tiles weigh."""
    courses, sizes = torch.unique_consecutive(owner, return_counts=True)
    found = attention.new_empty((len(attention), on_tokens.shape[2]))
    lengths = sizes.tolist()
    parts = zip(courses.tolist(), found.split(lengths), attention.split(lengths), strict=True)
    for course, out, weights in parts:
        torch.mm(weights, on_tokens[course], out=out)
    return found


def _through_gates(
    on_values: Tensor, on_logits: Tensor, values: Tensor, gates: Tensor, layers: list[Tensor],
    slopes: list[Tensor],
) -> None:  # fmt: skip
    """Backward of score(tanh(content) sigmoid(gate)): adds to the gradients of the tokens and of the layers."""
    content, _, gate, _, score, _ = layers
    both = gates[0] * gates[1]
    on_both = on_logits @ score
    slopes[4].addmm_(on_logits.T, both)
    slopes[5] += on_logits.sum(dim=0)
    on_content = torch.addcmul(gates[1], gates[0], both, value=-1).mul_(on_both)
    on_gate = both.addcmul_(both, gates[1], value=-1).mul_(on_both)
    for weight, place, slope in ((content, 0, on_content), (gate, 2, on_gate)):
        on_values.addmm_(slope, weight)
        slopes[place].addmm_(slope.T, values)
        slopes[place + 1] += slope.sum(dim=0)
