"""Interactions of modality and treatment: found where planted, left out where there is none or nothing measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from toy_courses import MODALITIES, toy_course, toy_labels, toy_preprocessor
from tumorcast.batches.batch import inputs_from
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.nn.build import build_predictor
from tumorcast.nn.predictor import Predictor
from tumorcast.training.anchors import fit_anchors

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
    return fitted(*planted(100, 0.9, 0.0))


def test_a_planted_interaction_orders_patients_by_what_they_gain(found):
    predictor, unseen = found
    others, labels = planted(60, 0.8, 0.8, seed=3)
    gain, level = contrast(predictor, others), np.array([c.layers["expression"][:5].mean() for c in others])
    assert np.corrcoef(gain, level)[0, 1] > 0.8
    assert gain[labels["response"] == 1].mean() - gain[labels["response"] == 0].mean() > 0.5
    assert unseen.shape == (100, len(MODALITIES) + 1, 1)


@pytest.mark.heavy
def test_an_effect_that_is_the_same_under_every_drug_gives_everyone_the_same_contrast():
    spreads = []
    for seed in range(5):
        predictor, _ = fitted(*planted(100, 0.5, 0.5, seed))
        spreads.append(contrast(predictor, planted(40, 0.5, 0.5, seed=9)[0]).std())
    assert np.median(spreads) < 0.05


@pytest.mark.parametrize("present", [("slide", "clinical"), ()])
def test_what_is_absent_has_no_interaction(found, present):
    predictor, _ = found
    courses = [toy_course(n, present=present) for n in range(6)]
    np.testing.assert_allclose(np.ptp(contrast(predictor, courses)), 0, atol=1e-5)
