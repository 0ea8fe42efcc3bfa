"""Sets of answers, {R}, {NR}, both or empty, that hold the truth as often as promised (Vovk 2005; Vovk 2015, cross).

The nonconformity of an answer is 1 - its probability. Patients, not courses, are exchangeable: a patient's n courses
weigh 1/n each, a new course weighs 1, and the promise is for one course, drawn at random, of a new patient (Dunn 2022,
JASA 118:2491; Lee, Barber, Willett 2023, arXiv:2306.06342). Per class, the promise holds among responders and among
non-responders, and so whatever the share of responders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.recalibration import checked_courses, checked_folds, one_class, patient_weights
from tumorcast.metrics.intervals import binomial_interval

Array = NDArray[np.float64]
Sets = NDArray[np.bool_]

SET_NAMES = ("empty", "NR", "R", "both")
_DIGITS = 9


@dataclass(frozen=True)
class ConformalRule:
    """Nonconformity of calibration courses, [m] each.

    Attributes:
        is_per_class: compared among courses of the answer (Mondrian), else among all.
        score: nonconformity of the course's own answer.
        label: 0 or 1.
        weight: 1 / the patient's courses (of that answer where per class), times the likelihood ratio.
        fold: 0 .. K-1: which model's probability it was; all 0 is split conformal.
    """

    is_per_class: bool
    score: tuple[float, ...]
    label: tuple[int, ...]
    weight: tuple[float, ...]
    fold: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ConformalRule:
        """The inverse of `to_json`, lists for tuples allowed."""
        vectors = (tuple(fields[name]) for name in ("score", "label", "weight", "fold"))
        return cls(bool(fields["is_per_class"]), *vectors)


def fit_conformal(
    probability: ArrayLike,
    label: ArrayLike,
    patients: ArrayLike,
    *,
    is_per_class: bool = True,
    folds: ArrayLike | None = None,
    ratio: ArrayLike | None = None,
) -> ConformalRule:
    """A rule from courses that their model was not trained on.

    Args:
        probability: [n] of response. label: [n] 0 or 1.
        folds: [n] for cross conformal: which of K models, each trained without its fold, gave the probability; a
            patient lies wholly in one. None: one model gave all (split conformal).
        ratio: [n] for a covariate shift: how much likelier the course's features are where the rule will be used
            (Tibshirani 2019, NeurIPS), up to a factor; of one patient's courses the same. None: no shift.

    Raises:
        InputError: vectors that do not fit, probabilities outside 0 to 1, ratios that are not above 0, or, per class,
            one class only.
        LeakageError: a patient is in two folds.
    """
    values, truth = checked_courses(probability, label, patients)
    _check_probabilities(values)
    if is_per_class and len(np.unique(truth)) < 2:
        raise one_class(truth, "sets per class cannot be calibrated")
    people = np.asarray(patients).astype(str)
    weight = np.empty_like(values)
    for rows in (truth == 0, truth == 1) if is_per_class else (truth >= 0,):
        weight[rows] = patient_weights(people[rows])
    parts = np.zeros(len(values), int) if folds is None else checked_folds(folds, people)
    return ConformalRule(
        is_per_class,
        tuple(_nonconformity(values)[np.arange(len(values)), truth.astype(int)].tolist()),
        tuple(truth.astype(int).tolist()),
        tuple((weight * _checked_ratio(ratio, len(values))).tolist()),
        tuple(parts.tolist()),
    )


def p_values(
    rule: ConformalRule,
    probability: ArrayLike,
    *,
    ratio: ArrayLike | None = None,
    random: np.random.Generator | None = None,
) -> Array:
    """[n, 2] p value of non-response and of response of new courses.

    Args:
        probability: [n] of response, or [n, K] of the K models in the order of their sorted folds. Split conformal
            promises 1 - alpha; cross conformal 1 - 2 alpha less a term that vanishes with patients (Barber 2021, Ann
            Stat 49:486), in practice about 1 - alpha.
        ratio: [n], on the scale of the rule's ratios. None: 1.
        random: for smoothed p values, which hold exactly on average over draws; None: not smoothed, at least.

    Raises:
        InputError: as many probabilities a course as folds are expected, from 0 to 1.
    """
    values = np.asarray(probability, float)
    values = values[:, None] if values.ndim == 1 else values
    count = max(rule.fold) + 1
    if values.shape[1] != count:
        expected = f"{count}, one a fold"
        raise InputError("probabilities do not fit the rule", got=values.shape[1], expected=expected)
    _check_probabilities(values)
    own = _checked_ratio(ratio, len(values))
    share = np.ones(len(values)) if random is None else random.random(len(values))
    return np.stack([_one_answer(rule, answer, values, own, share) for answer in (0, 1)], axis=1)


def _one_answer(rule: ConformalRule, answer: int, values: Array, own: Array, share: Array) -> Array:
    """[n] p value of one answer, of probabilities [n, K], ratios [n] and shares of ties that count [n]."""
    score, weight, fold = np.array(rule.score), np.array(rule.weight), np.array(rule.fold)
    compared = np.array(rule.label) == answer if rule.is_per_class else np.ones(len(fold), bool)
    above, tied = np.zeros(len(values)), own.copy()
    for k, column in enumerate(values.T):
        rows = compared & (fold == k)
        higher, equal = _weights_from(score[rows], weight[rows], _nonconformity(column)[:, answer])
        above, tied = above + higher, tied + equal
    return np.asarray((above + share * tied) / (weight[compared].sum() + own))


def prediction_sets(p: Array, alpha: float = 0.1) -> Sets:
    """[n, 2] whether non-response and response are in the set: p above alpha."""
    return p > alpha


def set_names(sets: Sets) -> list[str]:
    """[n] of `SET_NAMES`."""
    return [SET_NAMES[code] for code in np.asarray(sets, int) @ (1, 2)]


def sets_of(names: Sequence[str]) -> Sets:
    """The inverse of `set_names`."""
    codes = np.array([SET_NAMES.index(name) for name in names])
    return np.asarray((codes[:, None] & (1, 2)) > 0)


def coverage_report(
    sets: Sets,
    label: ArrayLike,
    patients: ArrayLike,
    groups: Mapping[str, Sequence[object]] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How often sets hold the truth, and how often they say anything; one row a group.

    A patient counts once in every row: intervals are exact where each has one course. Groupings: "all", "response"
    (among non-responders and responders), then those given; a missing value is a group "nan".

    Args:
        sets: [n, 2] of `prediction_sets`. label: [n] 0 or 1.
        groups: grouping -> [n] group of each course.

    Returns:
        grouping, group, courses, patients; coverage with its interval (low, high; Clopper and Pearson 1934); single:
        share of sets with one answer; single_accuracy with its interval (single_low, single_high; NaN where there are
        none); both, empty: shares of these sets.

    Raises:
        InputError: vectors that do not fit.
    """
    truth = checked_courses(label, label, patients)[1].astype(int)
    people = np.asarray(patients).astype(str)
    groupings = {"all": ["all"] * len(truth), "response": [("NR", "R")[y] for y in truth], **(groups or {})}
    rows = []
    for grouping, members in groupings.items():
        names = np.array([str(name) for name in members])
        if sets.shape != (len(truth), 2) or len(names) != len(truth):
            got = f"{len(truth)} labels, sets {sets.shape}, {len(names)} of {grouping}"
            raise InputError("sets cannot be judged", got=got, expected="one a course")
        for name in np.unique(names):
            kept = names == name
            said = _one_group(sets[kept], truth[kept], people[kept], confidence)
            rows.append({"grouping": grouping, "group": str(name), **said})
    return pd.DataFrame(rows)


