"""Fits a predictor's anchors: one penalised regression a modality, by the loss of each head.

The modalities' scores are added up, each fitted alone (`training.screened_ridge`), except that known markers of
response are fitted first and the rest to what those leave: they are made of the other layers, whose evidence must not
be counted twice. The treatment comes last, to what all others leave: who is given what depends on them, and what they
explain is not the treatment's. Of it, classes and line are fitted first, and names of drugs to what those leave, where
they help: a drug that training has not seen has the effect of its class, not half of it. The sum is recalibrated on
scores of courses that the regressions had not seen (stacking, Wolpert 1992, Neural Networks 5:241). How a modality's
part changes with the classes of drugs is fitted on top (`training.interactions`), where it is told from chance.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

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
from tumorcast.training.interactions import fit_interactions
from tumorcast.training.screened_ridge import (
    Loss,
    Regression,
    Table,
    fit_one,
    fit_where_it_helps,
    minimise,
    recalibrate,
)

_FOLDS = 5

FIRST = ("response_markers",)
"""Layers of prior knowledge. Others that are made of measured ones (expression scores) are not among them: with those
first, the AUROC in TransNEO fell from 0.81 to 0.78."""


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
            names = (predictor.anchors.classes.start or 0) if place == len(tables) - 1 else 0
            known = ground[table.rows]
            if place == len(tables) - 1:
                known = _told(unseen[:, :, column].sum(dim=1), labels, loss)
            fitted, held_out = _fit_names_last(table, names, labels, loss, known)
            if fitted is not None:
                score.mean.copy_(fitted.mean)
                score.scale.copy_(fitted.scale)
                score.weight[:, column] = fitted.weight
                unseen[table.rows, place, column] = held_out
                if _is_first(predictor.modalities, place):
                    ground[table.rows] += held_out
        intercept, share = recalibrate(unseen[:, :, column].sum(dim=1), labels, loss)
        predictor.anchors.intercept[column] = intercept
        predictor.anchors.share[:, column] = share
        alone = unseen[:, :, column].clone()
        unseen[:, :, column] *= share
        told = intercept + unseen[:, :, column].sum(dim=1)
        changes = fit_interactions(predictor.anchors, tables, alone, told, column, labels, loss)
        unseen[:, :-1, column] += changes
    return unseen.float()


def _told(total: Tensor, labels: CourseLabels, loss: Loss) -> Tensor:
    """[n] what a sum of held-out scores says, recalibrated."""
    intercept, slope = recalibrate(total, labels, loss)
    return intercept + slope * total


def _fit_names_last(
    table: Table, names: int, labels: CourseLabels, loss: Loss, ground: Tensor
) -> tuple[Regression | None, Tensor]:
    """As `fit_one`, of a table whose first `names` columns explain only what the others leave, where they help."""
    others = Table(table.features[:, names:], table.rows, table.folds)
    fitted, unseen = fit_one(others, labels, loss, ground)
    if names == 0 or fitted is None:
        return fitted, unseen
    alone = Table(table.features[:, :names], table.rows, table.folds)
    of_names, more = fit_where_it_helps(alone, labels, loss, ground + unseen)
    if of_names is None:
        nothing = torch.zeros(names, dtype=torch.float64)
        of_names = Regression(nothing, torch.ones_like(nothing), nothing)
    pairs = zip(of_names.parts(), fitted.parts(), strict=True)
    return Regression(*(torch.cat(pair) for pair in pairs)), unseen + more


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


def _tables(predictor: Predictor, training: Sequence[CourseArrays], fold_of: Tensor) -> list[Table]:
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
        tables.append(Table(torch.cat(parts).clone()[rows], rows, fold_of[rows]))
    treatment = torch.from_numpy(np.stack([course.treatment for course in training])).double()
    return [*tables, Table(treatment, torch.arange(len(training)), fold_of)]


def _loss_of(head: str, predictor: Predictor, labels: CourseLabels) -> Loss:
    """The head's loss; the ordinal thresholds are first fitted to the frequencies of the levels."""
    if head == "ordinal" and predictor.ordinal is not None:
        null = OutcomeLoss((head,), predictor.ordinal)
        nothing = torch.zeros(len(labels.response), 1, dtype=torch.float64)
        minimise(lambda: null(nothing, labels), list(predictor.ordinal.parameters()))
    thresholds = copy.deepcopy(predictor.ordinal)
    if thresholds is not None:
        thresholds = thresholds.double().requires_grad_(False)
    outcome = OutcomeLoss((head,), thresholds)
    return lambda scores, some: outcome(scores[:, None], some)
