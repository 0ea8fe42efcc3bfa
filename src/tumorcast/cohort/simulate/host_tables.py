"""What a hospital would know of the simulated hosts: calls, scores, clocks and a timeline, with gaps and with traps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.cohort.simulate.courses import SimulatedCourse
from tumorcast.cohort.simulate.hosts import HOST_TERMS, STATUS, Hosts
from tumorcast.cohort.simulate.patients import F64
from tumorcast.readers.host import (
    CLOCK_COLUMNS,
    EXPOSURE_COLUMNS,
    PHARMACOGENE_COLUMNS,
    SCORE_COLUMNS,
    YEARS,
    Host,
)

_MISSING = {"exposures": 0.15, "pharmacogenes": 0.20}
_WITHHELD_SHARE, _SD_OF_CLOCK = 0.05, 4.0
_SCORES = ("SIMULATED_PGS_A", "SIMULATED_PGS_B")
_SOURCE = "simulated record"
_UNKNOWN = float("nan")


def draw_host_presence(random: np.random.Generator, n: int) -> dict[str, NDArray[np.bool_]]:
    """Modality -> [n], True where it is known of the patient; never by outcome."""
    return {name: random.random(n) >= _MISSING[name] for name in HOST_TERMS}


def host_study(
    random: np.random.Generator,
    hosts: Hosts,
    age: F64,
    courses: Sequence[SimulatedCourse],
    is_response: Sequence[bool],
) -> Host:
    """The tables of `Study.host`. Some calls are withheld; a second BMI, from after the first day, tells the response:
    the trap for who does not keep to the first day.

    Args:
        age: years, of each patient; `courses`, `is_response`: of the cohort.
    """
    present = draw_host_presence(random, len(age))
    calls, scores, clocks, said = [], [], [], []
    for course, responds in zip(courses, is_response, strict=True):
        if course.number > 1:
            continue
        i, patient = course.patient, course.patient_id
        day = course.start_day - int(random.integers(1, 30))
        noise, is_withheld = random.standard_normal(3), random.random() < _WITHHELD_SHARE
        own = (patient, f"{patient}-N1", float(day), False)
        if present["pharmacogenes"][i]:
            calls.append((*own, *_call(hosts.activity[i], is_withheld)))
            scores += [(*own, name, z, 1.0, 1.0, z) for name, z in zip(_SCORES, noise, strict=False)]
            years = round(float(age[i] + day / 365.25 + _SD_OF_CLOCK * noise[2]), 2)
            clocks.append((*own, "Hannum", years, YEARS, 1.0, 0.0))
        if present["exposures"][i]:
            late = hosts.bmi[i] + (1.5 if responds else -3.0)
            said += [
                (patient, day, _UNKNOWN, "smoking_status", _UNKNOWN, STATUS[hosts.status[i]], _SOURCE, False),
                (patient, day, _UNKNOWN, "pack_years", hosts.pack_years[i], "", _SOURCE, False),
                (patient, day, _UNKNOWN, "bmi", hosts.bmi[i], "", _SOURCE, False),
                (patient, course.start_day + 60, _UNKNOWN, "bmi", late, "", _SOURCE, False),
            ]
    return Host(
        pharmacogenes=pd.DataFrame(calls, columns=list(PHARMACOGENE_COLUMNS)),
        polygenic_scores=pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        clocks=pd.DataFrame(clocks, columns=list(CLOCK_COLUMNS)),
        exposures=pd.DataFrame(said, columns=list(EXPOSURE_COLUMNS)),
    )


def _call(activity: float, is_withheld: bool) -> tuple[str, str, float, str, str]:
    """gene, diplotype, activity_score, phenotype, note."""
    if is_withheld:
        return "DPYD", "", _UNKNOWN, "Indeterminate", "a key position was not typed"
    kinds = {2.0: "Normal Metabolizer", 1.5: "Intermediate Metabolizer", 1.0: "Intermediate Metabolizer"}
    return "DPYD", "", activity, kinds.get(activity, "Poor Metabolizer"), "simulated"
