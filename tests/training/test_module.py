"""A step of training: every parameter has a gradient, what is hidden counts in no loss, a diverged loss is seen."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from toy_courses import MODALITIES, toy_course, toy_labels, toy_preprocessor
from tumorcast.batches.dataset import CourseDataset
from tumorcast.config.models import ModelConfig, TrainingConfig
from tumorcast.nn.build import build_net
from tumorcast.nn.predictor import Ensemble
from tumorcast.training import module as module_file
from tumorcast.training.inference import predict, predict_with
from tumorcast.training.module import CourseModule

NETWORKS = [ModelConfig(width=16, graph=graph) for graph in ("gine", "gatv2", "hetero", "bag")]
NETWORKS += [
    ModelConfig(kind=kind, rival_width=16)
    for kind in ("abmil", "clam", "transmil", "mcat", "survpath", "concat")
]


def stepped(model: ModelConfig, present: tuple[str, ...] = MODALITIES, is_known: bool = True):
    """The module and its loss on four courses."""
    torch.manual_seed(0)
    courses = [toy_course(n, n_tiles=6 if "slide" in present else 0, present=present) for n in range(4)]
    labels = toy_labels(courses)
    if not is_known:
        labels[["response", "ordinal", "time_days", "is_event"]] = float("nan")
    dataset = CourseDataset(courses, labels)
    module = CourseModule(build_net(model, toy_preprocessor()), TrainingConfig(), 1.0, 0, None, len(courses))
    module._trainer = SimpleNamespace(strategy=None, current_epoch=0)
    return module, module.training_step(dataset.collate([dataset[i] for i in range(4)]), 0)


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: f"{model.kind}-{model.graph}")
@pytest.mark.parametrize(("present", "is_known"), [(MODALITIES[1:], True), (MODALITIES, False)])
def test_every_parameter_has_a_gradient(model, present, is_known):
    module, loss = stepped(model, present, is_known)
    loss.backward()
    assert [name for name, value in module.predictor.named_parameters() if value.grad is None] == []


def test_parameters_that_are_not_numbers_leave_the_loss_alone():
    broken = torch.full((2,), torch.nan, requires_grad=True)
    loss = module_file._Reaching.apply(torch.ones((), requires_grad=True), broken)
    loss.backward()
    assert (loss.item(), broken.grad.tolist()) == (1.0, [0.0, 0.0])


def test_a_hidden_modality_is_not_taught(monkeypatch):
    def without_slide(is_present, *_):
        return is_present & torch.tensor([name != "slide" for name in MODALITIES])

    monkeypatch.setattr(module_file, "hide_some", without_slide)
    module, loss = stepped(ModelConfig(width=16))
    loss.backward()
    slopes = [float(layer[1].bias.grad.abs().sum()) for layer in module.predictor.read_out]
    assert slopes[0] == 0
    assert min(slopes[1:]) > 0


def test_a_diverged_loss_of_the_network_is_not_dropped(monkeypatch):
    network = type(build_net(ModelConfig(kind="clam", rival_width=16), toy_preprocessor()))
    values = torch.tensor([[1.0], [torch.nan], [torch.inf], [2.0]])
    monkeypatch.setattr(network, "own_losses", lambda *_: values)
    assert float(stepped(ModelConfig(kind="clam", rival_width=16))[1]) == torch.inf
    values[2] = torch.nan
    assert torch.isfinite(stepped(ModelConfig(kind="clam", rival_width=16))[1])


def test_prediction_leaves_each_part_in_its_mode():
    one, other = (build_net(ModelConfig(width=16, dropout=0.5), toy_preprocessor()) for _ in range(2))
    ensemble = Ensemble([one.train(), other.eval()])
    first, again = (predict(ensemble, [toy_course(0)], "response") for _ in range(2))
    assert first == again
    assert (one.fusion.training, other.fusion.training) == (True, False)


@pytest.mark.parametrize("kind", ["tumorcast", "abmil"])
def test_every_subset_at_once_is_every_subset_alone(kind):
    courses = [toy_course(0), toy_course(1, n_tiles=0, present=MODALITIES[1:]), toy_course(2, n_tiles=3)]
    ensemble = Ensemble([build_net(ModelConfig(kind=kind), toy_preprocessor()) for _ in range(2)])
    masks = [np.array(mask) for mask in itertools.product([False, True], repeat=len(MODALITIES))]
    for mask, found in zip(masks, predict_with(ensemble, courses, masks, "response"), strict=True):
        alone = [replace(course, is_present=course.is_present & mask) for course in courses]
        np.testing.assert_allclose(found, predict(ensemble, alone, "response"), rtol=0, atol=1e-6)


def test_anchors_look_at_the_summary_alone_of_a_slide():
    courses = [toy_course(0), toy_course(1, n_tiles=0), toy_course(2, n_tiles=30)]
    inputs = (
        CourseDataset(courses, toy_labels(courses)).collate([(c, i) for i, c in enumerate(courses)]).inputs
    )
    net = build_net(ModelConfig(), toy_preprocessor())
    for name in MODALITIES:
        assert torch.equal(net.summary(name, inputs), net.encode(name, inputs).summary)
