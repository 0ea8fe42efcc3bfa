"""What was given for a course and could not be used, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import pandas as pd

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.tissue import eligible_samples
from tumorcast.config.models import DataConfig
from tumorcast.readers.study import Study

_KEPT = "date_unknown_kept"


@dataclass(frozen=True)
class Given:
    """What a study gave: to tell a layer that is missing from one that could not be used.

    Attributes:
        slide_problems: slide id -> why its features could not be used; grows as slides are read.
        layer_problems: modality -> what is wrong with it; told where the layer is used all the same, too.
    """

    study: Study
    cohort: Cohort
    prepared: Preprocessor
    rules: DataConfig
    slide_problems: dict[str, str] = field(default_factory=dict)
    layer_problems: dict[str, str] = field(default_factory=dict)

    def course_row(self, course_id: str) -> pd.Series:
        """The course's row of `Cohort.courses`."""
        return cast(pd.Series, self.cohort.courses.loc[course_id])

    def unused(self, course: CourseArrays) -> list[str]:
        """One sentence for each thing that was given and not used."""
        present = dict(zip(self.prepared.modalities, course.is_present, strict=True))
        own = self.study.samples[self.study.samples["patient_id"] == course.patient_id]
        start_day = float(self.course_row(course.course_id)["start_day"])
        _, notes = eligible_samples(self.study.samples, course.patient_id, start_day, self.rules)
        refused = {note.id: f"{note.reason} ({note.detail})" for note in notes if note.reason != _KEPT}
        found: list[str] = []
        for name, is_present in present.items():
            if name == "slide":
                found.extend(self._slides(set(own.index), refused, bool(is_present)))
            elif name == "clinical" and not is_present:
                found.extend(self._clinical(course.patient_id))
            elif not is_present:
                found.extend(self._layer(name, set(own.index), refused))
            elif name in self.layer_problems:
                found.append(f"{name}: {self.layer_problems[name]}, used all the same")
        return found

    def _slides(self, own: set[str], refused: Mapping[str, str], is_present: bool) -> Iterator[str]:
        slides = self.study.slides[self.study.slides["sample_id"].isin(own)]
        for slide in slides.itertuples(index=False):
            slide_id, sample_id = str(slide.slide_id), str(slide.sample_id)
            if sample_id in refused:
                if not is_present:
                    yield f"slide {slide_id}: sample {sample_id} {refused[sample_id]}"
            elif slide_id in self.slide_problems:
                yield f"slide {slide_id}: {self.slide_problems[slide_id]}"

    def _layer(self, name: str, own: set[str], refused: Mapping[str, str]) -> Iterator[str]:
        measured = own & self._measured(name)
        usable = measured - refused.keys()
        for sample_id in sorted(measured - usable):
            yield f"{name}: sample {sample_id} {refused[sample_id]}"
        if usable:
            yield f"{name}: {self.layer_problems.get(name, 'none of its values is one that the model knows')}"

    def _measured(self, name: str) -> set[str]:
        study = self.study
        if name == "mutations":
            return set(study.sequenced)
        tables = {"expression": study.expression, "copy_number": study.copy_number, **study.layers}
        table = tables.get(name)
        return set() if table is None else set(table.index)

    def _clinical(self, patient_id: str) -> Iterator[str]:
        if patient_id in self.study.patients.index and self.study.patients.loc[patient_id].notna().any():
            yield "clinical: no column that the model knows has a value"
