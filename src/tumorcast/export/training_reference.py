"""What the training patients look like, so that the lab can tell who is unlike them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

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
    """How each number of a case is spread over the training patients; distances over those whom the reference had not
    seen."""
    made = Spreads.of(summary_table(prepared, reference, courses))
    modalities = {} if reference is None else reference.modalities
    held_out = {
        f"{name}: distance": pd.Series(modality.held_out, dtype=float)
        for name, modality in modalities.items()
    }
    return Spreads.of(pd.DataFrame(held_out)).joined(
        Spreads({name: spread for name, spread in made.spreads.items() if name not in held_out})
    )
