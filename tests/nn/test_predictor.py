"""The predictor's promises: packing, order and absent content do not matter; a batch can be learned."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from toy_courses import MODALITIES, toy_course, toy_labels, toy_preprocessor
from tumorcast.batches.batch import CourseLabels, inputs_from
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.nn.build import build_predictor
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.modality_dropout import drawn, hide_some
from tumorcast.nn.predictor import Predictor

HEADS = ("response", "ordinal", "survival")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.manual_seed(0)
    made = build_predictor(ModelConfig(heads=HEADS), toy_preprocessor())
    with torch.no_grad():  # away from the zeros that some layers start from
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval()


def score(predictor: Predictor, courses: list) -> np.ndarray:
    with torch.inference_mode():
        return predictor(inputs_from(pack(courses), tuple(courses[0].layers))).scores.numpy()


def test_a_course_alone_scores_as_in_a_batch_of_unequal_bags(predictor):
    courses = [
        toy_course(0),
        toy_course(1, n_tiles=0, n_genes=0, present=("expression",)),
        toy_course(2, n_tiles=1, n_genes=1),
        toy_course(3, n_tiles=300, n_genes=20),
    ]
    together = score(predictor, courses)
    alone = np.concatenate([score(predictor, [course]) for course in courses])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.isfinite(together).all()


def test_order_of_tiles_and_of_altered_genes_does_not_matter(predictor):
    course = toy_course(4, n_tiles=50, n_genes=12)
    random = np.random.default_rng(1)
    order = random.permutation(12)
    place = np.argsort(order)
    graph = replace(
        course.graph,
        node_gene=course.graph.node_gene[order],
        node_features=course.graph.node_features[order],
        edge_index=place[course.graph.edge_index],
    )
    shuffled = replace(course, tiles=course.tiles[random.permutation(50)], graph=graph)
    np.testing.assert_allclose(score(predictor, [course]), score(predictor, [shuffled]), atol=1e-5)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_content_of_absent_modalities_does_not_matter(predictor, size):
    for present in itertools.combinations(MODALITIES, size):
        course = toy_course(5, present=present)
        other = toy_course(6, n_tiles=30, n_genes=8, present=present)
        mixed = replace(
            course,
            tiles=course.tiles if "slide" in present else other.tiles * np.nan,
            graph=course.graph if "mutations" in present else other.graph,
            burden=course.burden if "mutations" in present else other.burden * np.nan,
            layers={k: (v if k in present else other.layers[k] * np.nan) for k, v in course.layers.items()},
        )
        ours, theirs = score(predictor, [course]), score(predictor, [mixed])
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        assert np.isfinite(ours).all()


def test_what_is_present_does_matter(predictor):
    full = score(predictor, [toy_course(7)])
    for name in MODALITIES:
        rest = tuple(other for other in MODALITIES if other != name)
        assert np.abs(full - score(predictor, [toy_course(7, present=rest)])).max() > 1e-4


def test_no_alteration_differs_from_not_sequenced(predictor):
    nothing_found = toy_course(8, n_genes=0)
    nothing_found = replace(nothing_found, burden=np.array([0, 0, 1], np.float32))
    not_sequenced = replace(nothing_found, is_present=np.array([True, False, True, True]))
    assert np.abs(score(predictor, [nothing_found]) - score(predictor, [not_sequenced])).max() > 1e-4


def test_attention_sums_to_one_in_each_course(predictor):
    courses = [toy_course(n, n_tiles=n + 1, n_genes=n + 1) for n in range(4)]
    inputs = inputs_from(pack(courses), tuple(courses[0].layers))
    with torch.inference_mode():
        output = predictor(inputs)
    for index, weights in (
        (inputs.tile_course, output.tile_attention),
        (inputs.node_course, output.gene_attention),
    ):
        sums = torch.zeros(4).index_add(0, index, weights)
        torch.testing.assert_close(sums, torch.ones(4), atol=1e-5, rtol=0)


def test_modality_dropout_hides_some_but_never_all():
    is_present = torch.tensor([[True, False, True, True]]).expand(2000, -1)
    kept = hide_some(is_present, drawn(0, 3, 2000, 4), 0.9)
    assert not (kept & ~is_present).any()
    assert kept.any(dim=1).all()
    assert 0.1 < kept[:, 0].float().mean() < 0.6


def test_what_is_hidden_of_a_course_depends_on_the_epoch_and_the_course_alone():
    numbers = drawn(5, 2, 40, 4)
    torch.testing.assert_close(drawn(5, 2, 60, 4)[:40], numbers, atol=0, rtol=0)
    assert not torch.equal(drawn(5, 3, 40, 4), numbers)


@pytest.mark.parametrize("head", HEADS)
def test_a_batch_can_be_overfitted(head):
    torch.manual_seed(1)
    model = ModelConfig(heads=(head,), dropout=0, modality_dropout=0)
    predictor = build_predictor(model, toy_preprocessor()).train()
    courses = [toy_course(n, n_tiles=5 + n) for n in range(12)]
    table = toy_labels(courses)
    columns = ["response", "ordinal", "time_days", "is_event", "size_change"]
    labels = CourseLabels(*torch.from_numpy(table[columns].to_numpy(np.float32)).unbind(1))
    inputs = inputs_from(pack(courses), tuple(courses[0].layers))
    outcome = OutcomeLoss(predictor.heads, predictor.ordinal)
    optimiser = torch.optim.Adam(predictor.parameters(), lr=1e-2)
    first = float(outcome(predictor(inputs).scores, labels))
    for _ in range(150):
        optimiser.zero_grad()
        loss = outcome(predictor(inputs).scores, labels)
        loss.backward()
        optimiser.step()
    assert float(loss) < 0.2 * first


def test_courses_without_a_label_do_not_count():
    scores = torch.randn(5, 3)
    nan = torch.full((5,), torch.nan)
    outcome = OutcomeLoss(("response", "survival"))
    assert float(outcome(scores, CourseLabels(nan, nan, nan, nan, nan))) == 0
    known = CourseLabels(torch.tensor([1.0, torch.nan, 0, torch.nan, 1]), nan, nan, nan, nan)
    changed = scores.clone()
    changed[[1, 3]] += 10
    torch.testing.assert_close(outcome(scores, known), outcome(changed, known))
