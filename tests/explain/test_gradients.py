"""Attributions add up, ignore what is absent, and find the input that moves the score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from toy_bundle import toy_model
from toy_courses import toy_course, toy_preprocessor
from tumorcast.explain.gradients import attribute


def test_attributions_add_up_to_the_change_of_the_score():
    courses = [toy_course(i, n_tiles=5 + 2 * i, n_genes=1 + 2 * i) for i in range(5)]
    for each in attribute(toy_model(), toy_preprocessor(), courses, steps=200):
        total = sum(layer.sum() for layer in each.layers.values())
        total += each.genes.sum() + each.burden.sum() + each.tiles.sum()
        assert total == pytest.approx(each.total, abs=0.02 * max(1, abs(each.total)))


def test_one_value_a_tile_gene_and_feature_and_nothing_for_what_is_absent():
    courses = [
        toy_course(0, n_tiles=4, n_genes=3),
        toy_course(1, n_tiles=6, n_genes=2, present=("clinical",)),
    ]
    one, other = attribute(toy_model(), toy_preprocessor(), courses)
    assert (len(one.tiles), len(one.genes), len(one.layers["expression"])) == (4, 3, 20)
    assert (len(other.tiles), len(other.genes)) == (6, 2)
    assert np.abs(one.tiles).sum() > 0
    assert not other.tiles.any()
    assert not other.genes.any()
    assert not other.layers["expression"].any()
    assert other.layers["clinical"].any()


class OneFeature(nn.Module):
    """score = 3 * third expression value."""

    def forward(self, inputs):
        from tumorcast.nn.predictor import PredictorOutput

        score = 3 * inputs.layers[0][:, 2:3]
        none = score.new_zeros(0)
        return PredictorOutput(score, none, none, none, none, none)


def test_a_linear_score_is_attributed_exactly():
    course = toy_course(5)
    (found,) = attribute(OneFeature(), toy_preprocessor(), [course], steps=3)
    expected = np.zeros(20)
    expected[2] = 3 * course.layers["expression"][2]
    np.testing.assert_allclose(found.layers["expression"], expected, atol=1e-5)
    assert torch.is_grad_enabled()
