"""Logits brought to probabilities that mean what they say, on the inner folds.

A patient counts once: each of n courses weighs 1/n.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.leakage import check_disjoint
from tumorcast.metrics.logistic import expit, logit

Array = NDArray[np.float64]

FEWEST_PATIENTS = {"none": 0, "temperature": 10, "platt": 20, "beta": 30, "isotonic": 100}
"""Patients of the rarer answer from which a method is tried; simplest method first."""
_IDENTITY = {"none": (), "temperature": (1.0,), "platt": (1.0, 0.0), "beta": (1.0, 1.0, 0.0)}
_STEEPEST, FARTHEST = 10.0, 300.0


@dataclass(frozen=True)
class Calibration:
    """A non-decreasing map of logits.

    Attributes:
        method: a key of `FEWEST_PATIENTS`.
        weights: temperature: (1/T,); platt: (slope, intercept); beta: (a, b, c) of a ln p - b ln(1 - p) + c.
        knots, levels: isotonic: logits, ascending, and their probabilities, linear between.
    """

    method: str = "none"
    weights: tuple[float, ...] = ()
    knots: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()

    def logit(self, values: ArrayLike) -> Array:
        """Calibrated logits; [n] as given."""
        raw = np.asarray(values, float)
        if self.method == "none":
            return raw
        if self.method == "isotonic":
            return logit(np.interp(raw, self.knots, self.levels))
        return np.asarray(design(self.method, raw) @ np.array(self.weights))

    def probability(self, values: ArrayLike) -> Array:
        """Calibrated probabilities of logits [n]."""
        return expit(self.logit(values))

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_json`, lists for tuples allowed."""
        return cls(fields["method"], *(tuple(fields[name]) for name in ("weights", "knots", "levels")))


@dataclass(frozen=True)
class Trial:
    """A method on folds it was not fitted on.

    Attributes:
        loss: log loss, mean over patients, in nats.
        excess, error: by how much it is above the best method's, and the standard error of that over patients.
    """

    method: str
    loss: float
    excess: float
    error: float


def fit_calibration(method: str, logits: ArrayLike, label: ArrayLike, patients: ArrayLike) -> Calibration:
    """One method fitted: temperature (Guo 2017, ICML), Platt's slope and intercept (1999), beta (Kull 2017, AISTATS),
    isotonic (pool adjacent violators; Zadrozny and Elkan 2002, KDD).

    All are fitted to `prior_corrected` labels; slopes are not negative, so that no patients change places.

    Args:
        logits, label, patients: [n] finite, 0 or 1, identifiers.

    Raises:
        InputError: lengths, labels or logits are wrong, or there is one class only.
    """
    values, truth = checked_courses(logits, label, patients)
    weight = patient_weights(patients)
    if len(np.unique(truth)) < 2:
        raise one_class(truth)
    if method == "none":
        return Calibration()
    target = prior_corrected(truth, weight)
    if method == "isotonic":
        knots, levels = isotonic_steps(values, target, weight)
        return Calibration(method, knots=tuple(knots.tolist()), levels=tuple(levels.tolist()))
    found = fit_logistic(design(method, values), target, weight, _IDENTITY[method])
    return Calibration(method, tuple(found.tolist()))


def choose_calibration(
    logits: ArrayLike, label: ArrayLike, patients: ArrayLike, folds: ArrayLike
) -> tuple[Calibration, tuple[Trial, ...]]:
    """The simplest method whose log loss on folds left out is within one standard error of the least, fitted on all.

    The standard error is that of the paired difference to the best, over patients. Methods with too few patients of
    the rarer answer (`FEWEST_PATIENTS`) are not tried.

    Args:
        logits: [n] of courses that their model was not trained on.
        folds: [n] of which patients lie wholly in one.

    Returns:
        the calibration, and what was tried, simplest first.

    Raises:
        InputError: as `fit_calibration`, or a course without a fold, fewer than two folds, or all of one answer in one
            fold.
        LeakageError: a patient is in two folds.
    """
    values, truth = checked_courses(logits, label, patients)
    people = np.asarray(patients).astype(str)
    parts = checked_folds(folds, people)
    rarer = rarer_answer(truth, people)
    tried = [method for method, fewest in FEWEST_PATIENTS.items() if rarer >= fewest]
    losses = {method: _left_out_loss(method, values, truth, people, parts) for method in tried}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    trials = tuple(_trial(method, loss, best) for method, loss in losses.items())
    chosen = next(trial.method for trial in trials if trial.excess <= trial.error)
    return fit_calibration(chosen, values, truth, people), trials


def patient_weights(patients: ArrayLike) -> Array:
    """[n] 1 / courses of the course's patient."""
    _, place, count = np.unique(np.asarray(patients).astype(str), return_inverse=True, return_counts=True)
    return 1.0 / count[place]


def prior_corrected(truth: Array, weight: Array) -> Array:
    """[n] Platt's targets, (n1 + 1)/(n1 + 2) for responders and 1/(n0 + 2): separated classes give finite answers."""
    n_response, n_other = weight @ truth, weight @ (1 - truth)
    return np.where(truth == 1, (n_response + 1) / (n_response + 2), 1 / (n_other + 2))


