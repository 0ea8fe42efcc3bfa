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


def cox_ridge(
    features: Array, time_days: Array, is_event: Array, penalty: float = 0.0, steps: int = 50
) -> Array:
    """[d] coefficients that maximise the Cox partial likelihood (Efron's ties) less penalty / 2 * ||beta||^2.

    Newton's method with halved steps (Cox 1972; Efron 1977).
    """
    beta = np.zeros(features.shape[1])
    value, gradient, hessian = _efron(features, time_days, is_event, beta)
    for _ in range(steps):
        slope = gradient - penalty * beta
        step = np.linalg.solve(hessian + (penalty + 1e-9) * np.eye(len(beta)), slope)
        for _ in range(20):
            tried = beta + step
            told = _efron(features, time_days, is_event, tried)
            if told[0] - penalty / 2 * tried @ tried >= value - penalty / 2 * beta @ beta - 1e-12:
                break
            step = step / 2
        beta, (value, gradient, hessian) = tried, told
        if np.abs(step).max(initial=0) < 1e-9:
            break
    return beta


def _efron(x: Array, time: Array, event: Array, beta: Array) -> tuple[float, Array, Array]:
    """Log partial likelihood, its gradient and minus its Hessian."""
    eta = x @ beta
    risk = np.exp(eta - eta.max(initial=0))
    value, gradient, hessian = 0.0, np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    for moment in np.unique(time[event > 0]):
        at_risk, dying = time >= moment, (time == moment) & (event > 0)
        sums = [(risk[m].sum(), risk[m] @ x[m], (x[m] * risk[m, None]).T @ x[m]) for m in (at_risk, dying)]
        count = int(dying.sum())
        value += float(eta[dying].sum())
        gradient += x[dying].sum(axis=0)
        for share in np.arange(count) / count:
            s0, s1, s2 = (a - share * b for a, b in zip(*sums, strict=True))
            value -= float(np.log(s0) + eta.max(initial=0))
            gradient -= s1 / s0
            hessian += s2 / s0 - np.outer(s1, s1) / s0**2
    return value, gradient, hessian


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
