"""Anchors: a planted effect is found where it was planted, noise is shrunk, no course is scored by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from toy_courses import MODALITIES, toy_course, toy_labels, toy_preprocessor
from tumorcast.batches.batch import inputs_from
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.metrics.discrimination import auroc
from tumorcast.nn.build import build_predictor
from tumorcast.training.anchors import fit_anchors

EXPRESSION = MODALITIES.index("expression")


def planted(count: int, shift: float, seed: int = 0):
    """Courses with the response in one gene set, and its opposite as the time to an event."""
    courses = [toy_course(1000 * seed + n) for n in range(count)]
    labels = toy_labels(courses, seed)
    labels["time_days"] = 300.0 * np.exp(labels["response"]) + np.arange(count)
    labels["is_event"] = 1.0
    for i, course in enumerate(courses):
        values = course.layers["expression"].copy()
        values[:5] += shift * (2 * labels["response"].iloc[i] - 1)
        courses[i] = replace(course, layers={**course.layers, "expression": values.astype(np.float32)})
    return courses, labels


def fitted(courses, labels, head: str = "response"):
    torch.manual_seed(0)
    predictor = build_predictor(ModelConfig(width=16, heads=(head,)), toy_preprocessor())
    return predictor, fit_anchors(predictor, courses, labels, seed=0)


def scored(predictor, courses):
    with torch.inference_mode():
        return predictor.eval()(inputs_from(pack(courses), ("expression", "clinical")))


@pytest.mark.parametrize(("head", "sign"), [("response", 1), ("ordinal", 1), ("survival", -1)])
def test_a_planted_effect_is_found_in_its_modality_by_every_head(head, sign):
    courses, labels = planted(80, 0.6)
    labels["ordinal"] = 3 * labels["response"]
    predictor, _ = fitted(courses, labels, head)
    others, truth = planted(80, 0.6, seed=1)
    single = scored(predictor, others).single_scores[:, :, 0].numpy()
    response = truth["response"].to_numpy() == 1
    difference = sign * (single[response].mean(axis=0) - single[~response].mean(axis=0))
    assert difference.argmax() == EXPRESSION
    assert difference[EXPRESSION] > 1.0
    assert np.abs(np.delete(difference, EXPRESSION)).max() < 0.5 * difference[EXPRESSION]


@pytest.mark.heavy
def test_labels_without_a_cause_leave_little():
    spread = []
    for seed in range(3):
        courses, labels = planted(80, 0.0, seed)
        predictor, _ = fitted(courses, labels)
        spread.append(float(scored(predictor, planted(80, 0.0, seed=9)[0]).scores.std()))
    courses, labels = planted(80, 0.6)
    predictor, _ = fitted(courses, labels)
    planted_spread = float(scored(predictor, planted(80, 0.6, seed=9)[0]).scores.std())
    assert np.median(spread) < 0.4 * planted_spread


def test_courses_are_scored_by_regressions_that_have_not_seen_them():
    inside, outside = [], []
    for seed in range(3):
        courses, labels = planted(40, 0.15, seed)
        predictor, unseen = fitted(courses, labels)
        response = labels["response"].to_numpy()
        inside.append(auroc(response, scored(predictor, courses).scores[:, 0].numpy()))
        outside.append(auroc(response, unseen.sum(dim=(1, 2)).numpy()))
    assert np.median(inside) > np.median(outside) + 0.1


def test_an_absent_modality_adds_nothing_and_does_not_enter_the_fit():
    courses, labels = planted(60, 0.6)
    is_present = np.array([name != "expression" for name in MODALITIES])
    noise = [
        replace(c, is_present=is_present, layers={**c.layers, "expression": c.layers["expression"] * np.nan})
        for c in [toy_course(500 + n) for n in range(20)]
    ]
    everyone = toy_labels(courses + noise)
    everyone.loc[labels.index, "response"] = labels["response"]
    predictor, unseen = fitted(courses + noise, everyone)
    assert torch.isfinite(unseen).all()
    assert (unseen[60:, EXPRESSION] == 0).all()
    assert (scored(predictor, noise).single_scores[:, EXPRESSION] == 0).all()


def test_what_known_markers_say_is_not_counted_again(monkeypatch):
    courses, labels = planted(120, 0.6)
    clinical = MODALITIES.index("clinical")
    for i, course in enumerate(courses):
        copied = course.layers["clinical"].copy()
        copied[0] = course.layers["expression"][:5].mean()
        measured = {**course.is_measured, "clinical": np.ones_like(course.is_measured["clinical"])}
        courses[i] = replace(course, layers={**course.layers, "clinical": copied}, is_measured=measured)
    response = labels["response"].to_numpy() == 1

    def gap() -> np.ndarray:
        single = scored(fitted(courses, labels)[0], courses).single_scores[:, :, 0].numpy()
        return single[response].mean(axis=0) - single[~response].mean(axis=0)

    alone = gap()
    monkeypatch.setattr("tumorcast.training.anchors.FIRST", ("expression",))
    beside = gap()
    assert alone[clinical] > 1.0
    assert abs(beside[clinical]) < 0.6 * alone[clinical]
    assert beside[EXPRESSION] > 1.0
