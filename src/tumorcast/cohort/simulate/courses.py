"""Courses of treatment of the simulated patients: regimen, drugs, line and first day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorcast.cohort.simulate.cancers import CANCERS
from tumorcast.cohort.simulate.formula import draw_regimens
from tumorcast.cohort.simulate.hosts import FLUOROPYRIMIDINES
from tumorcast.cohort.simulate.patients import Patients
from tumorcast.cohort.simulate.settings import SimulationSettings
from tumorcast.cohort.simulate.treatments import drawn

CHECKPOINT_INHIBITORS = ("Pembrolizumab", "Nivolumab", "Atezolizumab")
CHEMOTHERAPIES = (("Carboplatin", "Paclitaxel"), ("Cisplatin", "Gemcitabine"), ("Carboplatin", "Pemetrexed"))

_SECOND_COURSE_SHARE = 0.08


@dataclass(frozen=True)
class SimulatedCourse:
    """One course.

    Attributes:
        course_id: as the cohort numbers it, `PATIENT-L1`.
        patient_id, patient: identifier and index of the patient.
        number: 1 or 2.
        regimen: index into the classes of the cohort's `Treatments`.
        agents: names of the drugs.
        line: line of therapy.
        start_day: on the patient's clock (days since diagnosis).
    """

    course_id: str
    patient_id: str
    patient: int
    number: int
    regimen: int
    agents: tuple[str, ...]
    line: int
    start_day: int

    @property
    def regimen_name(self) -> str:
        return " + ".join(self.agents)


def draw_courses(settings: SimulationSettings, patients: Patients) -> list[SimulatedCourse]:
    """One course a patient, of three regimens two for some; whether the tumour decides is the setting `assignment`."""
    random = settings.stream("courses")
    n, treatments = len(patients), settings.treatments
    regimens = np.stack([draw_regimens(random, n, treatments), draw_regimens(random, n, treatments)])
    has_second = (random.random(n) < _SECOND_COURSE_SHARE) & treatments.has_second_courses
    if settings.regimens != "three":
        chance = treatments.propensity(patients, settings.assignment, settings.no_overlap)
        regimens[0] = drawn(settings.stream("assignment"), chance)
    cancers = settings.cancer_codes() if settings.drugs == "by_cancer" else (None,) * n
    chemotherapies = FLUOROPYRIMIDINES if settings.host else CHEMOTHERAPIES
    courses = []
    for patient in range(n):
        line = 1 + int(random.random() < 0.3)
        start = int(random.integers(20, 90) if line == 1 else random.integers(180, 700))
        gap = int(random.integers(120, 420))
        for number in (1, 2) if has_second[patient] else (1,):
            regimen = int(regimens[number - 1, patient])
            courses.append(
                SimulatedCourse(
                    course_id=f"{patient_id(patient)}-L{number}",
                    patient_id=patient_id(patient),
                    patient=patient,
                    number=number,
                    regimen=regimen,
                    agents=_agents(random, treatments.classes[regimen], cancers[patient], chemotherapies),
                    line=line + number - 1,
                    start_day=start + (number - 1) * gap,
                )
            )
    return courses


def patient_id(patient: int) -> str:
    """Identifier of the patient at an index."""
    return f"SIM-{patient + 1:04d}"


def _agents(
    random: np.random.Generator, regimen: str, cancer: str | None, chemotherapies: tuple[tuple[str, ...], ...]
) -> tuple[str, ...]:
    """Drugs of a regimen, those of a cancer type where one is given; the draws are the same either way."""
    inhibitor = CHECKPOINT_INHIBITORS[random.integers(len(CHECKPOINT_INHIBITORS))]
    drugs = chemotherapies[random.integers(len(chemotherapies))]
    if cancer is not None:
        inhibitor, drugs = CANCERS[cancer].inhibitor, CANCERS[cancer].doublet
    agents: dict[str, tuple[str, ...]] = {
        "immunotherapy": (inhibitor,),
        "dual_immunotherapy": ("Nivolumab", "Ipilimumab"),
        "combination": (inhibitor, *drugs),
        "chemotherapy": drugs,
        "parp_inhibitor": ("Olaparib",),
    }
    return agents[regimen]
