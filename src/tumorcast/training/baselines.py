"""Simple baselines of a fold: mutation burden, and a linear model on the clinical table and the regimen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.splits import Fold
from tumorcast.evaluation.baselines import clinical_cox, clinical_logistic, tmb_logistic
from tumorcast.training.fold import prediction_table
from tumorcast.training.workspace import Workspace

MODEL_NAMES = {"tmb": "tmb", "clinical": "clinical_linear"}
"""Names in predictions.csv; `clinical` is the network on the clinical modality alone."""


def predict_baselines(work: Workspace, fold: Fold, prepared: Preprocessor) -> pd.DataFrame:
    """Test predictions of each configured baseline, fitted on the training courses with a label."""
    tables = []
    survival = work.config.model.heads[0] == "survival"
    for name in work.config.evaluation.baselines:
        features = _features(work, name, prepared)
        if features is None:
            continue
        train, test = features.loc[list(fold.training)], features.loc[list(fold.test)]
        courses = work.cohort.courses.loc[list(fold.training)]
        if survival:
            known = courses["time_days"].notna() & courses["is_event"].notna()
            values = clinical_cox(
                train[known],
                courses["time_days"][known].to_numpy(),
                courses["is_event"][known].to_numpy(),
                test,
            )
        else:
            known = courses["response"].notna()
            label = courses["response"][known].to_numpy()
            fit = _tmb if name == "tmb" else clinical_logistic
            values = fit(train[known], label, test)
        tables.append(prediction_table(work, fold.name, fold.test, MODEL_NAMES[name], values))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _tmb(train: pd.DataFrame, label: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    return tmb_logistic(train["burden"].to_numpy(), label, test["burden"].to_numpy())


def _features(work: Workspace, name: str, prepared: Preprocessor) -> pd.DataFrame | None:
    """course x feature of a baseline; None where the study has nothing for it."""
    cohort = work.cohort
    if name == "tmb":
        known = cohort.tmb if cohort.tmb.notna().any() else cohort.n_nonsynonymous
        return pd.DataFrame({"burden": known}) if known.notna().any() else None
    treatment = pd.DataFrame(
        [prepared.treatment.transform(course) for _, course in cohort.courses.iterrows()],
        columns=list(prepared.treatment.features),
        index=cohort.courses.index,
    )
    return pd.concat([cohort.clinical, treatment], axis=1)
