"""Samples of the simulated patients: when and how they were taken, and what was measured in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorcast.cohort.simulate.courses import SimulatedCourse
from tumorcast.cohort.simulate.missing import draw_presence
from tumorcast.cohort.simulate.patients import Patients
from tumorcast.cohort.simulate.settings import SimulationSettings

Role = Literal["counting", "older", "on_treatment"]

_OLDER_SHARE, _ON_TREATMENT_SHARE, _SECOND_SLIDE_SHARE = 0.10, 0.06, 0.10
_LAYERS = ("slide", "mutations", "expression")


@dataclass(frozen=True)
class SimulatedSample:
    """One sample.

    Attributes:
        sample_id: identifier in the study.
        patient: index of the patient.
        role: "counting" (the newest before the course), "older", or "on_treatment" (too late to count).
        day: of collection, on the patient's clock.
        procedure: "biopsy" or "resection".
        layers: what was measured: of "slide", "mutations", "expression".
        n_slides: slides of it; planned even where they were not kept (layer "slide" missing).
    """

    sample_id: str
    patient: int
    role: Role
    day: int
    procedure: str
    layers: frozenset[str]
    n_slides: int


def draw_samples(
    settings: SimulationSettings, patients: Patients, courses: list[SimulatedCourse]
) -> list[SimulatedSample]:
    """Samples of all patients; older and late ones have no layer that the counting sample lacks."""
    random = settings.stream("samples")
    present = draw_presence(settings.stream("missing"), patients.site)
    first = {course.patient: course for course in reversed(courses)}
    n_courses = np.bincount([course.patient for course in courses], minlength=len(patients))
    samples = []
    for patient in range(len(patients)):
        layers = frozenset(name for name in _LAYERS if present[name][patient])
        samples += _samples_of(random, first[patient], layers, bool(n_courses[patient] > 1))
    return samples


def _samples_of(
    random: np.random.Generator, course: SimulatedCourse, layers: frozenset[str], has_two_courses: bool
) -> list[SimulatedSample]:
    """The order of draws is the same for every patient, so that one choice does not shift the others."""
    has_older, is_on_treatment = random.random() < _OLDER_SHARE, random.random() < _ON_TREATMENT_SHARE
    before, after, gap = random.integers(2, 40), random.integers(20, 90), random.integers(120, 500)
    procedure = "resection" if random.random() < 0.25 else "biopsy"
    n_slides = 2 if random.random() < _SECOND_SLIDE_SHARE else 1
    kept = frozenset(layer for layer in sorted(layers) if random.random() < 0.6)
    stem, day, patient = course.patient_id, course.start_day, course.patient
    found = [
        SimulatedSample(f"{stem}-T1", patient, "counting", day - int(before), procedure, layers, n_slides)
    ]
    if has_older:
        early = day - int(before) - int(gap)
        found.append(SimulatedSample(f"{stem}-T0", patient, "older", early, "resection", kept, 1))
    if is_on_treatment and not has_two_courses:
        late = day + int(after)
        found.append(SimulatedSample(f"{stem}-T2", patient, "on_treatment", late, "biopsy", layers, 1))
    return found
