"""Which treatments the training patients could have received, for the bundle."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tumorcast.biology.treatment_families import treatment_key
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.baseline import baseline_numbers
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.evaluation.causal.overlap import Overlap, fit_overlap


def training_overlap(
    cohort: Cohort, prepared: Preprocessor, courses: Sequence[CourseArrays], seed: int
) -> Overlap | None:
    """Of the training courses; None where there is nothing to compare (`fit_overlap`)."""
    ids = [course.course_id for course in courses]
    table = cohort.courses.loc[ids]
    lines = table["line"].astype(float)
    numbers = pd.DataFrame(
        [baseline_numbers(prepared, course, lines[course.course_id]) for course in courses], index=ids
    )
    given = [treatment_key(classes) for classes in table["agent_classes"]]
    return fit_overlap(numbers, given, table["patient_id"].astype(str).tolist(), seed)
