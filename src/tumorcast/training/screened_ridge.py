"""Screened ridge: a penalised regression by the loss of a head, on top of what is known, chosen on held-out courses.

Each standardised feature is scaled by the size of its score statistic (the gradient of the loss at zero weights), then
all weights are shrunk by one ridge penalty chosen by cross-validation. Features that say nothing alone are thereby
shrunk most, as by the adaptive lasso (Zou 2006, JASA 101:1418), and the problem stays smooth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tumorcast.batches.batch import CourseLabels

_PENALTIES = tuple(float(value) for value in np.geomspace(30.0, 0.01, 9))
_FEWEST, _STEPS = 10, 30
_TINY, _STEEPEST = 1e-8, 1.5

Loss = Callable[[Tensor, CourseLabels], Tensor]
"""(scores [n], labels) -> mean loss."""


@dataclass(frozen=True)
class Regression:
    """A fitted screened ridge: score = (x - mean) / scale @ weight."""

    mean: Tensor
    scale: Tensor
    weight: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        return ((features - self.mean) / self.scale) @ self.weight

    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, scale and weight."""
        return self.mean, self.scale, self.weight


@dataclass(frozen=True)
class Table:
    """Features [n, F] of the courses `rows` (positions among all), and who is held out when."""

    features: Tensor
    rows: Tensor
    folds: Tensor


def fit_one(
    table: Table, labels: CourseLabels, loss: Loss, ground: Tensor
) -> tuple[Regression | None, Tensor]:
    """The regression, on top of scores `ground` [n], with the penalty of least cross-validated loss, and its scores of
    held-out courses."""
    own = CourseLabels(*(x[table.rows] for x in labels))
    if len(table.rows) < _FEWEST:
        return None, torch.zeros(len(table.rows), dtype=torch.float64)
    held_out, intercepts, _ = _unseen(table, own, loss, ground)
    losses = [float(loss(scores, own)) for scores in held_out + intercepts + ground]
    best = int(np.argmin(losses))
    return _path(table.features, own, loss, ground)[0][best][0], held_out[best]


def fit_where_it_helps(
    table: Table, labels: CourseLabels, loss: Loss, ground: Tensor
) -> tuple[Regression | None, Tensor]:
    """As `fit_one`; none unless it lowers the held-out loss of `ground` [n] and an intercept, on the mean over folds,
    by more than one standard error. The penalty is that of the greatest gain: no test against chance."""
    own = CourseLabels(*(x[table.rows] for x in labels))
    nothing = torch.zeros(len(table.rows), dtype=torch.float64)
    if len(table.rows) < _FEWEST or table.features.shape[1] == 0:
        return None, nothing
    held_out, intercepts, level = _unseen(table, own, loss, ground)
    gains = []
    for fold in table.folds.unique():
        is_held = table.folds == fold
        seen = CourseLabels(*(x[is_held] for x in own))
        alone = float(loss((ground + level)[is_held], seen))
        said = (held_out + intercepts + ground)[:, is_held]
        gains.append([alone - float(loss(scores, seen)) for scores in said])
    gain = np.array(gains)
    best = int(gain.mean(axis=0).argmax())
    error = gain[:, best].std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
    if not gain[:, best].mean() > error:
        return None, nothing
    return _path(table.features, own, loss, ground)[0][best][0], held_out[best]


def _unseen(table: Table, own: CourseLabels, loss: Loss, ground: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """[penalties, n] scores of held-out courses and the intercepts of the regressions that gave them; [n] intercepts
    where there is no regression."""
    held_out = torch.zeros(len(_PENALTIES), len(table.rows), dtype=torch.float64)
    intercepts, level = torch.zeros_like(held_out), torch.zeros_like(ground)
    for fold in table.folds.unique():
        is_held = table.folds == fold
        seen = CourseLabels(*(x[~is_held] for x in own))
        path, level[is_held] = _path(table.features[~is_held], seen, loss, ground[~is_held])
        for k, (regression, intercept) in enumerate(path):
            held_out[k, is_held] = regression(table.features[is_held])
            intercepts[k, is_held] = intercept
    return held_out, intercepts, level


def _path(
    features: Tensor, labels: CourseLabels, loss: Loss, ground: Tensor
) -> tuple[list[tuple[Regression, Tensor]], Tensor]:
    """Regressions and intercepts from the strongest penalty to the weakest, each started from the last; and the
    intercept without a regression."""
    mean, scale = features.mean(dim=0), features.std(dim=0, correction=0)
    scale = torch.where(scale > _TINY, scale, torch.ones_like(scale))
    standard = (features - mean) / scale
    intercept = torch.zeros((), dtype=torch.float64, requires_grad=True)
    weight = torch.zeros(features.shape[1], dtype=torch.float64, requires_grad=True)
    minimise(lambda: loss(intercept + ground, labels), [intercept])
    level = intercept.detach().clone()
    (statistic,) = torch.autograd.grad(loss(standard @ weight + intercept + ground, labels), [weight])
    importance = statistic.abs() / statistic.square().mean().sqrt().clamp_min(_TINY)
    screened = standard * importance
    found = []
    for penalty in _PENALTIES:

        def penalised(ridge: float = penalty / 2) -> Tensor:
            return loss(screened @ weight + intercept + ground, labels) + ridge * weight.square().sum()

        minimise(penalised, [weight, intercept])
        found.append((Regression(mean, scale, weight.detach() * importance), intercept.detach().clone()))
    return found, level


def recalibrate(
    total: Tensor, labels: CourseLabels, loss: Loss, ground: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Intercept, and the slope (0 to 1.5) of a sum of scores, on courses that they had not seen."""
    fixed = torch.zeros_like(total) if ground is None else ground
    intercept = torch.zeros((), dtype=torch.float64, requires_grad=True)
    slope = torch.ones((), dtype=torch.float64, requires_grad=True)
    minimise(lambda: loss(intercept + slope * total + fixed, labels), [intercept, slope])
    return intercept.detach(), slope.detach().clamp(0.0, _STEEPEST)


def minimise(value: Callable[[], Tensor], parameters: list[Tensor]) -> None:
    """Change the parameters to where `value` is least (L-BFGS)."""
    optimiser = torch.optim.LBFGS(
        parameters, max_iter=_STEPS, tolerance_grad=1e-6, tolerance_change=1e-9, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = value()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[arg-type]
