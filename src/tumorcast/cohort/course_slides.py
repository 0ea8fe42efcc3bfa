"""Which slides belong to which course, before any of them has features."""

from __future__ import annotations

import pandas as pd

from tumorcast.cohort.tissue import eligible_samples, newest_with, samples_by_patient
from tumorcast.config.models import DataConfig
from tumorcast.readers.study import Study


def slides_of_courses(study: Study, courses: pd.DataFrame, data: DataConfig) -> dict[str, tuple[str, ...]]:
    """Course id -> ids of the slides of its newest eligible sample that has any, as `assemble` chooses."""
    by_sample = {
        str(sample): tuple(map(str, rows)) for sample, rows in study.slides.groupby("sample_id")["slide_id"]
    }
    found, of_patient = {}, samples_by_patient(study.samples)
    columns = (courses["patient_id"].tolist(), courses["start_day"].tolist())
    for course_id, patient_id, start_day in zip(courses.index, *columns, strict=True):
        samples, _ = eligible_samples(of_patient.get(patient_id, ()), start_day, data)
        sample = newest_with(samples, by_sample.__contains__)
        if sample is not None:
            found[str(course_id)] = by_sample[sample]
    return found
