"""Courses without a label change neither the loss nor the gradient of the others."""

from __future__ import annotations

import pytest
import torch

from tumorcast.batches.batch import CourseLabels
from tumorcast.nn.losses import OrdinalThresholds, OutcomeLoss, size_loss

HEADS = ("response", "ordinal", "survival", "size")


def labelled(count: int) -> CourseLabels:
    generator = torch.Generator().manual_seed(count)
    drawn = torch.rand(5, count, generator=generator)
    return CourseLabels(
        (drawn[0] > 0.5).float(),
        (drawn[1] * 4).floor(),
        (drawn[2] * 9).ceil(),
        (drawn[3] > 0.3).float(),
        drawn[4] - 0.5,
    )


def value_and_gradient(scores: torch.Tensor, labels: CourseLabels) -> tuple[torch.Tensor, torch.Tensor]:
    scores = scores.clone().requires_grad_()
    loss = OutcomeLoss(HEADS, OrdinalThresholds(4))(scores, labels)
    return loss.detach(), torch.autograd.grad(loss, scores)[0]


@pytest.mark.parametrize("known", [(0, 1, 2, 3, 4, 5, 6), (8, 9), (3,)])
def test_a_course_without_a_label_does_not_count(known):
    labels = labelled(10)
    scores = 3 * torch.randn(10, 4, generator=torch.Generator().manual_seed(1))
    rows = torch.tensor(known)
    is_unknown = torch.ones(10, dtype=torch.bool).index_fill(0, rows, False)
    hidden = CourseLabels(*(label.masked_fill(is_unknown, torch.nan) for label in labels))
    loss, gradient = value_and_gradient(scores, hidden)
    alone, alone_gradient = value_and_gradient(scores[rows], CourseLabels(*(label[rows] for label in labels)))
    torch.testing.assert_close(loss, alone)
    torch.testing.assert_close(gradient[rows], alone_gradient)
    assert (gradient[is_unknown] == 0).all()


@pytest.mark.parametrize("count", [0, 4])
def test_without_any_label_the_loss_and_its_gradient_are_zero(count):
    nothing = CourseLabels(*(torch.full((count,), torch.nan) for _ in range(5)))
    loss, gradient = value_and_gradient(torch.randn(count, 4), nothing)
    assert loss == 0
    assert (gradient == 0).all()


def test_the_loss_of_size_is_square_near_and_linear_far_so_that_one_lost_tumour_does_not_rule():
    said, truth = torch.tensor([0.2, 2.0]), torch.zeros(2)
    near, far = size_loss(said[:1], truth[:1]), size_loss(said[1:], truth[1:])
    torch.testing.assert_close(near, torch.tensor(0.5 * 0.5**2))
    torch.testing.assert_close(far, torch.tensor(5 - 0.5))
    torch.testing.assert_close(size_loss(said, truth), (near + far) / 2)
