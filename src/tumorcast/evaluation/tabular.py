"""A table of patients -> chance of response: linear models, straight and with curves, and trees, averaged.

Small clinical tables are where averages of unlike simple models do as well as anything larger (Grinsztajn et al.,
NeurIPS 2022; Christodoulou et al., J Clin Epidemiol 2019, 110:12). Every step is fitted on the training rows alone:
the shape of skewed columns, limits, spline knots, categories, and, on inner folds by patient, the strength of the
penalty and whether one member is used rather than the average.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import skew
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import SplineTransformer, StandardScaler

from tumorcast.domain.errors import InputError

Array = NDArray[np.float64]
AVERAGE = "average"
_PENALTIES = (0.01, 0.03, 0.1, 0.3)
_SKEWED, _FEW_VALUES, _RARE = 2.0, 8, 10
_LIMITS = (0.5, 99.5)
_KNOTS, _DEGREE = 4, 2
_INNER = 5
_TREES = 500


@dataclass(frozen=True)
class Columns:
    """What was learned of a table's columns.

    Attributes:
        numeric: name -> (lowest, highest, whether log1p is taken, median). categories: name -> values with enough rows.
    """

    numeric: dict[str, tuple[float, float, bool, float]]
    categories: dict[str, tuple[str, ...]]

    @classmethod
    def fit(cls, table: pd.DataFrame) -> Columns:
        """Limits at the 0.5th and 99.5th percentile; log1p where a column of positive numbers is skewed; categories
        of fewer than 10 rows go together. Columns of one value are left out."""
        numeric, categories = {}, {}
        for name in table:
            values = table[name].dropna()
            if values.nunique() < 2:
                continue
            if pd.api.types.is_numeric_dtype(values):
                own = values.to_numpy(float)
                low, high = np.percentile(own, _LIMITS)
                is_skewed = bool(own.min() >= 0 and len(np.unique(own)) > 2 and skew(own) > _SKEWED)
                numeric[str(name)] = (float(low), float(high), is_skewed, float(values.median()))
            else:
                counts = values.astype(str).value_counts()
                categories[str(name)] = tuple(sorted(counts.index[counts >= _RARE]))
        if not numeric and not categories:
            raise InputError(
                "no column of the table varies", got=f"{table.shape[1]} columns, {len(table)} rows"
            )
        return cls(numeric, categories)

    def transform(self, table: pd.DataFrame) -> pd.DataFrame:
        """Numbers within their limits (log1p where skewed; the training median where unknown, with a column that says
        so), and a column of 0 and 1 for each category."""
        made: dict[str, Array] = {}
        for name, (low, high, is_skewed, median) in self.numeric.items():
            raw = (
                pd.to_numeric(table[name], errors="coerce")
                if name in table
                else pd.Series(np.nan, table.index)
            )
            known = np.asarray(raw.fillna(median).clip(low, high), np.float64)
            made[name] = np.log1p(known) if is_skewed else known
            made[f"{name} unknown"] = np.asarray(raw.isna(), np.float64)
        for name, values in self.categories.items():
            text = table[name].astype(str) if name in table else pd.Series("", table.index)
            made |= {f"{name}={value}": np.asarray(text == value, np.float64) for value in values}
        return pd.DataFrame(made, index=table.index)


class _Linear:
    """Ridge logistic regression; columns with many values enter as splines, unless it is straight."""

    def __init__(self, penalty: float, is_straight: bool = False) -> None:
        self.penalty, self.is_straight = penalty, is_straight

    def fit(self, features: pd.DataFrame, label: Array) -> _Linear:
        curved = [n for n in features if features[n].nunique() > _FEW_VALUES and not self.is_straight]
        self.curved, self.straight = curved, [name for name in features if name not in curved]
        self.splines = SplineTransformer(_KNOTS, degree=_DEGREE, extrapolation="linear", include_bias=False)
        if curved:
            self.splines.fit(features[curved])
        self.scaler = StandardScaler()
        self.model = LogisticRegression(C=self.penalty, max_iter=5000)
        self.model.fit(self.scaler.fit_transform(self._wide(features)), label)
        return self

    def _wide(self, features: pd.DataFrame) -> Array:
        parts = [features[self.straight].to_numpy(float)]
        if self.curved:
            parts.append(self.splines.transform(features[self.curved]))
        return np.concatenate(parts, axis=1)

    def predict(self, features: pd.DataFrame) -> Array:
        return np.asarray(self.model.predict_proba(self.scaler.transform(self._wide(features)))[:, 1])


class _Trees:
    """A classifier of trees on the same columns."""

    def __init__(self, model: ExtraTreesClassifier | HistGradientBoostingClassifier) -> None:
        self.model = model

    def fit(self, features: pd.DataFrame, label: Array) -> _Trees:
        self.model.fit(features.to_numpy(float), label)
        return self

    def predict(self, features: pd.DataFrame) -> Array:
        return np.asarray(self.model.predict_proba(features.to_numpy(float))[:, 1])


def _members(penalty: float, seed: int) -> dict[str, _Linear | _Trees]:
    boosted = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.03,
        max_leaf_nodes=6,
        min_samples_leaf=20,
        l2_regularization=5.0,
        random_state=seed,
    )
    extra = ExtraTreesClassifier(_TREES, min_samples_leaf=6, max_features=0.4, random_state=seed)
    return {
        "curved": _Linear(penalty),
        "straight": _Linear(penalty, is_straight=True),
        "boosted trees": _Trees(boosted),
        "extra trees": _Trees(extra),
    }


@dataclass(frozen=True)
class TabularModel:
    """A fitted table model; `chosen` is "average" or a member's name, `inner_loss` what each had on inner folds.

    A member alone is used only where it is better than the average by more than the standard error of that.
    """

    columns: Columns
    members: Mapping[str, _Linear | _Trees]
    chosen: str
    inner_loss: dict[str, float]

    def predict(self, table: pd.DataFrame) -> Array:
        """[n] probability of response."""
        features = self.columns.transform(table)
        used = list(self.members) if self.chosen == AVERAGE else [self.chosen]
        return np.mean([self.members[name].predict(features) for name in used], axis=0)


def fit_tabular(table: pd.DataFrame, label: Array, patients: NDArray, seed: int = 0) -> TabularModel:
    """Fit on a table of courses x columns (numbers or text, NaN unknown); all choices on inner folds by patient.

    Raises:
        InputError: one class alone, or no column that varies.
    """
    if len(np.unique(label)) < 2:
        raise InputError(
            "a model of response needs responders and others", got=f"{int(label.sum())} of {len(label)}"
        )
    folds = list(_inner_folds(label, patients, seed))
    losses = {
        penalty: _inner(table, label, folds, {"curved": _Linear(penalty)})["curved"] for penalty in _PENALTIES
    }
    penalty = min(losses, key=lambda p: float(losses[p].mean()))
    inner = _inner(table, label, folds, _members(penalty, seed))
    columns = Columns.fit(table)
    features = columns.transform(table)
    members = {name: member.fit(features, label) for name, member in _members(penalty, seed).items()}
    best = min(inner, key=lambda name: float(inner[name].mean()))
    gain = inner[AVERAGE] - inner[best]
    chosen = best if gain.mean() > gain.std() / np.sqrt(len(gain)) else AVERAGE
    return TabularModel(columns, members, chosen, {name: float(loss.mean()) for name, loss in inner.items()})


def _inner_folds(label: Array, patients: NDArray, seed: int) -> list[tuple[NDArray, NDArray]]:
    count = max(2, min(_INNER, int(label.sum()), int((1 - label).sum())))
    return list(StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(label, label, patients))


def _inner(
    table: pd.DataFrame,
    label: Array,
    folds: list[tuple[NDArray, NDArray]],
    members: Mapping[str, _Linear | _Trees],
) -> dict[str, Array]:
    """[n] log loss on held-out inner folds of each member and, where there are several, of their average."""
    held = {name: np.full(len(label), np.nan) for name in members}
    for training, test in folds:
        columns = Columns.fit(table.iloc[training])
        inside, outside = columns.transform(table.iloc[training]), columns.transform(table.iloc[test])
        for name, member in members.items():
            held[name][test] = member.fit(inside, label[training]).predict(outside)
    if len(held) > 1:
        held[AVERAGE] = np.mean(list(held.values()), axis=0)
    return {name: _log_loss(label, probability) for name, probability in held.items()}


def _log_loss(label: Array, probability: Array) -> Array:
    kept = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(-(label * np.log(kept) + (1 - label) * np.log1p(-kept)))
