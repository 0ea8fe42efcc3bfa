"""Fits a predictor's anchors: one penalised regression a modality, by the loss of each head.

Screened ridge: each standardised feature is scaled by the size of its score statistic (the gradient of the
loss at zero weights), then all weights are shrunk by one ridge penalty chosen by cross-validation. Features
that say nothing alone are thereby shrunk most, as by the adaptive lasso (Zou 2006, JASA 101:1418), and the
problem stays smooth. The modalities' scores are added up, each fitted alone, except that known markers of response
are fitted first and the rest to what those leave: they are made of the other layers, whose evidence must not be
counted twice. The sum is recalibrated on scores of courses that the regressions had not seen (stacking, Wolpert 1992,
Neural Networks 5:241).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tumorcast.batches.batch import CourseLabels, inputs_from
from tumorcast.batches.budget import within_budget
from tumorcast.batches.dataset import CourseDataset
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.cohort.splits import inner_folds
from tumorcast.nn.anchors import LinearScore
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.predictor import Predictor
from tumorcast.training.inference import evaluating

_PENALTIES = tuple(float(value) for value in np.geomspace(30.0, 0.01, 9))
_FOLDS, _FEWEST, _STEPS = 5, 10, 30
_TINY, _STEEPEST = 1e-8, 1.5

FIRST = ("response_markers",)
"""Layers of prior knowledge. Others that are made of measured ones (expression scores) are not among them: with those
first, the AUROC in TransNEO fell from 0.81 to 0.78."""

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


@dataclass(frozen=True)
class _Table:
    """One modality's summaries [n, F] of the courses `rows` (positions among all), and who is held out when."""

    features: Tensor
    rows: Tensor
    folds: Tensor


def fit_anchors(
    predictor: Predictor, training: Sequence[CourseArrays], courses: pd.DataFrame, seed: int
) -> Tensor:
    """Fit and set the anchors of a predictor.

    Returns:
        [n, M + 1, H] what the anchors say of each training course when fitted without its patient.
    """
    tables = _tables(predictor, training, _fold_of(training, courses, seed))
    labels = CourseLabels(*CourseDataset(training, courses).labels.double().unbind(1))
    unseen = torch.zeros(len(training), len(tables), len(predictor.heads), dtype=torch.float64)
    for column, head in enumerate(predictor.heads):
        loss = _loss_of(head, predictor, labels)
        ground = torch.zeros(len(training), dtype=torch.float64)
        for place in _first_ones_first(predictor.modalities, len(tables)):
            table = tables[place]
            score = predictor.anchors.scores[place]
            assert isinstance(score, LinearScore)
            fitted, held_out = _fit_one(table, labels, loss, ground[table.rows])
            if fitted is not None:
                score.mean.copy_(fitted.mean)
                score.scale.copy_(fitted.scale)
                score.weight[:, column] = fitted.weight
                unseen[table.rows, place, column] = held_out
                if _is_first(predictor.modalities, place):
                    ground[table.rows] += held_out
        intercept, share = _recalibrate(unseen[:, :, column].sum(dim=1), labels, loss)
        predictor.anchors.intercept[column] = intercept
        predictor.anchors.share[:, column] = share
        unseen[:, :, column] *= share
    return unseen.float()


def _is_first(modalities: Sequence[str], place: int) -> bool:
    return place < len(modalities) and modalities[place] in FIRST


def _first_ones_first(modalities: Sequence[str], count: int) -> list[int]:
    return sorted(range(count), key=lambda place: not _is_first(modalities, place))


def _fold_of(training: Sequence[CourseArrays], courses: pd.DataFrame, seed: int) -> Tensor:
    place = {course.course_id: i for i, course in enumerate(training)}
    fold_of = torch.zeros(len(training), dtype=torch.int64)
    for number, fold in enumerate(inner_folds(courses, list(place), _FOLDS, seed)):
        fold_of[[place[course_id] for course_id in fold.test]] = number
    return fold_of


def _tables(predictor: Predictor, training: Sequence[CourseArrays], fold_of: Tensor) -> list[_Table]:
    """One a modality, the treatment last."""
    found: list[list[Tensor]] = [[] for _ in predictor.modalities]
    with evaluating(predictor):
        for run in within_budget(training):
            part = training[run.start : run.stop]
            inputs = inputs_from(pack(part), tuple(part[0].layers))
            for m, name in enumerate(predictor.modalities):
                found[m].append(predictor.summary(name, inputs).double())
    is_present = torch.from_numpy(np.stack([course.is_present for course in training]))
    tables = []
    for m, parts in enumerate(found):
        rows = torch.nonzero(is_present[:, m]).flatten()
        tables.append(_Table(torch.cat(parts).clone()[rows], rows, fold_of[rows]))
    treatment = torch.from_numpy(np.stack([course.treatment for course in training])).double()
    return [*tables, _Table(treatment, torch.arange(len(training)), fold_of)]