def checked_folds(folds: ArrayLike, patients: ArrayLike) -> NDArray[np.int_]:
    """[n] 0 .. K-1, in the order of the sorted folds.

    Raises:
        InputError: not one fold a course.
        LeakageError: a patient is in two folds.
    """
    given, people = np.asarray(folds), np.asarray(patients)
    if given.shape != people.shape or pd.isna(given).any():
        got = f"{int(pd.notna(given).sum())} folds of {len(people)} courses"
        raise InputError("folds do not fit the courses", got=got, expected="one fold a course")
    parts = np.unique(given, return_inverse=True)[1]
    for fold in range(parts.max() + 1):
        check_disjoint(people[parts == fold], people[parts != fold])
    return parts


def checked_courses(score: ArrayLike, label: ArrayLike, patients: ArrayLike) -> tuple[Array, Array]:
    """(score [n], label [n]) as floats.

    Raises:
        InputError: lengths differ, a label is neither 0 nor 1, a score is not finite, a patient has no identifier, or
            there is none.
    """
    values, truth = np.asarray(score, float), np.asarray(label, float)
    people = np.asarray(patients, object)
    if values.ndim != 1 or not len(values) or not values.shape == truth.shape == people.shape:
        got = f"scores {values.shape}, labels {truth.shape}, patients {people.shape}"
        raise InputError("courses cannot be judged", got=got, expected="three vectors of one length")
    is_wrong = ~np.isin(truth, (0.0, 1.0)) | ~np.isfinite(values) | pd.isna(people)
    if is_wrong.any():
        got = f"{int(is_wrong.sum())} other courses of {len(values)}"
        expected = "labels 0 or 1, finite scores, patient identifiers"
        raise InputError("courses cannot be judged", got=got, expected=expected, fix="leave them out")
    return values, truth


def rarer_answer(truth: Array, patients: ArrayLike) -> int:
    """Patients of the rarer answer; who has both counts in both."""
    people = np.asarray(patients).astype(str)
    return min(len(np.unique(people[truth == answer])) for answer in (0, 1))


def design(method: str, values: Array) -> Array:
    """[n, coefficients] what a method's weights multiply."""
    one = np.ones_like(values)
    columns = {
        "temperature": (values,),
        "platt": (values, one),
        "beta": (-np.logaddexp(0, -values), np.logaddexp(0, values), one),
    }
    return np.stack(columns[method], axis=1)


def isotonic_steps(values: Array, target: Array, weight: Array) -> tuple[Array, Array]:
    """(knots, levels) of the non-decreasing fit by least squares: both ends of each step; equal values are one."""
    from scipy.optimize import isotonic_regression

    knots, place = np.unique(values, return_inverse=True)
    mass = np.bincount(place, weight)
    means = np.bincount(place, weight * target) / mass
    levels = np.asarray(isotonic_regression(means, weights=mass).x)
    is_kept = np.ones(len(knots), bool)
    is_kept[1:-1] = (levels[1:-1] != levels[:-2]) | (levels[1:-1] != levels[2:])
    return knots[is_kept], levels[is_kept]


def fit_logistic(
    columns: Array, target: Array, weight: Array, start: tuple[float, ...], offset: Array | float = 0.0
) -> Array:
    """Coefficients of a logistic regression on targets 0 to 1; those that start at 1 are slopes, 0 to 10."""
    from scipy.optimize import minimize

    def loss(beta: Array) -> tuple[float, Array]:
        score = offset + columns @ beta
        slope = columns.T @ (weight * (expit(score) - target))
        return float(weight @ logistic_loss(score, target)) / weight.sum(), slope / weight.sum()

    bounds = [(0.0, _STEEPEST) if first else (-FARTHEST, FARTHEST) for first in start]
    options = {"ftol": 1e-14, "maxiter": 500}
    found = minimize(loss, np.array(start), jac=True, method="SLSQP", bounds=bounds, options=options)
    return np.asarray(found.x)


def logistic_loss(score: Array, target: Array) -> Array:
    """[n] log loss of logits, in nats."""
    return np.asarray(np.logaddexp(0, score) - target * score)


def _left_out_loss(
    method: str, values: Array, truth: Array, people: NDArray[Any], parts: NDArray[Any]
) -> Array:
    """[patients] mean log loss of a patient's courses, each by a calibration fitted on the other folds."""
    score = np.empty_like(values)
    for fold in np.unique(parts):
        rest = parts != fold
        if len(np.unique(truth[rest])) < 2:
            raise one_class(truth[rest], "the folds cannot judge a calibration")
        fitted = fit_calibration(method, values[rest], truth[rest], people[rest])
        score[~rest] = fitted.logit(values[~rest])
    place = np.unique(people, return_inverse=True)[1]
    return np.asarray(np.bincount(place, patient_weights(people) * logistic_loss(score, truth)), float)


def _trial(method: str, loss: Array, best: Array) -> Trial:
    excess = loss - best
    error = float(excess.std(ddof=1)) / np.sqrt(len(loss))
    return Trial(method, float(loss.mean()), float(excess.mean()), float(error))


def one_class(truth: Array, what: str = "a calibration cannot be fitted") -> InputError:
    """The error of labels that are all alike."""
    got = f"{int(truth.sum())} responses in {len(truth)} courses"
    return InputError(what, got=got, expected="responders and non-responders outside every fold")
