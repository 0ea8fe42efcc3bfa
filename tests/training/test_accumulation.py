"""Accumulated batches are one larger batch where the loss is a mean over courses; bfloat16 only rounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from toy_courses import toy_course, toy_labels, toy_preprocessor
from tumorcast.batches.batch import CourseBatch
from tumorcast.batches.dataset import CourseDataset
from tumorcast.config.models import ModelConfig
from tumorcast.nn.build import build_predictor
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.predictor import Predictor

COURSES = [toy_course(n, n_tiles=3 * n, n_genes=n) for n in range(8)]


def network(heads: tuple[str, ...]) -> Predictor:
    torch.manual_seed(0)
    made = build_predictor(ModelConfig(heads=heads, dropout=0), toy_preprocessor()).eval()
    with torch.no_grad():  # away from the zeros that some layers start from
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def batch(places: range) -> CourseBatch:
    dataset = CourseDataset(COURSES, toy_labels(COURSES))
    return dataset.collate([dataset[place] for place in places])


def gradients(predictor: Predictor, batches: list[CourseBatch]) -> list[Tensor]:
    """Of the mean loss of batches, as accumulation makes it."""
    outcome = OutcomeLoss(predictor.heads, predictor.ordinal)
    predictor.zero_grad()
    for each in batches:
        output = predictor(each.inputs)
        loss = outcome(output.scores, each.labels) + outcome(output.read_outs[:, 0], each.labels)
        (loss / len(batches)).backward()
    return [p.grad for p in predictor.parameters() if p.grad is not None]


@pytest.mark.parametrize("parts", [2, 4])
def test_accumulated_batches_are_one_larger_batch(parts):
    predictor = network(("response", "ordinal"))
    size = len(COURSES) // parts
    pieces = [batch(range(start, start + size)) for start in range(0, len(COURSES), size)]
    torch.testing.assert_close(
        gradients(predictor, pieces), gradients(predictor, [batch(range(8))]), atol=1e-6, rtol=1e-4
    )


def test_risk_sets_of_the_partial_likelihood_are_those_of_each_batch():
    """Cox's loss is no mean over courses: accumulation is no larger batch there, as docs/performance.md says."""
    predictor = network(("survival",))
    whole = gradients(predictor, [batch(range(8))])
    parts = gradients(predictor, [batch(range(4)), batch(range(4, 8))])
    assert max(float((a - b).abs().max()) for a, b in zip(whole, parts, strict=True)) > 1e-3


def test_bfloat16_changes_scores_and_gradients_by_its_rounding_alone():
    predictor = network(("response", "ordinal", "survival"))
    given = batch(range(8))
    plain = predictor(given.inputs).scores
    with torch.autocast("cpu", torch.bfloat16):
        mixed = predictor(given.inputs)
        halves = gradients(predictor, [given])
    spread = float(plain.std())
    np.testing.assert_allclose(mixed.scores.float().detach(), plain.detach(), atol=0.1 * spread)
    assert all(torch.isfinite(part).all() for part in halves)
    for ours, theirs in zip(halves, gradients(predictor, [given]), strict=True):
        assert ours.dtype == torch.float32
        if float(theirs.norm()) > 1e-3:
            assert float(torch.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0)) > 0.97
