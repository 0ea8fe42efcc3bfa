"""Does what a modality says change with the classes of drugs? Asked of courses whose classes are exchanged.

The residuals of the anchors (minus the gradient of the head's loss) are cleared of everything that has the same effect
under every class, and of the classes. What is left is crossed with what the modality says and with each class, and
compared with the same after classes were permuted among courses of one fold. Nothing is fitted, so nothing is chosen by
the courses that judge it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tumorcast.batches.batch import CourseLabels
from tumorcast.training.screened_ridge import Loss

FEWEST_COURSES = 200
"""Courses with a label and the modality, below which nothing is asked."""

LEVEL = 0.01
"""Chance of one found in a head where there is none, over all modalities together."""

_AT_ONCE = 50
_NUMBERS_AT_ONCE = 4_000_000
_TINY = 1e-8


def residuals(labels: CourseLabels, loss: Loss, ground: Tensor) -> Tensor:
    """[n] by how much each course's score `ground` [n] should rise for its label; 0 without one."""
    scores = ground.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(scores, labels), [scores])
    return -gradient.detach()


def changes_with_class(
    residual: Tensor, said: Tensor, classes: Tensor, folds: Tensor, modalities: int
) -> bool:
    """Whether the modality is told to change with a class at `LEVEL` / `modalities` (Bonferroni).

    Stops at the first permutations that settle it (Besag & Clifford 1991, Biometrika 78:301).

    Args:
        residual: [n] of the anchors together.
        said: [n, 1 + k] the modality's score, and its heaviest features.
        classes: [n, c] given or not. folds: [n] classes are permuted within.
        modalities: how many are asked.
    """
    known = residual != 0
    residual, said, classes, folds = residual[known], said[known], classes[known], folds[known]
    if len(residual) < FEWEST_COURSES or not classes.shape[1]:
        return False
    said, classes = _standard(said), _standard(classes)
    same = torch.cat([torch.ones_like(said[:, :1]), said, classes], dim=1)
    left = residual - same @ torch.linalg.lstsq(same, residual[:, None], driver="gelsd").solution[:, 0]
    crossed = left[:, None] * said * _weights(said.shape[1])
    found = _strongest(crossed, classes[None])
    count = math.ceil(4 * modalities / LEVEL) - 1
    allowed = math.floor((count + 1) * LEVEL / modalities) - 1
    generator, exceeding = torch.Generator().manual_seed(0), 0
    at_once = max(1, min(_AT_ONCE, _NUMBERS_AT_ONCE // max(classes.numel(), 1)))
    for start in range(0, count, at_once):
        drawn = torch.rand(min(at_once, count - start), len(folds), generator=generator, dtype=torch.float64)
        exceeding += int((_strongest(crossed, classes[_within(folds, drawn)]) >= found).sum())
        if exceeding > allowed:
            return False
    return True


def _standard(values: Tensor) -> Tensor:
    scale = values.std(dim=0, correction=0)
    return (values - values.mean(dim=0)) / torch.where(scale > _TINY, scale, torch.ones_like(scale))


def _weights(columns: int) -> Tensor:
    """[1 + k] the score counts as much as all features together."""
    weights = torch.ones(columns, dtype=torch.float64)
    weights[0] = max(1, columns - 1) ** 0.5
    return weights


def _strongest(crossed: Tensor, classes: Tensor) -> Tensor:
    """[P] sum of squares under the class where it is greatest; crossed [n, 1 + k], classes [P, n, c]."""
    return torch.einsum("nk,pnc->pkc", crossed, classes).square().sum(dim=1).amax(dim=1)


def _within(folds: Tensor, drawn: Tensor) -> Tensor:
    """[P, n] permutations of the courses of each fold, by numbers `drawn` [P, n] from 0 to 1."""
    home = torch.argsort(folds, stable=True)
    found = torch.empty_like(drawn, dtype=torch.int64)
    found[:, home] = torch.argsort(folds + drawn, dim=1)
    return found
