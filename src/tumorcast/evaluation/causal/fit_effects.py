"""Outcomes of training courses -> doubly robust values of kinds of treatment, contrasts, E-values. Training side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import exp, isfinite

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.causal import e_value
from tumorcast.evaluation.causal.e_value import EValue
from tumorcast.evaluation.causal.effects import FamilyContrast, FamilyValue, OutcomeEffects, Unit
from tumorcast.evaluation.causal.overlap import FEWEST, FEWEST_IN_ALL, telling
from tumorcast.evaluation.causal.values import (
    Scores,
    doubly_robust_scores,
    naive_values,
    policy_difference,
    policy_value,
    restricted_outcome,
)

Array = NDArray[np.float64]

_LEVEL = 0.95
_FEWEST_OF_A_KIND = 5
_FOLLOWED, _SHORTEST = 10, 1.0
_TOO_FEW_ALIKE = "too few patients who received it were like the others"
_PER_DEVIATION = 0.91
"""Logarithm of the risk ratio that a standard deviation of a number stands for (VanderWeele and Ding 2017)."""


def response_effects(
    table: pd.DataFrame,
    given: Sequence[str],
    patients: Sequence[str],
    response: ArrayLike,
    cancer: str,
    seed: int = 0,
) -> OutcomeEffects | None:
    """Of a response (1 or 0, NaN unknown); the first course of each patient counts.

    Args:
        table: course x baseline numbers. given: [n] family. patients: [n].

    Returns:
        None where fewer than two families have twenty patients of known response, five of them with and five without
        it; where these are fewer than fifty in all; or where no number known before varies among them.
    """
    y = np.asarray(response, float)
    rows, names = _rows(given, patients, np.isfinite(y))
    kept = [name for name in names if _has_both(y[rows & (np.asarray(given) == name)])]
    scores, measured = _scores(table, given, patients, rows, kept, y, None, seed)
    return None if scores is None else _effects(scores, cancer, "response", "probability", None, measured)


def time_effects(
    table: pd.DataFrame,
    given: Sequence[str],
    patients: Sequence[str],
    months: ArrayLike,
    is_event: ArrayLike,
    cancer: str,
    endpoint: str,
    seed: int = 0,
) -> OutcomeEffects | None:
    """Of the months without the event, up to where ten patients of every family are followed; else as
    `response_effects`, five events a family.

    Args:
        months, is_event: [n], NaN unknown.
    """
    time, event = np.asarray(months, float), np.asarray(is_event, float)
    rows, names = _rows(given, patients, np.isfinite(time) & np.isfinite(event) & (time > 0))
    of = {name: rows & (np.asarray(given) == name) for name in names}
    kept = [name for name, own in of.items() if event[own].sum() >= _FEWEST_OF_A_KIND]
    if len(kept) < 2:
        return None
    horizon = float(np.floor(min(np.sort(time[of[name]])[-_FOLLOWED] for name in kept)))
    if horizon < _SHORTEST:
        return None
    rows = rows & np.isin(np.asarray(given), kept)
    own_given = [name for name, is_kept in zip(given, rows, strict=True) if is_kept]
    y, weight = np.full(len(time), np.nan), np.zeros(len(time))
    y[rows], weight[rows] = restricted_outcome(time[rows], event[rows] > 0, own_given, horizon)
    scores, measured = _scores(table, given, patients, rows, kept, y, weight, seed)
    return None if scores is None else _effects(scores, cancer, endpoint, "months", horizon, measured)


def _rows(
    given: Sequence[str], patients: Sequence[str], is_known: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], list[str]]:
    """(first courses of known outcome, families with enough of them)."""
    rows = ~pd.Series(list(patients)).duplicated().to_numpy() & is_known
    counts = pd.Series(list(given))[rows].value_counts()
    return rows, sorted(str(name) for name in counts.index[counts >= FEWEST])


def _has_both(y: Array) -> bool:
    return bool(min(y.sum(), len(y) - y.sum()) >= _FEWEST_OF_A_KIND)


def _scores(
    table: pd.DataFrame,
    given: Sequence[str],
    patients: Sequence[str],
    rows: NDArray[np.bool_],
    kept: Sequence[str],
    outcome: Array,
    weight: Array | None,
    seed: int,
) -> tuple[Scores | None, int]:
    """(scores of the kept families' patients, numbers adjusted for); (None, 0) where there is nothing to compare."""
    rows = rows & np.isin(np.asarray(given), list(kept))
    numbers = telling(table[rows])
    if len(kept) < 2 or rows.sum() < FEWEST_IN_ALL or numbers.columns.empty:
        return None, 0
    names, people = (np.asarray(values, object)[rows].tolist() for values in (list(given), list(patients)))
    load = None if weight is None else weight[rows]
    try:
        return doubly_robust_scores(numbers, names, people, outcome[rows], load, seed=seed), numbers.shape[1]
    except InputError:
        return None, 0


def _effects(
    scores: Scores, cancer: str, outcome: str, unit: Unit, horizon: float | None, measured: int
) -> OutcomeEffects | None:
    naive, values = naive_values(scores), {}
    for k, name in enumerate(scores.treatments):
        told = policy_value(scores, scores.policy(name), _LEVEL)
        own, n = told.estimate, int((scores.received == k).sum())
        if told.reason or (unit == "probability" and not 0 < own.value < 1):
            continue
        low, high = (max(own.low, 0.0), min(own.high, 1.0 if horizon is None else horizon))
        values[name] = FamilyValue(n, naive[name], own.value, low, high)
    pairs = list(combinations(scores.treatments, 2))
    level = 1 - (1 - _LEVEL) / len(pairs)
    contrasts = tuple(_contrast(scores, *pair, unit, level) for pair in pairs)
    if all(one.reason for one in contrasts):
        return None
    n = len(scores.received)
    return OutcomeEffects(cancer, outcome, unit, horizon, n, measured, values, contrasts)


def _contrast(scores: Scores, first: str, second: str, unit: Unit, level: float) -> FamilyContrast:
    one, other = scores.policy(first), scores.policy(second)
    told = policy_difference(scores, one, other, level)
    if told.reason:
        return FamilyContrast(first, second, None, None, None, None, None, told.reason)
    own = told.estimate
    found: EValue | None
    if unit == "probability":
        if not all(0 < scores.values[:, own_policy[0]].mean() < 1 for own_policy in (one, other)):
            return FamilyContrast(first, second, None, None, None, None, None, _TOO_FEW_ALIKE)
        found = _of_risks(scores, first, second, level)
    else:
        found = _of_months(scores, own.value, own.low, own.high)
    if found is None:
        return FamilyContrast(first, second, own.value, own.low, own.high, None, None)
    bound = 1.0 if own.low <= 0 <= own.high else found.bound
    return FamilyContrast(first, second, own.value, own.low, own.high, found.value, bound)


def _of_risks(scores: Scores, first: str, second: str, level: float) -> EValue:
    """Of the ratio of two shares above 0, interval on the logarithm (delta method)."""
    a, b = (scores.values[:, scores.treatments.index(name)] for name in (first, second))
    ratio = float(a.mean() / b.mean())
    error = float(np.std(a / a.mean() - b / b.mean(), ddof=1) / np.sqrt(len(a)))
    reach = float(norm.ppf(0.5 + level / 2)) * error
    return e_value.of_risk_ratio(ratio, ratio * exp(-reach), ratio * exp(reach))


def _of_months(scores: Scores, value: float, low: float, high: float) -> EValue | None:
    """Of the risk ratio that a difference of means stands for: exp(0.91 standard deviations)."""
    seen = scores.weight > 0
    spreads = [
        np.cov(scores.observed[own], aweights=scores.weight[own])
        for k in range(len(scores.treatments))
        if (own := seen & (scores.received == k)).sum() > 1
    ]
    spread = float(np.sqrt(np.mean(spreads))) if spreads else 0.0
    if not (isfinite(spread) and spread > 0):
        return None
    ratio, least, most = (exp(_PER_DEVIATION * x / spread) for x in (value, low, high))
    return e_value.of_risk_ratio(ratio, least, most)
