"""Who the patients of a cohort are: for counts of a population and its groups, never a feature of the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumorcast.readers.study import Study

_COLUMNS = {
    "cancer_type": ("CANCER_TYPE", "CANCER_TYPE_DETAILED", "ONCOTREE_CODE", "TUMOR_TYPE", "HISTOLOGY"),
    "sex": ("SEX", "GENDER"),
    "race": ("RACE", "RACE_CATEGORY", "ETHNICITY"),
    "ancestry": ("GENETIC_ANCESTRY", "GENETIC_ANCESTRY_LABEL", "ANCESTRY"),
    "preservation": ("PRESERVATION", "SPECIMEN_PRESERVATION_TYPE", "SAMPLE_PRESERVATION"),
    "scanner": ("SCANNER", "SCANNER_MODEL", "SLIDE_SCANNER"),
}
_AGES = ("AGE", "AGE_AT_TREATMENT", "AGE_AT_SEQ_REPORT", "AGE_AT_DIAGNOSIS", "DIAGNOSIS_AGE")
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}


def people_table(study: Study, courses: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """course x (cancer_type, sex, race, ancestry, preservation, scanner, procedure: text; age: years; sequenced_mb).

    Unknown is NaN; a column that the study does not have is not in the table.

    Args:
        courses: of `course_table`.
        samples: course x layer -> the sample that the layer is taken from (None: not measured).
    """
    patients = courses["patient_id"]
    made = pd.DataFrame(index=courses.index)
    for name, columns in _COLUMNS.items():
        values = _of_patients(study, columns)
        if values is not None:
            made[name] = patients.map(values).map(_text).astype(object).to_numpy()
    if "sex" in made:
        made["sex"] = made["sex"].map(lambda text: _SEXES.get(str(text).lower(), text))
    ages = _of_patients(study, _AGES)
    if ages is not None:
        made["age"] = pd.to_numeric(patients.map(ages), errors="coerce").astype(float).to_numpy()
    if len(samples.columns):
        chosen = samples[["slide", *(c for c in samples if c != "slide")]].bfill(axis=1).iloc[:, 0]
        made["procedure"] = chosen.map(study.samples["procedure"]).astype(object).to_numpy()
    if study.sequenced_mb:
        made["sequenced_mb"] = samples["mutations"].map(study.sequenced_mb).astype(float).to_numpy()
    return made


def _of_patients(study: Study, columns: Sequence[str]) -> pd.Series | None:
    """patient -> value of the first of these columns that either table has; the patient table's goes before."""
    for column in columns:
        if column in study.patients:
            return study.patients[column]
        if column in study.samples:
            known = study.samples.dropna(subset=[column]).drop_duplicates("patient_id")
            return known.set_index("patient_id")[column]
    return None


def _text(value: object) -> object:
    return np.nan if pd.isna(value) else str(value).strip()  # type: ignore[call-overload]
