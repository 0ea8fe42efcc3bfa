"""What a treatment, or a rule of who receives which, would be worth for everyone: doubly robust, with intervals.

The augmented inverse-probability score of patient i under treatment k is m_k(x_i) + 1{received k} / e_k(x_i) * (y_i -
m_k(x_i)) (Robins, Rotnitzky and Zhao 1994, JASA 89:846), m and e by models that had not seen the patient (Chernozhukov
et al. 2018, Econom J 21:C1). Its mean is right where either the chances e or the expected outcomes m are, and nothing
unseen drives both treatment and outcome. With censoring the outcome is the time without the event up to a horizon, each
observed one weighed by the inverse chance of being observed (by treatment, Kaplan and Meier).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.causal.propensity import cross_fitted
from tumorcast.evaluation.causal.weights import tilt_of
from tumorcast.metrics.intervals import Interval
from tumorcast.metrics.time_dependent import Censoring

Array = NDArray[np.float64]

LEAST_CHANCE = 0.02
"""Chance of a treatment below which a patient has no overlap with it."""
MOST_WITHOUT_OVERLAP = 0.1
"""Share of patients without overlap above which a policy gets no number."""


@dataclass(frozen=True)
class Scores:
    """Doubly robust scores of n courses under G treatments.

    Attributes:
        treatments: [G] names. received: [n] index. patients: [n].
        chances: [n, G] of each treatment. expected: [n, G] outcome under each, out of fold.
        observed: [n] outcome, NaN unknown. weight: [n] inverse chance of being observed, 0 where not.
        values: [n, G] the scores.
    """

    treatments: tuple[str, ...]
    received: NDArray[np.int64]
    patients: NDArray[np.str_]
    chances: Array
    expected: Array
    observed: Array
    weight: Array
    values: Array

    def policy(self, treatment: str) -> NDArray[np.int64]:
        """[n] everyone receives this treatment."""
        return np.full(len(self.received), self.treatments.index(treatment))

    def expected_best(self) -> NDArray[np.int64]:
        """[n] the treatment of the highest expected outcome among those with overlap; of models that had not seen the
        patient, so that its value may be taken on the same patients."""
        return np.where(self.chances >= LEAST_CHANCE, self.expected, -np.inf).argmax(axis=1)


@dataclass(frozen=True)
class PolicyValue:
    """A mean outcome, or a difference of two.

    Attributes:
        estimate: with its interval by the influence function, patients as clusters; NaN without overlap.
        without_overlap: share of patients who could not have received what the policy says.
        reason: why there is no number; "" where there is.
    """

    estimate: Interval
    without_overlap: float
    reason: str = ""


def doubly_robust_scores(
    table: pd.DataFrame,
    given: Sequence[str],
    patients: Sequence[str],
    outcome: ArrayLike,
    weight: ArrayLike | None = None,
    chances: ArrayLike | None = None,
    expected: ArrayLike | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Scores:
    """Scores of courses whose outcome is 0 or 1, or a number; a course without outcome has its expected one.

    Args:
        table: n x numbers known before treatment, NaN missing. given: [n] treatment. patients: [n].
        outcome: [n], higher is better, NaN unknown. weight: [n] inverse chance that it is observed, 0 where it is not;
            None: 1.
        chances: [n, G] in the order of the sorted treatments, where they are known (a randomised trial).
        expected: [n, G], where they are to be those of another model that has not seen the patients.

    Raises:
        InputError: fewer than two treatments, or no baseline number.
    """
    groups, people = tuple(sorted(set(given))), [str(name) for name in patients]
    known = cross_fitted(table, given, people, folds, seed)[1] if chances is None else chances
    chance = np.asarray(known, float)
    if len(groups) < 2 or chance.shape != (len(table), len(groups)):
        raise InputError("chances of at least two treatments are needed", got=f"{chance.shape}: {groups}")
    received = np.array([groups.index(name) for name in given])
    y = np.asarray(outcome, float)
    load = np.isfinite(y).astype(float) if weight is None else np.asarray(weight, float)
    if expected is None:
        from tumorcast.evaluation.causal.nuisance import cross_fitted_outcomes

        said = cross_fitted_outcomes(table, received, len(groups), y, people, load, folds, seed)
    else:
        said = np.asarray(expected, float)
    values = _augmented(received, chance, said, y, load)
    return Scores(groups, received, np.array(people), chance, said, y, load, values)


def _augmented(received: NDArray[np.int64], chance: Array, said: Array, y: Array, load: Array) -> Array:
    """[n, G] expected outcomes, that of the received treatment moved by its weighed residual."""
    rows = np.arange(len(y))
    own = np.maximum(chance[rows, received], LEAST_CHANCE)
    residual = np.where(load > 0, np.nan_to_num(y) - said[rows, received], 0.0)
    values = said.copy()
    values[rows, received] += load / own * residual
    return values


def restricted_outcome(
    time: ArrayLike, is_event: ArrayLike, given: Sequence[str], horizon: float
) -> tuple[Array, Array]:
    """(time without the event up to `horizon` [n], inverse chance of being observed [n]), for `doubly_robust_scores`.

    A course that is censored before the horizon has weight 0. The chance is Kaplan and Meier's of each treatment's
    censoring: what makes follow-up end must not depend on the patient otherwise.

    Raises:
        InputError: a treatment's longest follow-up ends before the horizon, censored.
    """
    times, event, names = np.asarray(time, float), np.asarray(is_event, bool), np.asarray(given)
    restricted = np.minimum(times, horizon)
    weight = np.zeros(len(times))
    for name in np.unique(names):
        rows = names == name
        last = times[rows].max()
        if last < horizon and not event[rows][times[rows] == last].any():
            raise InputError(
                f"nobody who received {name} is followed to the horizon",
                got=f"{last:g}, censored",
                expected=f"a horizon of at most that, not {horizon:g}",
            )
        censoring = Censoring.fit(times[rows], event[rows])
        seen = event[rows] | (times[rows] >= horizon)
        before = np.nextafter(restricted[rows], -np.inf)
        weight[rows] = np.where(seen, 1 / np.maximum(censoring.at(before), LEAST_CHANCE), 0.0)
    return restricted, weight


def policy_value(scores: Scores, policy: NDArray[np.int64], confidence: float = 0.95) -> PolicyValue:
    """Mean outcome if everyone received what the policy [n] says."""
    lost = _without_overlap(scores, policy)
    return _told(scores, _chosen(scores.values, policy), lost, confidence)


def policy_difference(
    scores: Scores, policy: NDArray[np.int64], other: NDArray[np.int64], confidence: float = 0.95
) -> PolicyValue:
    """Mean outcome under a policy less that under another, on the same patients."""
    lost = _without_overlap(scores, policy) | _without_overlap(scores, other)
    gain = _chosen(scores.values, policy) - _chosen(scores.values, other)
    return _told(scores, gain, lost, confidence)


def value_in_overlap(scores: Scores, treatment: str, confidence: float = 0.95) -> Interval:
    """Mean outcome under a treatment among patients for whom every treatment is possible (`weights.tilt_of`)."""
    tilt = tilt_of(scores.chances)
    return _mean(_chosen(scores.values, scores.policy(treatment)), scores.patients, confidence, tilt)


def naive_values(scores: Scores) -> dict[str, float]:
    """Treatment -> mean observed outcome of those who received it: what nobody should compare."""
    return {
        name: _average(scores, k, np.ones(len(scores.received))) for k, name in enumerate(scores.treatments)
    }


def weighted_values(scores: Scores) -> dict[str, float]:
    """Treatment -> mean outcome by inverse chances of receiving it (Hajek): right where the chances are."""
    inverse = 1 / np.maximum(_chosen(scores.chances, scores.received), LEAST_CHANCE)
    return {name: _average(scores, k, inverse) for k, name in enumerate(scores.treatments)}


def _average(scores: Scores, k: int, weights: Array) -> float:
    rows = (scores.received == k) & (scores.weight > 0)
    return float(np.average(scores.observed[rows], weights=(weights * scores.weight)[rows]))


def _chosen(values: Array, policy: NDArray[np.int64]) -> Array:
    return np.asarray(np.take_along_axis(values, policy[:, None], axis=1)[:, 0])


def _without_overlap(scores: Scores, policy: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(_chosen(scores.chances, policy) < LEAST_CHANCE)


def _told(scores: Scores, gain: Array, lost: NDArray[np.bool_], confidence: float) -> PolicyValue:
    share = float(lost.mean())
    if share > MOST_WITHOUT_OVERLAP:
        nothing = Interval(float("nan"), float("nan"), float("nan"))
        return PolicyValue(nothing, share, f"{share:.0%} of the patients could not have received it")
    return PolicyValue(_mean(gain, scores.patients, confidence, np.ones(len(gain))), share)


def _mean(values: Array, patients: NDArray[np.str_], confidence: float, weights: Array) -> Interval:
    """Weighted mean with its normal interval; a patient's courses are one cluster."""
    mean = float(np.average(values, weights=weights))
    _, place = np.unique(patients, return_inverse=True)
    parts = np.bincount(place, weights * (values - mean))
    n = len(parts)
    error = np.sqrt(n / max(n - 1, 1) * (parts**2).sum()) / weights.sum()
    reach = float(norm.ppf(0.5 + confidence / 2) * error)
    return Interval(mean, mean - reach, mean + reach)
