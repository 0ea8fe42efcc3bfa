"""`Cohort`: one row per treatment course, with what was known before its first day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from tumorcast.cohort.arrays import I64
from tumorcast.cohort.variant_arrays import VariantArrays, variant_arrays
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.study import Origin


@dataclass(frozen=True)
class Cohort:
    """Courses and their layers; every table is indexed by `course_id` or has it as a column.

    Attributes:
        courses: see `courses.course_table`, plus `sample_id` columns per modality for the record.
        clinical: raw clinical values (numbers as floats, categories as text, NaN unknown).
        layers: "expression", "copy_number" and the study's further layers: course x feature, NaN not
            measured; a course without the layer is all NaN.
        variants: `course_id`, `gene`, `impact`, `vaf`; one row a somatic variant.
        tmb: nonsynonymous variants per Mb, NaN where not sequenced or the covered Mb is unknown.
        n_nonsynonymous: count, NaN where not sequenced.
        slides: `course_id`, `slide_id`, `feature_path`, `mpp` (one row a slide that has features).
        is_present: course x modality, True where measured. Columns in the order of `modalities`.
        people: who the patients are (`people.people_table`); never a feature.
        survival: to which event the times of `courses` are ("PFS", "OS", ...).
        report: what was left out, and why.
        digest: sha256 over everything read.
    """

    study_id: str
    origin: Origin
    courses: pd.DataFrame
    clinical: pd.DataFrame
    layers: dict[str, pd.DataFrame]
    variants: pd.DataFrame
    tmb: pd.Series
    n_nonsynonymous: pd.Series
    slides: pd.DataFrame
    is_present: pd.DataFrame
    people: pd.DataFrame
    survival: str
    report: list[Exclusion]
    digest: str

    @property
    def modalities(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.is_present.columns)

    @cached_property
    def variant_arrays(self) -> VariantArrays:
        """The variants that alter a gene, as numbers by course."""
        return variant_arrays(self.variants, self.courses.index)

    def rows(self, course_ids: Sequence[str]) -> I64:
        """Row of each of these courses in every table that has one row a course.

        Raises:
            KeyError: a course that is not in the cohort.
        """
        found = self.courses.index.get_indexer(pd.Index(course_ids))
        if (found < 0).any():
            raise KeyError(course_ids[int(np.argmin(found))])
        return found.astype(np.int64)

    def keep(self, course_ids: Sequence[str], report: Sequence[Exclusion] = ()) -> Cohort:
        """The cohort of these courses alone, in this order; `report` is added to what was left out."""
        ids = list(course_ids)
        return replace(
            self,
            courses=self.courses.loc[ids],
            clinical=self.clinical.loc[ids],
            layers={name: table.loc[ids] for name, table in self.layers.items()},
            variants=self.variants[self.variants["course_id"].isin(ids)],
            tmb=self.tmb.loc[ids],
            n_nonsynonymous=self.n_nonsynonymous.loc[ids],
            slides=self.slides[self.slides["course_id"].isin(ids)],
            is_present=self.is_present.loc[ids],
            people=self.people.loc[ids],
            report=[*self.report, *report],
        )

    def with_presence(self, is_present: pd.DataFrame) -> Cohort:
        """The same cohort with another mask of what was measured."""
        return replace(self, is_present=is_present)

    def patients(self, course_ids: Sequence[str]) -> set[str]:
        """The patients behind these courses."""
        return set(self.courses.loc[list(course_ids), "patient_id"])
