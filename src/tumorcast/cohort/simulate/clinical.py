"""The patient table: clinical values with missing ones, and survival."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumorcast.cohort.simulate.courses import patient_id
from tumorcast.cohort.simulate.missing import VALUE_MISSING_RATES
from tumorcast.cohort.simulate.patients import SITES, Patients

_STAGES = ("I", "II", "III", "IV")


def patient_table(random: np.random.Generator, patients: Patients) -> pd.DataFrame:
    """Index `patient_id`; AGE, SEX, STAGE, ECOG, ALBUMIN, NLR (values missing at random) and SITE."""
    n = len(patients)
    table = pd.DataFrame(
        {
            "AGE": patients.age,
            "SEX": np.where(patients.is_female, "Female", "Male"),
            "STAGE": [_STAGES[stage - 1] for stage in patients.stage],
            "ECOG": patients.ecog.astype(float),
            "ALBUMIN": patients.albumin,
            "NLR": patients.nlr,
        },
        index=pd.Index([patient_id(i) for i in range(n)], name="patient_id"),
    )
    for column, rate in VALUE_MISSING_RATES.items():
        table[column] = table[column].mask(random.random(n) < rate)
    table["SITE"] = [SITES[i] for i in patients.site]
    return table
