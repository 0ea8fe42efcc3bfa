"""Who of the training patients received which drugs, by cancer type, for the manifest."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tumorcast.cohort.cohort import Cohort
from tumorcast.serve.population import UNKNOWN, TreatmentCount

FEWEST_TOLD = 10
"""Patients with a known response below which it is not told how many responded."""


def treatment_counts(cohort: Cohort, course_ids: Sequence[str]) -> tuple[TreatmentCount, ...]:
    """Of the first of these courses of each patient, the most frequent first."""
    courses = cohort.courses.loc[list(course_ids)]
    people = cohort.people.loc[courses.index]
    cancers = (
        people["cancer_type"] if "cancer_type" in people else pd.Series(None, courses.index, dtype=object)
    )
    table = pd.DataFrame(
        {
            "cancer": cancers.astype(object).fillna(UNKNOWN).astype(str),
            "agents": [tuple(sorted(agents)) for agents in courses["agents"]],
            "response": courses["response"].astype(float),
        }
    )[~courses["patient_id"].duplicated()]
    made = [
        _count(str(rows["cancer"].iloc[0]), rows["agents"].iloc[0], rows["response"].dropna(), len(rows))
        for _, rows in table.groupby(["cancer", "agents"], sort=True)
    ]
    return tuple(sorted(made, key=lambda one: (-one.n, one.cancer, one.agents)))


def _count(cancer: str, agents: tuple[str, ...], known: pd.Series, n: int) -> TreatmentCount:
    if len(known) < FEWEST_TOLD:
        return TreatmentCount(cancer=cancer, agents=agents, n=n)
    return TreatmentCount(
        cancer=cancer, agents=agents, n=n, n_with_response=len(known), responders=int(known.sum())
    )
