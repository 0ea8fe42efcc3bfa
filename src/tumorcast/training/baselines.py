"""Simple baselines of a fold: mutation burden, a linear model of the clinical table and the regimen, and an elastic
net on every column that the network sees (tiles apart)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.graphs import altered_genes
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.splits import Fold
from tumorcast.evaluation.baselines import clinical_cox, clinical_logistic, tmb_logistic
from tumorcast.evaluation.elastic_net import Outcome, fit_elastic_net
from tumorcast.training.fold import prediction_table
from tumorcast.training.workspace import Workspace

MODEL_NAMES = {"tmb": "tmb", "clinical": "clinical_linear", "elastic_net": "elastic_net"}
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
            time, event = (courses[c][known].to_numpy(float) for c in ("time_days", "is_event"))
            if name == "elastic_net":
                values = fit_elastic_net(train[known].to_numpy(), Outcome(event, time), test.to_numpy())
            else:
                values = clinical_cox(train[known], time, event, test)
        else:
            known = courses["response"].notna()
            values = _FITS[name](train[known], courses["response"][known].to_numpy(float), test)
        tables.append(prediction_table(work, fold.name, fold.test, MODEL_NAMES[name], values))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _elastic_net(train: pd.DataFrame, label: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    return np.asarray(expit(fit_elastic_net(train.to_numpy(), Outcome(label), test.to_numpy())), float)


def _tmb(train: pd.DataFrame, label: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    return tmb_logistic(train["burden"].to_numpy(), label, test["burden"].to_numpy())


_FITS = {"tmb": _tmb, "clinical": clinical_logistic, "elastic_net": _elastic_net}


def _features(work: Workspace, name: str, prepared: Preprocessor) -> pd.DataFrame | None:
    """course x feature of a baseline; None where the study has nothing for it."""
    cohort = work.cohort
    if name == "tmb":
        known = cohort.tmb if cohort.tmb.notna().any() else cohort.n_nonsynonymous
        return pd.DataFrame({"burden": known}) if known.notna().any() else None
    if name == "elastic_net":
        ids = [str(course_id) for course_id in cohort.courses.index]
        return pd.DataFrame([_flat(prepared, cohort, course_id) for course_id in ids], index=ids).fillna(0.0)
    treatment = pd.DataFrame(
        [prepared.treatment.transform(course) for _, course in cohort.courses.iterrows()],
        columns=list(prepared.treatment.features),
        index=cohort.courses.index,
    )
    return pd.concat([cohort.clinical, treatment], axis=1)


def _flat(prepared: Preprocessor, cohort: Cohort, course_id: str) -> dict[str, float]:
    """What the network sees of a course, as columns; what is not named is 0."""
    course = prepared.arrays(cohort, course_id, None)
    flat: dict[str, float] = dict(zip(prepared.treatment.features, course.treatment.tolist(), strict=True))
    for name in prepared.layer_names:
        features = prepared.layers[name].features
        flat |= {f"{name}:{f}": v for f, v in zip(features, course.layers[name].tolist(), strict=True)}
        known = course.is_measured[name]
        flat |= {f"{name}:{f}:measured": 1.0 for f, m in zip(features, known, strict=True) if m}
    if prepared.graph is not None:
        flat |= {f"burden:{i}": value for i, value in enumerate(course.burden.tolist())}
        flat |= {f"altered:{gene}": 1.0 for gene in altered_genes(prepared.graph, course.graph)}
    return flat
