"""Simple models that every result stands beside; fitted on training courses alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tumorcast.evaluation.cox import cox_ridge
from tumorcast.metrics.survival import concordance

Array = NDArray[np.float64]
_PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def tmb_logistic(train_tmb: Array, label: Array, test_tmb: Array) -> Array:
    """[n] probability from log1p(TMB) alone; the training prevalence where the TMB is unknown."""
    known = np.isfinite(train_tmb)
    probability = np.full(len(test_tmb), float(np.mean(label)))
    if known.sum() < 4 or len(set(label[known])) < 2:
        return probability
    fitted = clinical_logistic(
        pd.DataFrame({"tmb": np.log1p(train_tmb[known])}),
        label[known],
        pd.DataFrame({"tmb": np.log1p(test_tmb)}),
    )
    return np.where(np.isfinite(test_tmb), fitted, probability)


def clinical_logistic(train: pd.DataFrame, label: Array, test: pd.DataFrame) -> Array:
    """[n] probability of a ridge logistic regression on a mixed table.

    Numbers: median imputation with an indicator, standardised; text: one-hot. The strength of the penalty is
    chosen by cross-validated log loss on the training courses.
    """
    label = np.asarray(label, int)
    rarest = int(np.bincount(label, minlength=2).min())
    if rarest < 2:
        return np.full(len(test), label.mean())
    model = LogisticRegressionCV(
        Cs=np.logspace(-3, 1, 9), cv=min(5, rarest), scoring="neg_log_loss", max_iter=2000, l1_ratios=(0,),
        use_legacy_attributes=False,
    )  # fmt: skip
    fitted = make_pipeline(_design(train), model).fit(train, label)
    return np.asarray(fitted.predict_proba(test)[:, 1], float)


def clinical_cox(train: pd.DataFrame, time_days: Array, is_event: Array, test: pd.DataFrame) -> Array:
    """[n] log-risk of a ridge Cox regression on a mixed table; the penalty with the best 5-fold C-index."""
    design = _design(train).fit(train)
    inside, outside = np.asarray(design.transform(train), float), np.asarray(design.transform(test), float)
    part = np.random.default_rng(0).permutation(len(inside)) % 5
    scores: list[float] = []
    for penalty in _PENALTIES:
        risk = np.zeros(len(inside))
        for k in range(5):
            rest = part != k
            beta = cox_ridge(inside[rest], time_days[rest], is_event[rest], penalty)
            risk[~rest] = inside[~rest] @ beta
        folds = [concordance(time_days[part == k], is_event[part == k], risk[part == k]) for k in range(5)]
        scores.append(float(np.nanmean(folds)) if np.isfinite(folds).any() else 0.5)
    return outside @ cox_ridge(inside, time_days, is_event, _PENALTIES[int(np.argmax(scores))])


def _design(train: pd.DataFrame) -> ColumnTransformer:
    numeric = [c for c in train if pd.api.types.is_numeric_dtype(train[c]) and train[c].notna().any()]
    text = [c for c in train if not pd.api.types.is_numeric_dtype(train[c]) and train[c].notna().any()]
    numbers = Pipeline(
        [("fill", SimpleImputer(strategy="median", add_indicator=True)), ("scale", StandardScaler())]
    )
    words = Pipeline(
        [
            ("fill", SimpleImputer(strategy="constant", fill_value="unknown", missing_values=np.nan)),
            ("hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
        ]
    )
    return ColumnTransformer([("numbers", numbers, numeric), ("words", words, text)])
