"""What every encoder of a modality promises, run over all of them: tokens out, finite, masked, attributable."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from toy_courses import toy_course, toy_preprocessor
from tumorcast.batches.batch import CourseInputs, inputs_from
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.nn.anchors import Encoded
from tumorcast.nn.build import build_predictor
from tumorcast.nn.predictor import Predictor


@dataclass(frozen=True)
class Case:
    """A modality, the settings that choose its encoder, and the input that carries its measurements."""

    modality: str
    source: str
    model: ModelConfig
    with_sets: bool = True


CASES = {
    "slide": Case("slide", "tiles", ModelConfig()),
    "graph-gine": Case("mutations", "node_features", ModelConfig(graph="gine")),
    "graph-gatv2": Case("mutations", "node_features", ModelConfig(graph="gatv2")),
    "graph-hetero": Case("mutations", "node_features", ModelConfig(graph="hetero")),
    "graph-bag": Case("mutations", "node_features", ModelConfig(graph="bag")),
    "pathways": Case("expression", "layer", ModelConfig()),
    "genes": Case("expression", "layer", ModelConfig(), with_sets=False),
    "table": Case("clinical", "layer", ModelConfig()),
}


@pytest.fixture(params=CASES)
def case(request) -> Case:
    return CASES[request.param]


@pytest.fixture
def predictor(case) -> Predictor:
    torch.manual_seed(0)
    prepared = toy_preprocessor()
    if not case.with_sets:
        prepared = replace(prepared, gene_sets={})
    made = build_predictor(case.model, prepared)
    with torch.no_grad():  # away from the zeros that some layers start from
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval()


def encode(predictor: Predictor, case: Case, courses: list) -> Encoded:
    return predictor.encode(case.modality, inputs_from(pack(courses), tuple(courses[0].layers)))


def test_tokens_and_summary_have_the_promised_shapes(predictor, case):
    found = encode(predictor, case, [toy_course(i, n_genes=i) for i in range(4)])
    assert found.tokens.shape[0] == found.summary.shape[0] == 4
    assert found.tokens.shape[2] == case.model.width
    assert found.summary.shape[1] == predictor.encoders[f"of_{case.modality}"].summary_width
    assert torch.isfinite(found.tokens).all()
    assert torch.isfinite(found.summary).all()


def test_nothing_found_gives_finite_tokens_of_its_own(predictor, case):
    nothing = toy_course(0, n_tiles=0, n_genes=0)
    nothing = replace(nothing, is_measured={k: np.zeros_like(v) for k, v in nothing.is_measured.items()})
    found = encode(predictor, case, [nothing, toy_course(1)])
    assert torch.isfinite(found.tokens).all()
    assert not torch.allclose(found.tokens[0], found.tokens[1])


def test_a_course_is_encoded_alike_alone_and_among_others(predictor, case):
    courses = [toy_course(i, n_tiles=1 + 9 * i, n_genes=2 * i) for i in range(5)]
    together = encode(predictor, case, courses).tokens
    alone = torch.cat([encode(predictor, case, [course]).tokens for course in courses])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_what_was_not_measured_cannot_matter(predictor, case):
    if case.source != "layer":
        pytest.skip("bags and graphs have no unmeasured cells; their absence is tested on the whole network")
    course = toy_course(2)
    hidden = {name: np.arange(len(values)) % 2 == 0 for name, values in course.is_measured.items()}
    dirty = {name: np.where(hidden[name], values, np.nan) for name, values in course.layers.items()}
    clean = {name: np.where(hidden[name], values, 0) for name, values in course.layers.items()}
    one, other = (
        encode(predictor, case, [replace(course, layers=layers, is_measured=hidden)]).tokens
        for layers in ({k: v.astype(np.float32) for k, v in x.items()} for x in (dirty, clean))
    )
    assert torch.isfinite(one).all()
    torch.testing.assert_close(one, other)


def test_what_was_measured_can_be_attributed(predictor, case):
    """The tokens' gradient reaches the measurements: finite, and not zero."""
    course = toy_course(3, n_genes=6)
    inputs = inputs_from(pack([course]), tuple(course.layers))
    inputs, source = _watched(inputs, case, predictor)
    tokens = predictor.encode(case.modality, inputs).tokens
    (slope,) = torch.autograd.grad((tokens * torch.randn_like(tokens)).sum(), [source])
    assert slope.shape == source.shape
    assert torch.isfinite(slope).all()
    assert slope.abs().sum() > 0


def _watched(inputs: CourseInputs, case: Case, predictor: Predictor) -> tuple[CourseInputs, torch.Tensor]:
    if case.source != "layer":
        source = getattr(inputs, case.source).clone().requires_grad_(True)
        return inputs._replace(**{case.source: source}), source
    at = predictor.layer_names.index(case.modality)
    source = inputs.layers[at].clone().requires_grad_(True)
    return inputs._replace(layers=(*inputs.layers[:at], source, *inputs.layers[at + 1 :])), source