def _loss_of(head: str, predictor: Predictor, labels: CourseLabels) -> Loss:
    """The head's loss; the ordinal thresholds are first fitted to the frequencies of the levels."""
    if head == "ordinal" and predictor.ordinal is not None:
        null = OutcomeLoss((head,), predictor.ordinal)
        nothing = torch.zeros(len(labels.response), 1, dtype=torch.float64)
        _minimise(lambda: null(nothing, labels), list(predictor.ordinal.parameters()))
    thresholds = copy.deepcopy(predictor.ordinal)
    if thresholds is not None:
        thresholds = thresholds.double().requires_grad_(False)
    outcome = OutcomeLoss((head,), thresholds)
    return lambda scores, some: outcome(scores[:, None], some)


def _fit_one(
    table: _Table, labels: CourseLabels, loss: Loss, ground: Tensor
) -> tuple[Regression | None, Tensor]:
    """The regression, on top of scores `ground` [n], with the penalty of least cross-validated loss, and its scores of
    held-out courses."""
    own = CourseLabels(*(x[table.rows] for x in labels))
    nothing = torch.zeros(len(table.rows), dtype=torch.float64)
    if len(table.rows) < _FEWEST:
        return None, nothing
    held_out = torch.zeros(len(_PENALTIES), len(table.rows), dtype=torch.float64)
    intercepts = torch.zeros_like(held_out)
    for fold in table.folds.unique():
        is_held = table.folds == fold
        seen = CourseLabels(*(x[~is_held] for x in own))
        for k, (regression, intercept) in enumerate(
            _path(table.features[~is_held], seen, loss, ground[~is_held])
        ):
            held_out[k, is_held] = regression(table.features[is_held])
            intercepts[k, is_held] = intercept
    losses = [float(loss(scores, own)) for scores in held_out + intercepts + ground]
    best = int(np.argmin(losses))
    return _path(table.features, own, loss, ground)[best][0], held_out[best]


def _path(
    features: Tensor, labels: CourseLabels, loss: Loss, ground: Tensor
) -> list[tuple[Regression, Tensor]]:
    """Regressions and intercepts from the strongest penalty to the weakest, each started from the last."""
    mean, scale = features.mean(dim=0), features.std(dim=0, correction=0)
    scale = torch.where(scale > _TINY, scale, torch.ones_like(scale))
    standard = (features - mean) / scale
    intercept = torch.zeros((), dtype=torch.float64, requires_grad=True)
    weight = torch.zeros(features.shape[1], dtype=torch.float64, requires_grad=True)
    _minimise(lambda: loss(intercept + ground, labels), [intercept])
    (statistic,) = torch.autograd.grad(loss(standard @ weight + intercept + ground, labels), [weight])
    importance = statistic.abs() / statistic.square().mean().sqrt().clamp_min(_TINY)
    screened = standard * importance
    found = []
    for penalty in _PENALTIES:

        def penalised(ridge: float = penalty / 2) -> Tensor:
            return loss(screened @ weight + intercept + ground, labels) + ridge * weight.square().sum()

        _minimise(penalised, [weight, intercept])
        found.append((Regression(mean, scale, weight.detach() * importance), intercept.detach().clone()))
    return found


def _recalibrate(total: Tensor, labels: CourseLabels, loss: Loss) -> tuple[Tensor, Tensor]:
    """Intercept, and the slope (0 to 1.5) of the anchors' sum, on courses that they had not seen."""
    intercept = torch.zeros((), dtype=torch.float64, requires_grad=True)
    slope = torch.ones((), dtype=torch.float64, requires_grad=True)
    _minimise(lambda: loss(intercept + slope * total, labels), [intercept, slope])
    return intercept.detach(), slope.detach().clamp(0.0, _STEEPEST)


def _minimise(value: Callable[[], Tensor], parameters: list[Tensor]) -> None:
    optimiser = torch.optim.LBFGS(
        parameters, max_iter=_STEPS, tolerance_grad=1e-6, tolerance_change=1e-9, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = value()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[arg-type]
