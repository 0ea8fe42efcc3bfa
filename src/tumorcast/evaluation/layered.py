"""Several layers of patients -> chance of response: simple models of each layer, their evidence added up.

A layer of few columns must not drown in one of many, so each has models of its own: ridge logistic regression, a
kernel machine (radial basis, classes weighed alike) and a random forest, each brought to log-odds on inner folds by
patient (Platt 1999) and averaged. Layers add up as independent evidence does, the prior counted once; the sum is
shrunk to what held-out inner folds bear out (stacking, Wolpert 1992, with one weight for all, since some hundred
patients cannot tell more). A layer that a patient lacks adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.recalibration import Calibration, fit_calibration
from tumorcast.evaluation.tabular import Columns
from tumorcast.metrics.logistic import bounded_logit, logit

Array = NDArray[np.float64]
_STRENGTHS, _COSTS = (0.01, 0.03, 0.1), (1.0, 3.0, 10.0)
_WIDTH, _TREES, _LEAF = 0.3, 300, 3
_INNER, _FEWEST, _LEAST = 5, 10, 5e-3


@dataclass(frozen=True)
class _Layer:
    """One layer's models: each a pipeline and what brings its score to log-odds."""

    columns: Columns
    members: tuple[tuple[Pipeline, Calibration], ...]

    def log_odds(self, table: pd.DataFrame) -> Array:
        features = self.columns.transform(table).to_numpy(float)
        return np.asarray(np.mean([c.logit(_score(m, features)) for m, c in self.members], axis=0))


@dataclass(frozen=True)
class LayeredModel:
    """A fitted sum of layers; `prior` is the training log-odds of response."""

    layers: dict[str, _Layer]
    prior: float
    total: Calibration

    def log_odds(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, Array]:
        """Layer -> [n] log-odds of response given that layer alone; the prior for patients who lack it."""
        made = {}
        for name, layer in self.layers.items():
            has = _has(tables[name])
            made[name] = np.full(len(has), self.prior)
            if has.any():
                made[name][has] = layer.log_odds(tables[name][has])
        return made

    def predict(self, tables: Mapping[str, pd.DataFrame]) -> Array:
        """[n] probability of response."""
        return self.total.probability(sum(own - self.prior for own in self.log_odds(tables).values()))


def fit_layered(
    tables: Mapping[str, pd.DataFrame], label: Array, patients: Sequence[str], seed: int = 0
) -> LayeredModel:
    """Fit on training courses; all choices on inner folds by patient.

    Args:
        tables: layer -> [n rows] columns (numbers or text, NaN unknown); a row of NaN lacks the layer.
        label: [n] 0 or 1.

    Raises:
        InputError: fewer than ten responders or ten others.
    """
    label, people = np.asarray(label, float), np.asarray(patients).astype(str)
    rarer = int(min(label.sum(), (1 - label).sum()))
    if rarer < _FEWEST:
        raise InputError("too few patients of one answer", got=f"{rarer}", expected="10 of each or more")
    splitter = StratifiedGroupKFold(_INNER, shuffle=True, random_state=seed)
    folds = np.zeros(len(label), int)
    for k, (_, outside) in enumerate(splitter.split(label, label, people)):
        folds[outside] = k
    prior = float(logit(label.mean()))
    layers, total = {}, np.zeros(len(label))
    for name, table in tables.items():
        has = _has(table)
        if len(np.unique(label[has])) < 2:
            continue
        layers[name], held = _fit_layer(table[has], label[has], people[has], folds[has], seed)
        total[has] += held - prior
    return LayeredModel(layers, prior, fit_calibration("platt", total, label, people))


def _has(table: pd.DataFrame) -> NDArray[np.bool_]:
    return np.asarray(table.notna().any(axis=1))


def _families(width: int, seed: int) -> list[list[Pipeline]]:
    """Each family's candidates."""
    ridges = [make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=5000)) for c in _STRENGTHS]
    kernels = [
        make_pipeline(StandardScaler(), SVC(C=c, gamma=_WIDTH / max(width, 1), class_weight="balanced"))
        for c in _COSTS
    ]
    forest = RandomForestClassifier(_TREES, min_samples_leaf=_LEAF, random_state=seed)
    return [ridges, kernels, [make_pipeline(forest)]]


def _fit_layer(
    table: pd.DataFrame, label: Array, people: NDArray[np.str_], folds: NDArray[np.int64], seed: int
) -> tuple[_Layer, Array]:
    """The layer, and log-odds [n] of its courses by models fitted without their inner fold."""
    parts = [(folds != k, folds == k) for k in np.unique(folds)]
    prepared = []
    for inside, outside in parts:
        own = Columns.fit(table[inside])
        prepared.append(
            (own.transform(table[inside]).to_numpy(float), own.transform(table[outside]).to_numpy(float))
        )
    columns = Columns.fit(table)
    features = columns.transform(table).to_numpy(float)
    members, held = [], []
    for family in _families(table.shape[1], seed):
        tried = []
        for candidate in family:
            score = np.zeros(len(label))
            for (inside, outside), (training, test) in zip(parts, prepared, strict=True):
                score[outside] = _score(clone(candidate).fit(training, label[inside]), test)
            calibration = fit_calibration("platt", score, label, people)
            odds = calibration.logit(score)
            tried.append((_log_loss(odds, label), candidate, calibration, odds))
        _, candidate, calibration, odds = min(tried, key=lambda one: one[0])
        members.append((clone(candidate).fit(features, label), calibration))
        held.append(odds)
    return _Layer(columns, tuple(members)), np.asarray(np.mean(held, axis=0))


def _score(model: Pipeline, features: Array) -> Array:
    """[n] higher for response: the margin, or the forest's log-odds."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(features), float)
    return bounded_logit(model.predict_proba(features)[:, 1], _LEAST)


def _log_loss(odds: Array, label: Array) -> float:
    return float(np.mean(np.logaddexp(0, odds) - label * odds))
