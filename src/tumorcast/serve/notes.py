"""What was given for a course and could not be used, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import pandas as pd

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.host import HOST_LAYERS, host_patients
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.tissue import eligible_samples, samples_by_patient
from tumorcast.config.models import DataConfig
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.study import Study
from tumorcast.serve.findings import Finding

_KEPT = "date_unknown_kept"
_DOUBTFUL = "used all the same"


@dataclass(frozen=True)
class Given:
    """What a study gave: to tell a layer that is missing from one that could not be used.

    Attributes:
        slide_problems: slide id -> why its features could not be used; grows as slides are read.
    """

    study: Study
    cohort: Cohort
    prepared: Preprocessor
    rules: DataConfig
    slide_problems: dict[str, str] = field(default_factory=dict)

    def course_row(self, course_id: str) -> pd.Series:
        """The course's row of `Cohort.courses`."""
        return cast(pd.Series, self.cohort.courses.loc[course_id])

    def unused(self, course: CourseArrays, left_out: Collection[str] = ()) -> list[Finding]:
        """One for each thing that was given and not used, or used in spite of what speaks against it.

        Args:
            left_out: layers that a guard left out, with its own reason.
        """
        present = dict(zip(self.prepared.modalities, course.is_present, strict=True))
        own = self.study.samples[self.study.samples["patient_id"] == course.patient_id]
        start_day = float(self.course_row(course.course_id)["start_day"])
        samples = samples_by_patient(own).get(course.patient_id, ())
        _, notes = eligible_samples(samples, start_day, self.rules)
        refused = {note.id: note for note in notes if note.reason != _KEPT}
        found = [_undated(note) for note in notes if note.reason == _KEPT]
        for name, is_present in present.items():
            if name in left_out:
                continue
            if name == "slide":
                found.extend(self._slides(set(own.index), refused, bool(is_present)))
            elif name == "clinical" and not is_present:
                found.extend(self._clinical(course.patient_id))
            elif name in HOST_LAYERS and not is_present:
                found.extend(self._host(name, course.patient_id))
            elif not is_present:
                found.extend(self._layer(name, set(own.index), refused))
        return found

    def _slides(self, own: set[str], refused: Mapping[str, Exclusion], is_present: bool) -> Iterator[Finding]:
        slides = self.study.slides[self.study.slides["sample_id"].isin(own)]
        for slide in slides.itertuples(index=False):
            slide_id, sample_id = str(slide.slide_id), str(slide.sample_id)
            if sample_id in refused:
                if not is_present:
                    yield _of_sample(f"slide {slide_id}", refused[sample_id], "slide")
            elif slide_id in self.slide_problems:
                yield _of_slide(slide_id, self.slide_problems[slide_id], is_present)

    def _layer(self, name: str, own: set[str], refused: Mapping[str, Exclusion]) -> Iterator[Finding]:
        measured = own & self._measured(name)
        usable = measured - refused.keys()
        for sample_id in sorted(measured - usable):
            yield _of_sample(name, refused[sample_id], name)
        if usable:
            yield Finding("not_used", f"{name}: none of its values is one that the model knows", layer=name)

    def _host(self, name: str, patient_id: str) -> Iterator[Finding]:
        if patient_id in host_patients(self.study.host, name):
            told = f"{name}: no value that the model knows was known on the first day of treatment"
            yield Finding("not_used", told, layer=name)

    def _measured(self, name: str) -> set[str]:
        study = self.study
        if name == "mutations":
            return set(study.sequenced)
        tables = {"expression": study.expression, "copy_number": study.copy_number, **study.layers}
        table = tables.get(name)
        return set() if table is None else set(table.index)

    def _clinical(self, patient_id: str) -> Iterator[Finding]:
        if patient_id in self.study.patients.index and self.study.patients.loc[patient_id].notna().any():
            told = "clinical: no column that the model knows has a value"
            yield Finding("not_used", told, layer="clinical")


def _of_sample(what: str, why: Exclusion, layer: str) -> Finding:
    told = f"{what}: sample {why.id} {why.reason} ({why.detail})"
    fix = "give tissue taken before the treatment began" if why.reason == "taken_after_start" else ""
    return Finding(why.reason, told, fix=fix, layer=layer)


def _of_slide(slide_id: str, why: str, is_present: bool) -> Finding:
    """A slide of another stain refuses the course only where it leaves it without a slide."""
    told, reason = f"slide {slide_id}: {why}", why.partition(":")[0]
    if why.endswith(_DOUBTFUL):
        return Finding("slide_doubtful", told, layer="slide")
    if reason == "not_he" and not is_present:
        fix = "give the H&E slide of this block, or leave the slide out"
        return Finding("not_he", told, expected="H&E, which the model was trained on", fix=fix, layer="slide")
    return Finding("slide_unfit", told, layer="slide")


def _undated(note: Exclusion) -> Finding:
    fix = "give the day on which the sample was taken"
    return Finding(
        "date_unknown", f"sample {note.id}: {note.detail}, taken to be from before treatment", fix=fix
    )
