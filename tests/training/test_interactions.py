"""Interactions of modality and treatment: found where planted, left out where there is none or nothing measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from toy_courses import MODALITIES, toy_course, toy_labels, toy_preprocessor
from tumorcast.batches.batch import CourseLabels, inputs_from
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.nn.anchors import Anchors
from tumorcast.nn.build import build_predictor
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.predictor import Predictor
from tumorcast.training.anchors import fit_anchors
from tumorcast.training.interactions import fit_interactions
from tumorcast.training.screened_ridge import Table

EXPRESSION = MODALITIES.index("expression")
CLASS = toy_preprocessor().treatment.class_columns.start


def planted(
    count: int, with_class: float, without: float, seed: int = 0
) -> tuple[list[CourseArrays], pd.DataFrame]:
    """One gene set tells the response: by this much under the class of drugs, and by that much without it."""
    courses = [toy_course(1000 * seed + n) for n in range(count)]
    labels = toy_labels(courses, seed)
    random = np.random.default_rng(seed)
    for i, course in enumerate(courses):
        has = bool(random.random() < 0.5)
        values = course.layers["expression"].copy()
        values[:5] += (with_class if has else without) * (2 * labels["response"].iloc[i] - 1)
        layers = {**course.layers, "expression": values.astype(np.float32)}
        courses[i] = given(replace(course, layers=layers), has)
    return courses, labels


def given(course: CourseArrays, has: bool) -> CourseArrays:
    treatment = np.zeros_like(course.treatment)
    treatment[CLASS] = has
    return replace(course, treatment=treatment)


def fitted(courses: list[CourseArrays], labels: pd.DataFrame) -> tuple[Predictor, torch.Tensor]:
    torch.manual_seed(0)
    predictor = build_predictor(ModelConfig(width=16), toy_preprocessor())
    return predictor.eval(), fit_anchors(predictor, courses, labels, seed=0)


def contrast(predictor: Predictor, courses: list[CourseArrays]) -> np.ndarray:
    """[n] score under the class less without it."""
    scores = []
    for has in (True, False):
        batch = [given(course, has) for course in courses]
        with torch.inference_mode():
            scores.append(predictor(inputs_from(pack(batch), tuple(batch[0].layers))).scores[:, 0].numpy())
    return scores[0] - scores[1]


@pytest.fixture(scope="module")
def found() -> tuple[Predictor, torch.Tensor]:
    return fitted(*planted(200, 0.9, 0.0))


def test_a_planted_interaction_orders_patients_by_what_they_gain(found):
    predictor, unseen = found
    others, labels = planted(60, 0.8, 0.8, seed=3)
    gain, level = contrast(predictor, others), np.array([c.layers["expression"][:5].mean() for c in others])
    assert np.corrcoef(gain, level)[0, 1] > 0.8
    assert gain[labels["response"] == 1].mean() - gain[labels["response"] == 0].mean() > 0.5
    assert unseen.shape == (200, len(MODALITIES) + 1, 1)


def drawn(
    count: int, effect: float, change: float, seed: int, is_confounded: bool = False
) -> list[torch.Tensor]:
    """Features [4, n, 12], class [n], response [n] and true logits without the change [n]; the first says something."""
    random = torch.Generator().manual_seed(seed)
    values = torch.randn(4, count, 12, generator=random, dtype=torch.float64)
    lean = 0.8 * values[0, :, 0] if is_confounded else torch.zeros(count)
    has = (torch.rand(count, generator=random) < torch.sigmoid(lean)).double()
    ground = effect * values[0, :, :4].sum(dim=1) + 0.5 * has - 0.25
    chance = torch.sigmoid(ground + change * (has - 0.5) * values[0, :, :4].sum(dim=1))
    return [values, has, (torch.rand(count, generator=random) < chance).double(), ground]


def kept(count: int, effect: float, change: float, seed: int, is_confounded: bool = False) -> list[int]:
    """Modalities with an interaction, by scores and features that are known to say something, and noise."""
    values, has, response, ground = drawn(count, effect, change, seed, is_confounded)
    rows, folds = torch.arange(count), torch.arange(count) % 5
    tables = [Table(each, rows, folds) for each in (*values, has[:, None])]
    anchors = Anchors([12] * 4, 1, 1, slice(0, 1))
    for score in anchors.scores:
        score.weight[:] = 0.3
    alone = torch.cat([values[:, :, :4].sum(dim=2).T, has[:, None]], dim=1)
    nan = torch.full((count,), torch.nan, dtype=torch.float64)
    labels = CourseLabels(response, nan, nan, nan, nan)
    loss = OutcomeLoss(("response",))
    fit_interactions(anchors, tables, alone, ground, 0, labels, lambda s, some: loss(s[:, None], some))
    return [m for m, each in enumerate(anchors.interactions) if each.of_score.any() or each.weight.any()]


@pytest.mark.parametrize(("effect", "is_confounded"), [(0.0, False), (0.5, False), (0.5, True)])
def test_chance_seldom_makes_an_interaction(effect, is_confounded):
    assert sum(bool(kept(240, effect, 0.0, seed, is_confounded)) for seed in range(30)) <= 2


def test_a_change_is_kept_where_it_is_and_not_asked_for_in_few_courses():
    assert [kept(240, 0.5, 1.6, seed) for seed in range(2)] == [[0], [0]]
    assert kept(199, 0.5, 3.0, 0) == []


@pytest.mark.heavy
@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_an_effect_that_is_the_same_under_every_drug_gives_everyone_the_same_contrast(effect):
    others = planted(40, 0.5, 0.5, seed=99)[0]
    spreads = [contrast(fitted(*planted(240, effect, effect, seed))[0], others).std() for seed in range(20)]
    assert (np.array(spreads) > 1e-4).sum() <= 2


@pytest.mark.parametrize("present", [("slide", "clinical"), ()])
def test_what_is_absent_has_no_interaction(found, present):
    predictor, _ = found
    courses = [toy_course(n, present=present) for n in range(6)]
    np.testing.assert_allclose(np.ptp(contrast(predictor, courses)), 0, atol=1e-5)


def test_where_nobody_was_given_a_class_of_drugs_scores_stand_alone():
    anchors = Anchors([3], treatment=2, heads=1)
    anchors.scores[0].weight.fill_(0.5)
    summary = torch.arange(6.0).view(2, 3)
    said = anchors([summary], torch.zeros(2, 2), torch.ones(2, 1, dtype=torch.bool))
    torch.testing.assert_close(said[:, 0, 0], 0.5 * summary.sum(dim=1))