def _one_group(
    sets: Sets, truth: NDArray[np.int_], people: NDArray[Any], confidence: float
) -> dict[str, float]:
    weight = patient_weights(people)
    is_held, size = sets[np.arange(len(truth)), truth], sets.sum(axis=1)
    count = len(np.unique(people))
    kinds = (is_held, size == 1, is_held & (size == 1), size == 2, size == 0)
    held, single, right, both, empty = (round(float(weight @ kind), _DIGITS) for kind in kinds)
    low, high = binomial_interval(held, count, confidence)
    accuracy = single_low = single_high = np.nan
    if single:
        accuracy = right / single
        single_low, single_high = (float(end) for end in binomial_interval(right, single, confidence))
    return {
        "courses": len(truth),
        "patients": count,
        "coverage": held / count,
        "low": float(low),
        "high": float(high),
        "single": single / count,
        "single_accuracy": accuracy,
        "single_low": single_low,
        "single_high": single_high,
        "both": both / count,
        "empty": empty / count,
    }


def _nonconformity(probability: Array) -> Array:
    """[n, 2] of non-response and response; rounded, so that ties stay ties."""
    return np.asarray(np.stack([probability, 1 - probability], axis=1).round(_DIGITS), float)


def _weights_from(score: Array, weight: Array, at: Array) -> tuple[Array, Array]:
    """Weight of the scores above, and of those equal to, each of `at`."""
    order = np.argsort(score)
    total = np.r_[np.cumsum(weight[order][::-1])[::-1], 0.0]
    above = total[np.searchsorted(score[order], at, side="right")]
    return above, total[np.searchsorted(score[order], at, side="left")] - above


def _checked_ratio(ratio: ArrayLike | None, count: int) -> Array:
    values = np.ones(count) if ratio is None else np.asarray(ratio, float)
    if values.shape != (count,) or not np.isfinite(values).all() or (values <= 0).any():
        raise InputError("likelihood ratios cannot be used", got=values.shape, expected=f"{count}, above 0")
    return values


def _check_probabilities(values: Array) -> None:
    if not ((values >= 0) & (values <= 1)).all():
        got = (
            f"{np.nanmin(values):g} to {np.nanmax(values):g}" if np.isfinite(values).any() else "none finite"
        )
        raise InputError("probabilities cannot be used", got=got, expected="0 to 1")
