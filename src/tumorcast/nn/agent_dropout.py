"""Hides which drugs a course has in training, so that their class and targets must carry what is learned."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


def drawn_for_agents(seed: int, epoch: int, courses: int) -> Float[Tensor, " n"]:
    """Uniform numbers of an epoch, one a course: they depend on seed, epoch and course alone."""
    random = np.random.default_rng((seed, epoch, 0, 2))
    return torch.from_numpy(random.random(courses, dtype=np.float32))


def hide_agents(
    agent: Int[Tensor, " d"], course: Int[Tensor, " d"], draw: Float[Tensor, " b"], chance: float
) -> Int[Tensor, " d"]:
    """Numbers of the drugs; 0, a drug not seen in training, for all those of a course that is drawn with `chance`."""
    return torch.where(draw[course] < chance, torch.zeros_like(agent), agent)
