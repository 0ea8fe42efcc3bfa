"""Who received what, by cancer type: each patient once, no answers of few."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from tumorcast.export.treatment_counts import FEWEST_TOLD, treatment_counts
from tumorcast.serve.population import UNKNOWN


def toy_cohort(agents: list[tuple[str, ...]], cancers: list[object] | None = None) -> SimpleNamespace:
    index = pd.Index([f"P{i}-L1" for i in range(len(agents))])
    courses = pd.DataFrame(
        {"patient_id": [f"P{i}" for i in range(len(agents))], "response": 1.0}, index=index
    ).assign(agents=pd.Series(agents, index=index))
    people = pd.DataFrame(index=index) if cancers is None else pd.DataFrame({"cancer_type": cancers}, index)
    return SimpleNamespace(courses=courses, people=people)


def test_sets_of_drugs_are_counted_by_cancer_whatever_their_order() -> None:
    cohort = toy_cohort([("b", "a"), ("a", "b"), ("a",)], ["Melanoma", "Melanoma", np.nan])
    found = treatment_counts(cohort, list(cohort.courses.index))
    assert [(one.cancer, one.agents, one.n) for one in found] == [
        ("Melanoma", ("a", "b"), 2),
        (UNKNOWN, ("a",), 1),
    ]


def test_it_is_not_told_how_many_of_few_responded() -> None:
    few, many = FEWEST_TOLD - 1, FEWEST_TOLD
    cohort = toy_cohort([("a",)] * few + [("b",)] * many)
    by_agents = {one.agents: one for one in treatment_counts(cohort, list(cohort.courses.index))}
    assert (by_agents[("a",)].responders, by_agents[("b",)].responders) == (None, many)


def test_a_patient_of_several_courses_counts_once() -> None:
    cohort = toy_cohort([("a",), ("b",)])
    cohort.courses["patient_id"] = "P0"
    assert [one.agents for one in treatment_counts(cohort, list(cohort.courses.index))] == [("a",)]
