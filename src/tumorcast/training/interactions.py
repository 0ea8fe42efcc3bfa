"""How what a modality says changes with the classes of drugs: fitted on top of the anchors, kept where it helps.

Without it every patient would get the same order of regimens from the anchors. Crossed with the classes are
the modality's own score and its heaviest features (an interaction without its main effect is not sought), shrunk by
one screened ridge a modality. It is asked for only where a permutation of the classes tells it from chance
(`training.permuted_classes`), kept only where it lowers the loss of held-out courses by more than its error over the
folds, and the sum is recalibrated on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tumorcast.batches.batch import CourseLabels
from tumorcast.nn.anchors import Anchors, Interaction, LinearScore
from tumorcast.training.permuted_classes import changes_with_class, residuals
from tumorcast.training.screened_ridge import Loss, Regression, Table, fit_where_it_helps, recalibrate

_MOST_FEATURES = 32
_FEWEST_COURSES, _LEAST_SHARE = 20, 0.05


@dataclass(frozen=True)
class _Crossed:
    """What is crossed: `said` [n, 1 + k], the score and features `places` [k], with classes `kinds` [c], `given` [n, c]
    from their mean."""

    places: Tensor
    kinds: Tensor
    said: Tensor
    given: Tensor

    def products(self) -> Tensor:
        """[n, (1 + k) c]."""
        return (self.said[:, :, None] * self.given[:, None, :]).flatten(1)


def fit_interactions(
    anchors: Anchors,
    tables: Sequence[Table],
    alone: Tensor,
    ground: Tensor,
    column: int,
    labels: CourseLabels,
    loss: Loss,
) -> Tensor:
    """Fit and set one head's interactions.

    Args:
        tables: summaries of each modality, and the treatment vector last.
        alone: [n, M + 1] what each modality says alone, by regressions that have not seen the course.
        ground: [n] what the anchors say together, likewise.
        column: of the head.

    Returns:
        [n, M] what is added, by regressions that have not seen the course.
    """
    classes = tables[-1].features[:, anchors.classes]
    kinds, mean = _varying(classes), classes.mean(dim=0)
    residual = residuals(labels, loss, ground)
    changes = torch.zeros(len(ground), len(tables) - 1, dtype=torch.float64)
    found: list[tuple[int, _Crossed, Regression]] = []
    for m, table in enumerate(tables[:-1]):
        score = anchors.scores[m]
        assert isinstance(score, LinearScore)
        crossed = _cross(score, table, alone[table.rows, m], (classes - mean)[table.rows], kinds, column)
        if not changes_with_class(
            residual[table.rows], crossed.said, crossed.given, table.folds, len(tables) - 1
        ):
            continue
        asked = Table(crossed.products(), table.rows, table.folds)
        fitted, unseen = fit_where_it_helps(asked, labels, loss, ground[table.rows])
        if fitted is not None:
            changes[table.rows, m] = unseen
            found.append((m, crossed, fitted))
    if not found:
        return changes
    intercept, slope = recalibrate(changes.sum(dim=1), labels, loss, ground)
    anchors.intercept[column] += intercept
    for m, crossed, fitted in found:
        _set(anchors.interactions[m], crossed, fitted, slope, mean, column)
    return changes * slope


def _varying(classes: Tensor) -> Tensor:
    """[c] columns of classes that enough courses have, and enough have not."""
    count = (classes > 0).sum(dim=0)
    fewest = max(_FEWEST_COURSES, _LEAST_SHARE * len(classes))
    return torch.nonzero((count >= fewest) & (len(classes) - count >= fewest)).flatten()


def _cross(
    score: LinearScore, table: Table, alone: Tensor, classes: Tensor, kinds: Tensor, column: int
) -> _Crossed:
    weight = score.weight[:, column].abs()
    heaviest = torch.argsort(weight, descending=True, stable=True)[:_MOST_FEATURES]
    places = heaviest[weight[heaviest] > 0]
    said = torch.cat([alone[:, None], score.standard(table.features)[:, places]], dim=1)
    return _Crossed(places, kinds, said, classes[:, kinds])


def _set(
    module: torch.nn.Module, crossed: _Crossed, fitted: Regression, slope: Tensor, mean: Tensor, column: int
) -> None:
    assert isinstance(module, Interaction)
    weight = slope * fitted.weight / fitted.scale
    of_each = weight.view(1 + len(crossed.places), len(crossed.kinds)).to(module.weight.dtype)
    module.mean.copy_(mean)
    module.offset[column] = -(fitted.mean * weight).sum()
    module.of_score[crossed.kinds, column] = of_each[0]
    for place, own in zip(crossed.places.tolist(), of_each[1:], strict=True):
        module.weight[place, crossed.kinds, column] = own
