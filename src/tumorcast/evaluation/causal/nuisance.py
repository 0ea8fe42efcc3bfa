"""Expected outcomes under each treatment, cross-fitted: scikit-learn's ridge with products. Training side only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression, Ridge

from tumorcast.evaluation.causal.propensity import patient_folds

Array = NDArray[np.float64]

_PENALTIES = (1.0, 10.0, 100.0)
_PRODUCTS = 0.5
"""What products with the treatment are multiplied by: shrunk four times as much as what they are products of."""
_TINY = 1e-8


def cross_fitted_outcomes(
    table: pd.DataFrame,
    received: NDArray[np.int64],
    count: int,
    outcome: ArrayLike,
    patients: Sequence[str],
    weights: ArrayLike | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Array:
    """[n, G] expected outcome of each patient under each of G treatments, by models that had not seen the patient.

    Ridge regression (logistic where the outcome is 0 or 1) of treatment, columns and their products; a missing number
    is the mean and its absence a column. The penalty is chosen inside the training rows.

    Args:
        table: n x baseline numbers. received: [n] index of the treatment. outcome: [n], NaN unknown.
        weights: [n] of the rows in fitting; 0 leaves a row out.
    """
    values, y = _filled(table), np.asarray(outcome, float)
    load = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    load = np.where(np.isfinite(y), load, 0.0)
    part, made = patient_folds(patients, folds, seed), np.full((len(y), count), np.nan)
    inner = patient_folds(patients, folds, seed + 1)
    for fold in range(folds):
        rest = (part != fold) & (load > 0)
        penalty = _chosen(values, received, count, y, load, rest, inner)
        model = _fit(_design(values[rest], received[rest], count), y[rest], load[rest], penalty)
        for k in range(count):
            rows = part == fold
            made[rows, k] = _said(model, _design(values[rows], np.full(rows.sum(), k), count))
    return made


def _filled(table: pd.DataFrame) -> Array:
    values = table.to_numpy(float)
    known = np.isfinite(values)
    values = values[:, known.any(axis=0)]
    known = known[:, known.any(axis=0)]
    centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    z = np.where(known, (values - centre) / np.where(spread > _TINY, spread, np.inf), 0.0)
    absent = np.unique(~known[:, (~known).any(axis=0)], axis=1).astype(float)
    return np.concatenate([z, absent - absent.mean(axis=0)], axis=1)


def _design(values: Array, received: NDArray[np.int64], count: int) -> Array:
    hot = np.eye(count)[received]
    products = (hot[:, :, None] * values[:, None, :]).reshape(len(values), -1)
    return np.concatenate([3 * hot, values, _PRODUCTS * products], axis=1)


def _is_binary(y: Array) -> bool:
    return bool(np.isin(y[np.isfinite(y)], (0.0, 1.0)).all())


def _fit(design: Array, y: Array, load: Array, penalty: float) -> LogisticRegression | Ridge:
    if _is_binary(y) and len(np.unique(y)) == 2:
        return LogisticRegression(C=1 / penalty, max_iter=1000).fit(design, y.astype(int), load)
    return Ridge(alpha=penalty).fit(design, y, load)


def _said(model: LogisticRegression | Ridge, design: Array) -> Array:
    if isinstance(model, LogisticRegression):
        return np.asarray(model.predict_proba(design)[:, 1])
    return np.asarray(model.predict(design))


def _chosen(
    values: Array,
    received: NDArray[np.int64],
    count: int,
    y: Array,
    load: Array,
    rest: NDArray[np.bool_],
    inner: NDArray[np.int64],
) -> float:
    """Penalty of least weighted squared error over inner folds of the training rows."""
    losses = dict.fromkeys(_PENALTIES, 0.0)
    for fold in np.unique(inner):
        own, held = rest & (inner != fold), rest & (inner == fold)
        if not held.any() or not own.any():
            continue
        design, other = (_design(values[rows], received[rows], count) for rows in (own, held))
        for penalty in _PENALTIES:
            error = y[held] - _said(_fit(design, y[own], load[own], penalty), other)
            losses[penalty] += float((load[held] * error**2).sum())
    return min(losses, key=lambda penalty: losses[penalty])
