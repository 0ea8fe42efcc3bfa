"""Simple baselines of a fold, fitted on the training courses with a label: what every result stands beside.

- `tmb`: mutational burden alone. `pdl1`: PD-L1 staining alone.
- `clinical_linear`: ridge regression on the clinical table and the regimen.
- `loris_like`: the same on the columns of the LORIS score alone (burden, age, albumin, neutrophils to lymphocytes,
  prior therapy, cancer type; Chang 2024, Nat Cancer 5:1158), where at least three of them are known.
- `gep`: the T-cell-inflamed profile (Ayers 2017); `immune_scores`: all published expression scores.
- `elastic_net`, `boosted_trees`: on every column that the network sees (tiles apart).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from tumorcast.biology.expression_scores import expression_scores
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.graphs import altered_genes
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.splits import Fold
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.baselines import clinical_cox, clinical_logistic, tmb_logistic
from tumorcast.evaluation.elastic_net import Outcome, fit_elastic_net
from tumorcast.metrics.logistic import expit
from tumorcast.training.fold import prediction_table
from tumorcast.training.workspace import Workspace

Array = NDArray[np.float64]
MODEL_NAMES = {
    "tmb": "tmb", "pdl1": "pdl1", "clinical": "clinical_linear", "loris_like": "loris_like", "gep": "gep",
    "immune_scores": "immune_scores", "elastic_net": "elastic_net", "boosted_trees": "boosted_trees",
}  # fmt: skip
"""Names in predictions.csv; `clinical` is the network on the clinical modality alone."""

_PDL1 = (
    "PDL1", "PD_L1", "PD-L1", "PDL1_TPS", "PDL1_CPS", "PDL1_SCORE", "PDL1_IHC", "CD274_IHC", "IC_LEVEL", "TC_LEVEL",
)  # fmt: skip
_LORIS = (
    "AGE", "ALBUMIN", "NLR", "SYSTEMIC_THERAPY_HISTORY", "PRIOR_SYSTEMIC_THERAPY", "CANCER_TYPE", "TMB",
    "TMB_NONSYNONYMOUS",
)  # fmt: skip
_FEWEST_LORIS = 3
_GEP = ("t_cell_inflamed_gep", "t_cell_inflamed_mean")
"""The published weights need housekeeping genes; without them the mean of its genes."""


def predict_baselines(work: Workspace, fold: Fold, prepared: Preprocessor) -> pd.DataFrame:
    """Test predictions of each configured baseline; those that the study has nothing for, or that predict no time, are
    left out."""
    tables = []
    survival = work.config.model.heads[0] == "survival"
    for name in work.config.evaluation.baselines:
        features = None if survival and name == "boosted_trees" else _features(work, name, prepared)
        if features is None:
            continue
        train, test = features.loc[list(fold.training)], features.loc[list(fold.test)]
        courses = work.cohort.courses.loc[list(fold.training)]
        values = _risk(name, train, courses, test) if survival else _chance(name, train, courses, test)
        tables.append(prediction_table(work, fold.name, fold.test, MODEL_NAMES[name], values))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _risk(name: str, train: pd.DataFrame, courses: pd.DataFrame, test: pd.DataFrame) -> Array:
    known = courses["time_days"].notna() & courses["is_event"].notna()
    time, event = (courses[c][known].to_numpy(float) for c in ("time_days", "is_event"))
    if name == "elastic_net":
        return fit_elastic_net(train[known].to_numpy(), Outcome(event, time), test.to_numpy())
    return clinical_cox(train[known], time, event, test)


def _chance(name: str, train: pd.DataFrame, courses: pd.DataFrame, test: pd.DataFrame) -> Array:
    known = courses["response"].notna()
    return _FITS.get(name, clinical_logistic)(train[known], courses["response"][known].to_numpy(float), test)


def _elastic_net(train: pd.DataFrame, label: Array, test: pd.DataFrame) -> Array:
    return expit(fit_elastic_net(train.to_numpy(), Outcome(label), test.to_numpy()))


def _boosted_trees(train: pd.DataFrame, label: Array, test: pd.DataFrame) -> Array:
    if len(np.unique(label)) < 2:
        return np.full(len(test), float(np.mean(label)))
    model = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=6, min_samples_leaf=10, l2_regularization=5.0, random_state=0
    )  # fmt: skip
    model.fit(train.to_numpy(), label)
    return np.asarray(model.predict_proba(test.to_numpy())[:, 1], float)


def _tmb(train: pd.DataFrame, label: Array, test: pd.DataFrame) -> Array:
    return tmb_logistic(train["burden"].to_numpy(), label, test["burden"].to_numpy())


_FITS: dict[str, Callable[[pd.DataFrame, Array, pd.DataFrame], Array]] = {
    "tmb": _tmb,
    "elastic_net": _elastic_net,
    "boosted_trees": _boosted_trees,
}


def _features(work: Workspace, name: str, prepared: Preprocessor) -> pd.DataFrame | None:
    """course x feature of a baseline; None where the study has nothing for it."""
    cohort = work.cohort
    if name == "tmb":
        burden = _burden(cohort)
        return burden if burden.notna().any(axis=None) else None
    if name in ("gep", "immune_scores"):
        scores = _immune_scores(cohort)
        if scores is None or name == "immune_scores":
            return scores
        own = [column for column in _GEP if column in scores]
        return scores[own[:1]] if own else None
    if name in ("elastic_net", "boosted_trees"):
        ids = [str(course_id) for course_id in cohort.courses.index]
        courses = prepared.all_arrays(cohort, ids, {})
        return pd.DataFrame([_flat(prepared, course) for course in courses], index=ids).fillna(0.0)
    if name == "pdl1":
        return _named(cohort, _PDL1)
    if name == "loris_like":
        return _loris_like(cohort)
    treatment = pd.DataFrame(
        prepared.treatment.transform_rows(cohort.courses, np.arange(len(cohort.courses))),
        columns=list(prepared.treatment.features),
        index=cohort.courses.index,
    )
    return pd.concat([cohort.clinical, treatment], axis=1)


def _burden(cohort: Cohort) -> pd.DataFrame:
    known = cohort.tmb if cohort.tmb.notna().any() else cohort.n_nonsynonymous
    return pd.DataFrame({"burden": known})


def _named(cohort: Cohort, names: tuple[str, ...]) -> pd.DataFrame | None:
    """Clinical and laboratory columns of these names that are known of anybody; None without one."""
    tables = [cohort.clinical, *(cohort.layers[k] for k in ("laboratory",) if k in cohort.layers)]
    wide = pd.concat(tables, axis=1)
    own = wide[[c for c in wide if str(c).upper() in names and wide[c].notna().any()]]
    return None if own.empty or not own.shape[1] else own


def _loris_like(cohort: Cohort) -> pd.DataFrame | None:
    own = _named(cohort, _LORIS)
    own = pd.DataFrame(index=cohort.courses.index) if own is None else own
    parts = [own]
    if _burden(cohort).notna().any(axis=None) and not any("TMB" in str(c).upper() for c in own):
        parts.append(_burden(cohort).apply(np.log1p))
    line = cohort.courses["line"]
    if line.nunique() > 1 and not any("THERAPY" in str(c).upper() for c in own):
        parts.append((line > 1).astype(float).where(line.notna()).rename("later_line").to_frame())
    made = pd.concat(parts, axis=1)
    return made if made.shape[1] >= _FEWEST_LORIS else None


def _immune_scores(cohort: Cohort) -> pd.DataFrame | None:
    """Published scores by course; None without expression on a scale that they can be made of."""
    expression = cohort.layers.get("expression")
    if expression is None:
        return None
    try:
        scores = expression_scores(expression.dropna(how="all"), [])
    except InputError:
        return None
    scores = scores.reindex(cohort.courses.index).dropna(axis=1, how="all")
    return scores if scores.shape[1] else None


def _flat(prepared: Preprocessor, course: CourseArrays) -> dict[str, float]:
    """What the network sees of a course, as columns; what is not named is 0."""
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
