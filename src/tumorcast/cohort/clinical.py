"""Clinical features of a course: patient and sample columns known before treatment."""

from __future__ import annotations

import pandas as pd

from tumorcast.cohort.courses import SITE_COLUMNS
from tumorcast.cohort.outcome_names import is_outcome
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError, LeakageError, did_you_mean
from tumorcast.readers.study import Study

_NOT_FEATURES = {*SITE_COLUMNS, "STUDY_ID", "REGIMEN", "PATIENT_ID", "SAMPLE_ID"}


def clinical_table(study: Study, courses: pd.DataFrame, data: DataConfig) -> pd.DataFrame:
    """course x column of the patient table: floats, or text for categories; NaN unknown.

    Left out: outcomes and sites. Which of the rest carry anything is decided on the training fold
    (`preprocess.fit_clinical`).

    Raises:
        LeakageError: `data.clinical_columns` names an outcome.
        InputError: `data.clinical_columns` names a column that is not there.
    """
    patients = study.patients
    if data.clinical_columns is not None:
        _check_named(data.clinical_columns, [str(c) for c in patients.columns])
        columns = list(data.clinical_columns)
    else:
        columns = [str(c) for c in patients.columns if not is_outcome(c) and c.upper() not in _NOT_FEATURES]
    table = patients[columns].reindex(courses["patient_id"].to_numpy()).set_axis(courses.index)
    for column in columns:
        numeric = pd.to_numeric(table[column], errors="coerce")
        if numeric.notna().sum() == table[column].notna().sum():
            table[column] = numeric.astype(float)
        else:
            table[column] = table[column].map(lambda v: v if pd.isna(v) else str(v).strip()).astype(object)
    return table


def _check_named(named: tuple[str, ...], known: list[str]) -> None:
    for column in named:
        if is_outcome(column):
            raise LeakageError(
                f"data.clinical_columns names '{column}', an outcome",
                expected="columns known before the first day of treatment",
                fix=f"take '{column}' out of data.clinical_columns",
            )
        if column not in known:
            raise InputError(
                f"the patient table has no column '{column}'",
                expected=", ".join(known),
                fix=did_you_mean(column, known),
            )
