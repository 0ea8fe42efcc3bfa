"""Patients unlike those of training are told by modality and feature; ordinary ones are left alone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from toy_courses import toy_course, toy_preprocessor
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.summaries import modality_tables
from tumorcast.evaluation.out_of_distribution import Reference
from tumorcast.export.training_reference import training_reference
from tumorcast.serve.unlike import judge_courses


@pytest.fixture(scope="module")
def reference() -> Reference:
    made = training_reference(toy_preprocessor(), [toy_course(n) for n in range(300)], seed=0)
    assert made is not None
    return Reference.from_json(json.loads(json.dumps(made.to_json())))


def _odd(course: CourseArrays) -> CourseArrays:
    values = course.layers["expression"].copy()
    values[3] += 25.0
    measured = {**course.is_measured, "expression": np.ones_like(course.is_measured["expression"])}
    return replace(course, layers={**course.layers, "expression": values}, is_measured=measured)


def _with_expression(count: int) -> list[CourseArrays]:
    prepared = toy_preprocessor()
    place = prepared.modalities.index("expression")
    return [c for c in (toy_course(n) for n in range(1000, 1000 + 3 * count)) if c.is_present[place]][:count]


def test_ordinary_patients_are_seldom_flagged(reference):
    judged = judge_courses(reference, toy_preprocessor(), [toy_course(n) for n in range(5000, 5200)])
    assert len(judged) > 150
    assert np.mean([one.note != "" for one in judged.values()]) < 0.09


def test_an_odd_gene_is_named(reference):
    prepared = toy_preprocessor()
    name = prepared.layers["expression"].features[3]
    for course in _with_expression(5):
        told = judge_courses(reference, prepared, [_odd(course)])[course.course_id]
        assert "most of all in expression" in told.note
        assert f"{name} +" in told.note


def test_a_course_of_which_nothing_is_known_is_not_judged(reference):
    course = toy_course(1)
    bare = replace(course, is_present=np.zeros_like(course.is_present))
    assert judge_courses(reference, toy_preprocessor(), [bare]) == {}
    assert modality_tables(toy_preprocessor(), [bare]) == {}


def test_few_training_patients_make_no_reference():
    assert training_reference(toy_preprocessor(), [toy_course(n) for n in range(12)], seed=0) is None
