"""Leave one cohort out: models of response learned on some cohorts, tried on another, all choices made without it.

Cohorts differ by laboratory, so that a feature's level means little between them; its rank within the cohort means
more. Ranks need the other (unlabelled) patients of the cohort: "rank" models answer for cohorts, not for one patient
alone. Which features, levels or ranks, and how strong the penalty: chosen by leaving each training cohort out in turn,
by the mean AUROC over cohorts, which is also what is reported. Scores and models together (`best_together`) are chosen
likewise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tumorcast.domain.errors import InputError
from tumorcast.metrics.discrimination import auroc
from tumorcast.metrics.intervals import Interval

Array = NDArray[np.float64]
LEVELS, RANKS = "levels", "ranks"
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
_LEAST_COHORTS = 3


@dataclass(frozen=True)
class Choice:
    """Which features, in what form, and the inverse penalty of the ridge logistic regression."""

    features: str
    form: str
    penalty: float


@dataclass(frozen=True)
class LeftOut:
    """Probabilities of patients whose cohort was left out, and what was chosen without it, by cohort.

    Attributes:
        inner: left-out cohort -> [n] probabilities by its choice, fitted without it and without the patient's own
            cohort; NaN for its own patients.
    """

    probability: Array
    choices: dict[str, Choice]
    inner: dict[str, Array]


@dataclass(frozen=True)
class Together:
    """[n] mean rank within the cohort, 0 to 1, of the members chosen without it, by cohort."""

    score: Array
    members: dict[str, tuple[str, ...]]


def ranks_within(features: pd.DataFrame, cohort: pd.Series) -> pd.DataFrame:
    """Each feature as its mean rank among the patients of the cohort, -0.5 to 0.5; NaN stays NaN."""
    return features.groupby(cohort.to_numpy()).rank(pct=True) - 0.5


def leave_cohort_out(
    tables: Mapping[str, pd.DataFrame],
    label: Array,
    cohort: Sequence[str],
    forms: Sequence[str] = (LEVELS, RANKS),
    penalties: Sequence[float] = PENALTIES,
) -> LeftOut:
    """Predict each cohort by a model chosen and fitted on the others alone.

    Args:
        tables: name -> patient x feature, the same patients in each.
        label: [n] 0 or 1. cohort: [n] name.

    Raises:
        InputError: fewer than three cohorts, or one without responders or without others.
    """
    names = np.asarray(cohort).astype(str)
    cohorts = sorted(set(names))
    for one in cohorts:
        if len(np.unique(label[names == one])) < 2:
            raise InputError(
                "a cohort has one outcome alone", got=one, expected="responders and others in each"
            )
    if len(cohorts) < _LEAST_COHORTS:
        raise InputError(
            "too few cohorts to leave one out twice", got=", ".join(cohorts), expected="three or more"
        )
    inputs = _inputs(tables, pd.Series(names), forms)
    grid = [Choice(*parts) for parts in product(tables, forms, penalties)]
    inner = {
        choice: _pairs(inputs[choice.features, choice.form], label, names, choice.penalty) for choice in grid
    }
    probability, chosen = np.full(len(label), np.nan), {}
    for one in cohorts:
        others = names != one
        means = {choice: _mean(label[others], inner[choice][one][others], names[others]) for choice in grid}
        best = max(grid, key=lambda choice: means[choice])
        rows = names == one
        values = inputs[best.features, best.form]
        probability[rows] = _fitted(values[~rows], label[~rows], best.penalty).predict_proba(values[rows])[
            :, 1
        ]
        chosen[one] = best
    return LeftOut(probability, chosen, {one: inner[choice][one] for one, choice in chosen.items()})


def best_together(members: Mapping[str, LeftOut | Array], label: Array, cohort: Sequence[str]) -> Together:
    """Mean of the ranks of those members that together order the other cohorts best, for each cohort left out.

    All subsets are tried; of equal ones the largest counts. A patient is ranked by the members that are known of it,
    and stands in the middle where none is.

    Args:
        members: name -> models' predictions, or [n] a score that nothing was fitted for, NaN unknown.
    """
    names = np.asarray(cohort).astype(str)
    sizes = range(len(members), 0, -1)
    subsets = [own for size in sizes for own in combinations(members, size)]
    score, chosen = np.full(len(label), np.nan), {}
    for one in sorted(set(names)):
        rows = names == one
        inside = {name: _ranks(own.inner[one] if isinstance(own, LeftOut) else own, names)
                  for name, own in members.items()}  # fmt: skip
        means = {own: _mean(label[~rows], _middle(inside, own)[~rows], names[~rows]) for own in subsets}
        best = max(subsets, key=lambda own: means[own])
        outside = {name: _ranks(own.probability if isinstance(own, LeftOut) else own, names)
                   for name, own in members.items()}  # fmt: skip
        score[rows], chosen[one] = _middle(outside, best)[rows], best
    return Together(score, chosen)


def _ranks(values: Array, names: NDArray) -> Array:
    return np.asarray(pd.Series(values).groupby(names).rank(pct=True), np.float64)


def _middle(ranks: Mapping[str, Array], members: Sequence[str]) -> Array:
    known = np.stack([ranks[name] for name in members])
    count = np.isfinite(known).sum(axis=0)
    return np.where(count > 0, np.nansum(known, axis=0) / np.maximum(count, 1), 0.5)


def _inputs(
    tables: Mapping[str, pd.DataFrame], cohort: pd.Series, forms: Sequence[str]
) -> dict[tuple[str, str], Array]:
    made = {}
    for (name, table), form in product(tables.items(), forms):
        shaped = table if form == LEVELS else ranks_within(table.reset_index(drop=True), cohort)
        made[name, form] = shaped.to_numpy(float)
    return made


def _fitted(values: Array, label: Array, penalty: float) -> Pipeline:
    model = LogisticRegression(C=penalty, max_iter=5000)
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model).fit(values, label)


def _pairs(values: Array, label: Array, names: NDArray, penalty: float) -> dict[str, Array]:
    """Left-out cohort -> [n] probabilities of a model fitted without it and without the patient's own cohort."""
    made = {str(one): np.full(len(label), np.nan) for one in sorted(set(names))}
    for one, other in combinations(made, 2):
        rest = ~np.isin(names, [one, other])
        fitted = _fitted(values[rest], label[rest], penalty)
        for tried, left in ((one, other), (other, one)):
            made[left][names == tried] = fitted.predict_proba(values[names == tried])[:, 1]
    return made


def mean_auroc(
    label: Array, scores: Mapping[str, Array], cohort: Sequence[str], draws: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Mean over cohorts of each model's AUROC, and the first's paired difference to each other, with 95% intervals.

    Patients are drawn with replacement within each cohort and outcome, the same for all models; cohorts are taken as
    they are (the interval does not speak of further cohorts).
    """
    names = np.asarray(cohort).astype(str)
    groups = [
        np.flatnonzero((names == one) & (label == value)) for one in sorted(set(names)) for value in (0, 1)
    ]
    random = np.random.default_rng(seed)
    drawn = [np.concatenate([random.choice(rows, len(rows)) for rows in groups]) for _ in range(draws)]
    everyone = np.arange(len(label))
    values = {
        model: np.array([_mean(label[rows], score[rows], names[rows]) for rows in (everyone, *drawn)])
        for model, score in scores.items()
    }
    first, *others = scores
    values |= {f"{first} - {other}": values[first] - values[other] for other in others}
    return {name: Interval(v[0], *np.percentile(v[1:], [2.5, 97.5])) for name, v in values.items()}


def _mean(label: Array, score: Array, names: NDArray) -> float:
    return float(np.mean([auroc(label[names == one], score[names == one]) for one in np.unique(names)]))
