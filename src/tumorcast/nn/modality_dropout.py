"""Hides modalities in training, so that the network learns to answer without them."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor


def drawn(seed: int, epoch: int, courses: int, modalities: int) -> Float[Tensor, "n m"]:
    """Uniform numbers of an epoch, one a course and modality: they depend on seed, epoch and course alone."""
    random = np.random.default_rng((seed, epoch, 0, 1))
    return torch.from_numpy(random.random((courses, modalities), dtype=np.float32))


def hide_some(
    is_present: Bool[Tensor, "b m"], draw: Float[Tensor, "b m"], chance: float
) -> Bool[Tensor, "b m"]:
    """What stays: each present modality is hidden with `chance`; one of a course always stays."""
    if chance == 0 or is_present.shape[1] == 1:
        return is_present
    kept = is_present & (draw >= chance)
    highest = torch.where(is_present, draw, torch.full_like(draw, -1.0)).argmax(dim=1)
    spared = torch.zeros_like(kept).scatter(1, highest[:, None], True) & is_present
    return torch.where(kept.any(dim=1, keepdim=True), kept, spared)
