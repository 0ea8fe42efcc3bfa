"""Adjusted outcomes of kinds of treatment among the training patients, by cancer type, for the bundle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from tumorcast.biology.treatment_families import UNKNOWN as NO_TREATMENT
from tumorcast.biology.treatment_families import treatment_key
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.baseline import baseline_numbers
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import RunConfig
from tumorcast.evaluation.causal.effects import Effects, OutcomeEffects
from tumorcast.evaluation.causal.fit_effects import response_effects, time_effects
from tumorcast.readers.lesion_units import DAYS_PER_MONTH

_UNKNOWN = "unknown"


def training_effects(
    cohort: Cohort, prepared: Preprocessor, courses: Sequence[CourseArrays], config: RunConfig
) -> Effects | None:
    """Of the training courses, for the heads of the model; None where no cancer type has enough of two kinds."""
    ids = [course.course_id for course in courses]
    table = cohort.courses.loc[ids]
    lines = table["line"].astype(float)
    numbers = pd.DataFrame(
        [baseline_numbers(prepared, course, lines[course.course_id]) for course in courses], index=ids
    )
    given = np.array([treatment_key(classes) for classes in table["agent_classes"]], object)
    people = cohort.people.loc[ids]
    told = people["cancer_type"] if "cancer_type" in people else pd.Series(None, ids, dtype=object)
    cancers = told.astype(object).fillna(_UNKNOWN).astype(str).to_numpy()
    found: list[OutcomeEffects] = []
    for cancer in sorted(set(cancers)):
        rows = (cancers == cancer) & (given != NO_TREATMENT)
        if rows.any():
            found += _of_cancer(
                table[rows], numbers[rows], given[rows].tolist(), cancer, config, cohort.survival
            )
    return Effects(tuple(found)) if found else None


def _of_cancer(
    table: pd.DataFrame,
    numbers: pd.DataFrame,
    given: list[str],
    cancer: str,
    config: RunConfig,
    endpoint: str,
) -> Iterator[OutcomeEffects]:
    patients, heads, seed = table["patient_id"].astype(str).tolist(), config.model.heads, config.seed
    if "response" in heads:
        response = table["response"].astype(float).to_numpy()
        if (own := response_effects(numbers, given, patients, response, cancer, seed)) is not None:
            yield own
    if "survival" in heads:
        months = table["time_days"].astype(float).to_numpy() / DAYS_PER_MONTH
        event = table["is_event"].astype(float).to_numpy()
        own = time_effects(numbers, given, patients, months, event, cancer, endpoint, seed)
        if own is not None:
            yield own
