"""Intervals of AUROC without resampling: DeLong's variance, for patients with one course or several.

DeLong 1988 (Biometrics 44:837) by midranks (Sun and Xu 2014, IEEE Signal Process Lett 21:1389); several courses of one
patient by Obuchowski 1997 (Biometrics 53:567), which is DeLong's where each patient has one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, rankdata

from tumorcast.metrics.discrimination import _checked, _people
from tumorcast.metrics.intervals import Interval
from tumorcast.metrics.logistic import expit, logit
from tumorcast.metrics.ratio import Array


@dataclass(frozen=True)
class Paired:
    """A difference of two AUROCs on the same courses: interval, standard error, two-sided p."""

    difference: Interval
    error: float
    p: float


def delong_interval(
    label: ArrayLike, score: ArrayLike, patients: ArrayLike | None = None, confidence: float = 0.95
) -> Interval:
    """AUROC with an interval on the logit scale, which stays within 0 and 1; without one where AUROC is 0 or 1.

    Args:
        label: [n] 0 or 1. score: [n] finite. patients: [n]; None: every course is a patient.

    Raises:
        ValueError: as `auroc`; patients of another length.
    """
    value, covariance = _of_scores(label, [score], patients)
    area, error = float(value[0]), float(np.sqrt(covariance[0, 0]))
    if not 0 < area < 1 or not np.isfinite(error):
        return Interval(area, float("nan"), float("nan"))
    reach = norm.ppf(0.5 + confidence / 2) * error / (area * (1 - area))
    return Interval(area, float(expit(logit(area) - reach)), float(expit(logit(area) + reach)))


def delong_difference(
    label: ArrayLike,
    score: ArrayLike,
    other: ArrayLike,
    patients: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Paired:
    """AUROC of `score` less that of `other` on the same courses; p is NaN where the two rank all pairs alike.

    For models that were not fitted on these courses; nested models fitted on them need another test (Demler 2012, Stat
    Med 31:2577).
    """
    values, covariance = _of_scores(label, [score, other], patients)
    difference = float(values[0] - values[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    error = float(np.sqrt(max(variance, 0.0)))
    reach = float(norm.ppf(0.5 + confidence / 2)) * error
    p = float(2 * norm.sf(abs(difference) / error)) if error > 1e-12 else float("nan")
    return Paired(Interval(difference, difference - reach, difference + reach), error, p)


def _of_scores(label: ArrayLike, scores: list[ArrayLike], patients: ArrayLike | None) -> tuple[Array, Array]:
    """(AUROCs [k], their covariance [k, k]); NaN where a class is missing, covariance where it is one patient's."""
    checked = [_checked(label, score) for score in scores]
    truth = checked[0][0]
    values = np.stack([score for _, score in checked])
    responders, others = values[:, truth == 1], values[:, truth == 0]
    m, n = responders.shape[1], others.shape[1]
    if not m or not n:
        return np.full(len(values), np.nan), np.full((len(values), len(values)), np.nan)
    ranks = rankdata(np.concatenate([responders, others], axis=1), axis=1)
    above = (ranks[:, :m] - rankdata(responders, axis=1)) / n
    below = 1 - (ranks[:, m:] - rankdata(others, axis=1)) / m
    area = above.mean(axis=1)
    people = _people(patients, len(truth))
    place = np.concatenate([people[truth == 1], people[truth == 0]])
    count = int(people.max()) + 1
    first = _sums(above - area[:, None], place[:m], count) / m
    second = _sums(below - area[:, None], place[m:], count) / n
    with_first, with_second = (len(np.unique(part)) for part in (place[:m], place[m:]))
    if with_first < 2 or with_second < 2:
        return area, np.full((len(values), len(values)), np.nan)
    cross = first @ second.T
    spread = (first @ first.T) * with_first / (with_first - 1)
    spread = spread + (second @ second.T) * with_second / (with_second - 1)
    return area, spread + (cross + cross.T) * count / (count - 1)


def _sums(values: Array, place: Array, count: int) -> Array:
    """[k, count] sums of [k, n] by patient."""
    return np.stack([np.bincount(place, own, minlength=count) for own in values])
