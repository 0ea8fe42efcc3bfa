"""Maps that shuffled weights give too are recognised."""

from __future__ import annotations

import torch
from torch import nn

from toy_bundle import toy_model
from toy_courses import toy_course, toy_preprocessor
from tumorcast.export.attention_check import shuffled_correlation

HEADS = ("response",)
COURSES = [toy_course(seed, n_tiles=60) for seed in range(4)]


class _OfTheData(nn.Module):
    """The model, with an attention that no weight has a part in."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs):
        out = self.model(inputs)
        attention = torch.softmax(inputs.tiles.norm(dim=1), 0)
        return out._replace(tile_attention=attention)


def test_attention_of_the_data_alone_stays_the_same():
    found = shuffled_correlation(_OfTheData(toy_model(HEADS)), toy_preprocessor(), HEADS, COURSES)
    assert found["tile"] > 0.99


def test_attention_of_the_weights_changes():
    model = toy_model(HEADS)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = shuffled_correlation(model, toy_preprocessor(), HEADS, COURSES)
    assert 0 <= found["tile"] < 0.9
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_courses_without_tiles_say_nothing():
    courses = [toy_course(1, n_tiles=0, n_genes=0, present=("expression",))]
    assert shuffled_correlation(toy_model(HEADS), toy_preprocessor(), HEADS, courses) == {}
