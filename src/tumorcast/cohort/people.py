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
    "preservation": (
        "PRESERVATION", "SPECIMEN_PRESERVATION_TYPE", "SAMPLE_PRESERVATION", "PREPARATION", "SAMPLE_PREPARATION",
    ),
    "scanner": ("SCANNER", "SCANNER_MODEL", "SLIDE_SCANNER"),
    "purity": (
        "TUMOR_PURITY", "PURITY", "TUMOUR_PURITY", "TUMOR_CONTENT", "TUMOR_CELLULARITY", "PERCENT_TUMOR_NUCLEI",
    ),
    "stain": ("STAIN", "STAINING"),
    "tissue": ("SAMPLE_TYPE", "TISSUE_TYPE", "SAMPLE_CLASS"),
}  # fmt: skip
_OF_SAMPLES = ("purity", "stain", "tissue")
"""Of a sample alone, not of who the patient is."""
_AGES = ("AGE", "AGE_AT_TREATMENT", "AGE_AT_SEQ_REPORT", "AGE_AT_DIAGNOSIS", "DIAGNOSIS_AGE")
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}


def people_table(study: Study, courses: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """course x (cancer_type, sex, race, ancestry, preservation, scanner, procedure: text; age: years; sequenced_mb;
    purity: 0 to 1, of the sample that is sequenced, else of the slide's).

    Unknown is NaN; a column that the study does not have is not in the table.

    Args:
        courses: of `course_table`.
        samples: course x layer -> the sample that the layer is taken from (None: not measured).
    """
    patients = courses["patient_id"]
    made = pd.DataFrame(index=courses.index)
    for name, columns in _COLUMNS.items():
        if name in _OF_SAMPLES:
            continue
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
        told = {name: purity_of(study, str(name)) for name in chosen.dropna().unique()}
        if np.isfinite(list(told.values())).any():
            made["purity"] = chosen.map(told).astype(float).to_numpy()
    if study.sequenced_mb:
        made["sequenced_mb"] = samples["mutations"].map(study.sequenced_mb).astype(float).to_numpy()
    return made


def told_of_sample(study: Study, sample_id: str, name: str) -> tuple[str, ...]:
    """What the sample's row, or else its patient's, says of a fact in any of the columns for it; empty: nothing.

    Args:
        name: "cancer_type", "preservation", "scanner", "purity", "stain" or "tissue".
    """
    sample = study.samples.loc[sample_id]
    patient_id = str(sample["patient_id"])
    found = [sample[column] for column in _COLUMNS[name] if column in study.samples]
    if patient_id in study.patients.index and not any(pd.notna(value) for value in found):
        patient = study.patients.loc[patient_id]
        found = [patient[column] for column in _COLUMNS[name] if column in study.patients]
    return tuple(str(value).strip() for value in found if pd.notna(value))


def purity_of(study: Study, sample_id: str) -> float:
    """Stated share of tumour cells, 0 to 1; a percentage is brought to it; NaN where nothing usable is stated."""
    for text in told_of_sample(study, sample_id, "purity"):
        value = pd.to_numeric(text.rstrip("% "), errors="coerce")
        value = value / 100 if value > 1 or text.endswith("%") else value
        if 0 <= value <= 1:
            return float(value)
    return float("nan")


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
