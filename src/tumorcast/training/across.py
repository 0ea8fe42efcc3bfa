"""What several processes know together: the whole global batch, on each of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

_SHOWN_WITHIN = 60
"""Seconds after which NFS has asked the server again."""


def world() -> int:
    """Processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


class _Gathered(torch.autograd.Function):
    """[b, c] of each of W processes -> [b * W, c], their rows in turn.

    Every process computes the same loss from it, so the sum of the W gradients that come back is W times the
    own one; data parallelism then takes the mean over the processes, which is the gradient of the loss.
    """

    @staticmethod
    def forward(ctx: Any, mine: Tensor) -> Tensor:
        parts = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, mine)
        return torch.stack(parts, dim=1).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # type: ignore[override]
        count = dist.get_world_size()
        return grad.unflatten(0, (-1, count))[:, dist.get_rank()] * count


def whole(
    scores: Float[Tensor, "b s"], facts: Float[Tensor, "b f"], most: int
) -> tuple[Float[Tensor, "B s"], Float[Tensor, "B f"]]:
    """The rows of all processes, in the order of the global batch; alone, the rows themselves.

    Gradients go back through `scores`. Where shares differ in length, rows of score 0 and facts NaN fill them up.

    Args:
        scores, facts: of this process's share.
        most: rows of the largest share.
    """
    if world() == 1:
        return scores, facts
    lacking = most - len(scores)
    wide = torch.promote_types(scores.dtype, torch.float32)
    filled = torch.nn.functional.pad(scores.to(wide), (0, 0, 0, lacking))
    known = torch.nn.functional.pad(facts.to(wide), (0, 0, 0, lacking), value=torch.nan)
    together = _Gathered.apply(torch.cat([filled, known], dim=1).contiguous())
    return together[:, : scores.shape[1]], together[:, scores.shape[1] :].detach()


def agreed(value: Tensor) -> Tensor:
    """The first process's value, on all of them: for decisions that must not differ by a rounding."""
    if world() > 1:
        dist.broadcast(value, src=0)
    return value


def agreed_on(look: Callable[[], int]) -> int:
    """What the first process sees of a shared file system is what all of them believe; it alone looks."""
    if world() == 1:
        return look()
    return int(agreed(_told(look() if dist.get_rank() == 0 else 0)))


def shown(path: Path) -> Path:
    """The file that another process has written: a network file system may show it to this one a while later."""
    end = time.monotonic() + _SHOWN_WITHIN
    while world() > 1 and path.name not in os.listdir(path.parent) and time.monotonic() < end:
        time.sleep(0.2)
    return path


def any_says(claim: bool) -> bool:
    """Whether one of the processes claims it."""
    told = _told(claim)
    if world() > 1:
        dist.all_reduce(told, dist.ReduceOp.MAX)
    return bool(told)


def _told(number: int) -> Tensor:
    """Where the processes can exchange it."""
    is_on_gpu = world() > 1 and dist.get_backend() == "nccl"
    return torch.tensor(int(number), device="cuda" if is_on_gpu else "cpu")
