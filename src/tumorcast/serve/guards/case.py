"""`Case`: what a guard sees of one course."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import pandas as pd

from tumorcast.cohort.cohort import Cohort
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.notes import Given
from tumorcast.serve.policy import Policy

BURDEN = "burden"
"""The layer of a finding that leaves out the mutational burden alone."""


@dataclass(frozen=True)
class Case:
    """One course before it is predicted.

    Attributes:
        given: the study, its cohort, and what could not be read of it.
        shared: what is found once a study.
    """

    bundle: Bundle
    given: Given
    policy: Policy
    shared: Shared
    course_id: str

    @property
    def cohort(self) -> Cohort:
        """The whole cohort."""
        return self.given.cohort

    @cached_property
    def course(self) -> pd.Series:
        """The course's row of `Cohort.courses`."""
        return self.given.course_row(self.course_id)

    @property
    def patient_id(self) -> str:
        """Whose course it is."""
        return str(self.course["patient_id"])

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Layers of the model that the course has."""
        has = self.cohort.is_present.loc[self.course_id]
        return tuple(name for name in self.bundle.manifest.modalities if name in has and bool(has[name]))

    def sample_of(self, layer: str) -> str | None:
        """The sample that a layer is taken from; None where there is none."""
        found = self.course.get(f"sample_{layer}")
        return None if found is None or pd.isna(found) else str(found)

    @cached_property
    def samples(self) -> tuple[str, ...]:
        """Samples that its layers are taken from."""
        chosen = (self.sample_of(name) for name in self.layers)
        return tuple(dict.fromkeys(name for name in chosen if name is not None))

    def person(self, name: str) -> object:
        """What is known of the patient (`cohort.people.people_table`); None where nothing is."""
        people = self.cohort.people
        value = people.at[self.course_id, name] if name in people else None
        return None if value is None or pd.isna(value) else value  # type: ignore[arg-type]

    def row(self, table: pd.DataFrame) -> pd.Series:
        """The course's row of one of the cohort's tables."""
        return cast(pd.Series, table.loc[self.course_id])
