"""What the training patients look like, so that the lab can tell who is unlike them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.summaries import modality_tables
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.out_of_distribution import Reference, fit_reference
from tumorcast.evaluation.spreads import Spreads, summary_table

_HELD_OUT = 0.4


def training_reference(
    prepared: Preprocessor, courses: Sequence[CourseArrays], seed: int
) -> Reference | None:
    """Distances of each modality, learned on three of five patients and ranked among the others; None, where there are
    too few patients for any."""
    tables = modality_tables(prepared, courses)
    patients = sorted({course.patient_id for course in courses})
    held = set(np.random.default_rng(seed).choice(patients, round(_HELD_OUT * len(patients)), replace=False))
    inside = {name: table[~table.index.isin(held)] for name, table in tables.items()}
    outside = {name: table[table.index.isin(held)] for name, table in tables.items()}
    report: list[Exclusion] = []
    try:
        return fit_reference(inside, outside, report)
    except InputError:
        return None


def training_spreads(
    prepared: Preprocessor, reference: Reference | None, courses: Sequence[CourseArrays]
) -> Spreads:
    """How each number of a case is spread over the training patients; not distances, which the reference itself knows
    of patients whom it had not seen."""
    table = summary_table(prepared, reference, courses)
    known = [] if reference is None else [f"{name}: distance" for name in reference.modalities]
    return Spreads.of(table.drop(columns=known, errors="ignore"))
