"""Who is given what: a penalised multinomial logistic regression of the treatment on what was known before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tumorcast.domain.errors import InputError

Array = NDArray[np.float64]

PENALTIES = (0.3, 3.0, 30.0, 300.0)
_FOLDS = 5
_TUPLES = ("columns", "centre", "scale", "told_missing", "groups", "intercepts")
_RARELY, _TINY = 0.02, 1e-8


@dataclass(frozen=True)
class Propensity:
    """Chances of G treatments given named numbers.

    Attributes:
        columns: names of the numbers.
        centre, scale: of each; a missing one counts as its centre.
        told_missing: columns whose absence is a column of its own; of columns that are absent together the first.
        groups: names of the treatments.
        intercepts: [G]. weights: [G][columns, then told_missing].
        penalty: on half the squares of the weights.
    """

    columns: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    told_missing: tuple[str, ...]
    groups: tuple[str, ...]
    intercepts: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    penalty: float

    def chances(self, table: pd.DataFrame) -> Array:
        """[n, G] chances of the groups, of rows with these columns; NaN, or a column that is absent, is missing."""
        design = self._design(table.reindex(columns=list(self.columns)).to_numpy(float))
        logits = np.array(self.intercepts) + design @ np.array(self.weights).T
        return np.exp(logits - _log_sums(logits))

    def _design(self, values: Array) -> Array:
        z = (values - np.array(self.centre)) / np.array(self.scale)
        absent = [self.columns.index(name) for name in self.told_missing]
        return np.concatenate([np.where(np.isfinite(z), z, 0.0), ~np.isfinite(values[:, absent])], axis=1)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Propensity:
        """The inverse of `to_json`, lists for tuples allowed."""
        weights = tuple(tuple(map(float, row)) for row in fields["weights"])
        told = {name: tuple(fields[name]) for name in _TUPLES}
        return cls(**told, weights=weights, penalty=float(fields["penalty"]))


def fit_propensity(
    table: pd.DataFrame,
    given: Sequence[str],
    patients: Sequence[str] | None = None,
    penalties: Sequence[float] = PENALTIES,
    seed: int = 0,
) -> Propensity:
    """Fitted to all rows; the penalty is that of least held-out log loss over folds by patient.

    Args:
        table: n x numbers known before treatment, NaN missing; constant and empty columns are left out.
        given: [n] name of the treatment. patients: [n] whose row it is; None: each its own.

    Raises:
        InputError: fewer than two treatments, or no column that varies.
    """
    groups = tuple(sorted(set(given)))
    if len(groups) < 2:
        raise InputError("nothing to compare: one treatment alone", got=", ".join(groups) or "none")
    choice = np.array([groups.index(name) for name in given])
    empty = _empty(table, groups)
    design = empty._design(table[list(empty.columns)].to_numpy(float))
    best = penalties[0]
    if len(penalties) > 1:
        folds = patient_folds(patients if patients is not None else range(len(choice)), _FOLDS, seed)
        best = min(penalties, key=lambda penalty: _held_out_loss(design, choice, len(groups), folds, penalty))
    return _filled(empty, *_fitted(design, choice, len(groups), best), best)


def cross_fitted(
    table: pd.DataFrame, given: Sequence[str], patients: Sequence[str], folds: int = 5, seed: int = 0
) -> tuple[tuple[str, ...], Array]:
    """(groups, [n, G]) chances by models that had not seen the patient.

    Raises:
        InputError: as `fit_propensity`, or a treatment that some fold's training rows lack.
    """
    groups, names = tuple(sorted(set(given))), np.asarray(given)
    part, made = patient_folds(patients, folds, seed), np.full((len(table), len(groups)), np.nan)
    whole = fit_propensity(table, given, patients, seed=seed)
    for fold in range(folds):
        rest = part != fold
        if set(names[rest]) != set(groups):
            raise InputError(
                "a treatment of too few patients to be left out in turn",
                got=", ".join(sorted(set(groups) - set(names[rest]))),
                fix="leave that treatment out, or join it with one like it",
            )
        own = fit_propensity(table[rest], names[rest].tolist(), None, (whole.penalty,))
        made[~rest] = own.chances(table[~rest])
    return groups, made


def patient_folds(patients: Sequence[object] | ArrayLike, folds: int, seed: int = 0) -> NDArray[np.int64]:
    """[n] fold of each row; a patient's rows share one."""
    rows = np.unique(np.asarray([str(name) for name in np.asarray(patients).tolist()]), return_inverse=True)[
        1
    ]
    place = np.random.default_rng(seed).permutation(rows.max() + 1) % folds
    return place[rows]


def _empty(table: pd.DataFrame, groups: tuple[str, ...]) -> Propensity:
    """Centres and scales of the columns that vary."""
    values = table.to_numpy(float)
    known = np.isfinite(values)
    centre, spread, columns = [], [], []
    for k, name in enumerate(table.columns):
        own = values[known[:, k], k]
        if len(own) > 1 and own.std() > _TINY:
            columns.append(str(name))
            centre.append(float(own.mean()))
            spread.append(float(own.std()))
    if not columns:
        raise InputError("no baseline column that varies", expected="numbers known before treatment")
    there = {str(name): known[:, k] for k, name in enumerate(table.columns)}
    alike = {there[name].tobytes(): name for name in reversed(columns)}
    absent = tuple(name for name in columns if _RARELY <= 1 - there[name].mean() <= 1 - _RARELY)
    absent = tuple(name for name in absent if name in alike.values())
    return Propensity(tuple(columns), tuple(centre), tuple(spread), absent, groups, (), (), 0.0)


def _filled(empty: Propensity, intercepts: Array, weights: Array, penalty: float) -> Propensity:
    rows = tuple(tuple(row) for row in weights.tolist())
    return replace(empty, intercepts=tuple(intercepts.tolist()), weights=rows, penalty=float(penalty))


def _fitted(design: Array, choice: NDArray[np.int64], count: int, penalty: float) -> tuple[Array, Array]:
    """(intercepts [G], weights [G, d]) of least log loss + penalty / 2 * squares of the weights."""
    from scipy.optimize import minimize

    n, d = design.shape
    hot = np.eye(count)[choice]

    def loss(flat: Array) -> tuple[float, Array]:
        own = flat.reshape(count, d + 1)
        logits = own[:, 0] + design @ own[:, 1:].T
        top = _log_sums(logits)
        error = np.exp(logits - top) - hot
        value = float((top[:, 0] - (logits * hot).sum(axis=1)).sum() + penalty / 2 * (own[:, 1:] ** 2).sum())
        slope = np.concatenate([error.sum(axis=0)[:, None], error.T @ design + penalty * own[:, 1:]], axis=1)
        return value / n, slope.ravel() / n

    found = minimize(loss, np.zeros(count * (d + 1)), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    own = found.x.reshape(count, d + 1)
    return own[:, 0], own[:, 1:]


def _log_sums(logits: Array) -> Array:
    """[n, 1] logarithm of the sum of exponentials of each row."""
    top = logits.max(axis=1, keepdims=True)
    return top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))


def _held_out_loss(
    design: Array, choice: NDArray[np.int64], count: int, folds: NDArray[np.int64], penalty: float
) -> float:
    total = 0.0
    for fold in np.unique(folds):
        rest = folds != fold
        intercepts, weights = _fitted(design[rest], choice[rest], count, penalty)
        logits = intercepts + design[~rest] @ weights.T
        logits = logits - _log_sums(logits)
        total -= float(np.take_along_axis(logits, choice[~rest, None], axis=1).sum())
    return total
