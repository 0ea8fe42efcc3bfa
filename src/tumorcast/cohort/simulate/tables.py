"""The simulated cohort as a `Study`: the tables that a hospital would have, without the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.cohort.simulate.cancers import CANCERS
from tumorcast.cohort.simulate.clinical import patient_table
from tumorcast.cohort.simulate.copy_number import draw_copy_number
from tumorcast.cohort.simulate.courses import SimulatedCourse
from tumorcast.cohort.simulate.expression import draw_expression
from tumorcast.cohort.simulate.host_tables import host_study
from tumorcast.cohort.simulate.hosts import Hosts
from tumorcast.cohort.simulate.mutations import captured_mb, draw_tumour_variants, measured_variants
from tumorcast.cohort.simulate.outcomes import DAYS_PER_MONTH, Outcomes
from tumorcast.cohort.simulate.patients import F64, Patients
from tumorcast.cohort.simulate.samples import SimulatedSample
from tumorcast.cohort.simulate.settings import SimulationSettings
from tumorcast.cohort.simulate.slides import SimulatedSlide
from tumorcast.cohort.simulate.tissue_plan import SLIDE_MPP
from tumorcast.readers.host import Host
from tumorcast.readers.study import Study

_TOXIC, _FIRST_CYCLE_DAYS = {"Fluorouracil", "Capecitabine"}, 14


def make_study(
    settings: SimulationSettings,
    folder: Path,
    patients: Patients,
    courses: Sequence[SimulatedCourse],
    samples: Sequence[SimulatedSample],
    slides: Sequence[SimulatedSlide],
    slide_paths: Mapping[str, Path],
    outcomes: Outcomes,
    sizes: tuple[F64, F64],
    hosts: Hosts | None = None,
) -> Study:
    """All tables of the study; `slide_paths` are those of the slides that were written, `sizes` of `draw_sizes`."""
    sequenced = frozenset(sample.sample_id for sample in samples if "mutations" in sample.layers)
    tumours = draw_tumour_variants(settings.stream("tumour variants"), patients)
    return Study(
        study_id=f"simulated_seed{settings.seed}",
        origin="simulated",
        folder=folder,
        patients=_with_survival(patient_table(settings.stream("clinical"), patients), courses, outcomes),
        samples=_sample_table(samples, courses, settings.cancer_codes()),
        treatments=_treatment_table(courses, outcomes, sizes, hosts),
        variants=measured_variants(settings.stream("measured variants"), tumours, samples),
        sequenced=sequenced,
        sequenced_mb=dict.fromkeys(sorted(sequenced), captured_mb()),
        expression=draw_expression(settings.stream("expression"), patients, samples),
        copy_number=draw_copy_number(settings.stream("copy number"), samples, len(patients)),
        slides=_slide_table(slides, slide_paths),
        host=_host(settings, hosts, patients, courses, outcomes),
    )


def _with_survival(
    table: pd.DataFrame, courses: Sequence[SimulatedCourse], outcomes: Outcomes
) -> pd.DataFrame:
    """Overall survival from the first day of the patient's first course."""
    first = [i for i, course in enumerate(courses) if course.number == 1]
    status = np.where(outcomes.is_death[first], "1:DECEASED", "0:LIVING")
    return table.assign(OS_MONTHS=outcomes.os_months[first], OS_STATUS=status)


def _sample_table(
    samples: Sequence[SimulatedSample], courses: Sequence[SimulatedCourse], cancers: Sequence[str]
) -> pd.DataFrame:
    ids = {course.patient: course.patient_id for course in courses}
    return pd.DataFrame(
        {
            "patient_id": [ids[sample.patient] for sample in samples],
            "collected_day": [float(sample.day) for sample in samples],
            "procedure": [sample.procedure for sample in samples],
            "CANCER_TYPE": [CANCERS[cancers[sample.patient]].name for sample in samples],
            "ONCOTREE_CODE": [cancers[sample.patient] for sample in samples],
        },
        index=pd.Index([sample.sample_id for sample in samples], name="sample_id"),
    )


def _treatment_table(
    courses: Sequence[SimulatedCourse],
    outcomes: Outcomes,
    sizes: tuple[F64, F64],
    hosts: Hosts | None,
) -> pd.DataFrame:
    """One row a drug; the course's outcome stands in each of its rows."""
    rows = []
    for i, course in enumerate(courses):
        days = outcomes.pfs_months[i] * DAYS_PER_MONTH
        stop = course.start_day + max(21, min(int(days), 540))
        if hosts is not None and hosts.has_toxicity[course.patient] and set(course.agents) & _TOXIC:
            stop = course.start_day + _FIRST_CYCLE_DAYS
        rows += [
            {
                "patient_id": course.patient_id,
                "start_day": float(course.start_day),
                "stop_day": float(stop),
                "agent": agent,
                "regimen": course.regimen_name,
                "line": float(course.line),
                "treatment_type": "Medical Therapy",
                "BEST_RESPONSE": outcomes.best_response[i],
                "PFS_MONTHS": outcomes.pfs_months[i],
                "PFS_STATUS": "1:PROGRESSION" if outcomes.is_progression[i] else "0:CENSORED",
                "SIZE_CHANGE_PERCENT": sizes[0][i],
                "SIZE_CHANGE_DAY": sizes[1][i],
            }
            for agent in course.agents
        ]
    return pd.DataFrame(rows)


def _host(
    settings: SimulationSettings,
    hosts: Hosts | None,
    patients: Patients,
    courses: Sequence[SimulatedCourse],
    outcomes: Outcomes,
) -> Host:
    if hosts is None:
        return Host()
    is_response = [category in ("CR", "PR") for category in outcomes.best_response]
    return host_study(settings.stream("host tables"), hosts, patients.age, courses, is_response)


def _slide_table(slides: Sequence[SimulatedSlide], paths: Mapping[str, Path]) -> pd.DataFrame:
    kept = [slide for slide in slides if slide.is_kept]
    return pd.DataFrame({
        "slide_id": [slide.slide_id for slide in kept],
        "sample_id": [slide.sample.sample_id for slide in kept],
        "path": [str(paths[slide.slide_id]) for slide in kept],
        "mpp": [SLIDE_MPP] * len(kept),
    })  # fmt: skip
