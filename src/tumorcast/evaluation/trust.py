"""What makes a probability one to rely on: calibration, sets of answers, operating points, all from inner folds.

Everything is learned on training courses predicted by models that had not seen their patients, and travels with the
model. Sets and operating points are of calibrated probabilities; a course's own fold does not calibrate it here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.conformal import ConformalRule, Sets, fit_conformal, p_values, prediction_sets
from tumorcast.evaluation.local_recalibration import LocalCalibration, recalibrate_local
from tumorcast.evaluation.operating_point import (
    choose_threshold,
    operating_characteristics,
    predictive_values,
    threshold_for_sensitivity,
)
from tumorcast.evaluation.recalibration import (
    Calibration,
    Trial,
    choose_calibration,
    fit_calibration,
    rarer_answer,
)
from tumorcast.evaluation.strict_numbers import as_numbers, as_words
from tumorcast.metrics.logistic import bounded_logit, expit

Array = NDArray[np.float64]
ALPHA = 0.1
"""Sets hold the truth in 1 - ALPHA of the courses."""
FEWEST = 10
"""Patients of the rarer answer below which nothing of this is said."""
_SENSITIVITY = 0.9
_PREVALENCES = (0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class OperatingPoint:
    """A cut of the calibrated probability and what it did on the courses it was chosen on.

    Attributes:
        name: "youden", or "sensitivity 90%".
        predictive_values: stated share of responders -> (PPV, NPV) there, if sensitivity and specificity carry over.
    """

    name: str
    threshold: float
    sensitivity: float
    specificity: float
    prevalence: float
    predictive_values: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Trust:
    """What a model's probabilities are worth.

    Attributes:
        calibration: of its logits; tried: what was tried for that, simplest first.
        conformal: rule of the sets at level `alpha`.
        points: operating points.
        local: a hospital's correction on top; None: as exported.
        local_conformal, local_points: the hospital's own, used instead; None where it had too few cases.
    """

    calibration: Calibration
    tried: tuple[Trial, ...]
    conformal: ConformalRule
    points: tuple[OperatingPoint, ...]
    alpha: float = ALPHA
    local: LocalCalibration | None = None
    local_conformal: ConformalRule | None = None
    local_points: tuple[OperatingPoint, ...] | None = None

    def probability(self, raw: ArrayLike) -> Array:
        """[n] calibrated (and locally corrected) probabilities of the model's own [n]."""
        values = self.calibration.logit(bounded_logit(raw))
        return expit(values if self.local is None else self.local.logit(values))

    def sets(self, raw: ArrayLike) -> Sets:
        """[n, 2] whether non-response and response are in the set of each of the model's probabilities [n]."""
        if self.local_conformal is not None:
            return prediction_sets(p_values(self.local_conformal, self.probability(raw)), self.alpha)
        return prediction_sets(
            p_values(self.conformal, replace(self, local=None).probability(raw)), self.alpha
        )

    def to_json(self) -> dict[str, Any]:
        """The attributes by name; numbers that are not finite as words (`strict_numbers`)."""
        made: dict[str, Any] = as_words(asdict(self))
        return made

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Trust:
        """The inverse of `to_json`, lists for tuples allowed."""
        fields = as_numbers(fields)
        local, rule, points = (fields[key] for key in ("local", "local_conformal", "local_points"))
        return cls(
            calibration=Calibration.from_json(fields["calibration"]),
            tried=tuple(Trial(**trial) for trial in fields["tried"]),
            conformal=ConformalRule.from_json(fields["conformal"]),
            points=_points(fields["points"]),
            alpha=fields["alpha"],
            local=None if local is None else LocalCalibration.from_json(local),
            local_conformal=None if rule is None else ConformalRule.from_json(rule),
            local_points=None if points is None else _points(points),
        )


def _points(told: Sequence[Mapping[str, Any]]) -> tuple[OperatingPoint, ...]:
    return tuple(
        OperatingPoint(**{**p, "predictive_values": {k: tuple(v) for k, v in p["predictive_values"].items()}})
        for p in told
    )


def fit_trust(inner: pd.DataFrame, alpha: float = ALPHA) -> Trust | None:
    """From predictions of inner folds; None where there are fewer than ten patients of one answer.

    Args:
        inner: patient_id, fold, label, probability; rows without a label do not count.
    """
    known = inner.dropna(subset=["label", "probability"])
    label, people = known["label"].to_numpy(float), known["patient_id"].astype(str).to_numpy()
    if not len(known) or rarer_answer(label, people) < FEWEST:
        return None
    logits, folds = bounded_logit(known["probability"]), known["fold"].astype(str).to_numpy()
    try:
        calibration, tried = choose_calibration(logits, label, people, folds)
    except InputError:
        return None
    held = _held_out(calibration.method, logits, label, people, folds)
    return Trust(calibration, tried, fit_conformal(held, label, people), operating_points(label, held), alpha)


def held_out_probabilities(inner: pd.DataFrame, method: str) -> Array:
    """[n] probability of each row, calibrated on the other folds; NaN where a row has no label or probability.

    Args:
        inner: as in `fit_trust`.
        method: of the calibration (`Trust.calibration`).
    """
    is_known = inner[["label", "probability"]].notna().all(axis=1).to_numpy()
    known, made = inner[is_known], np.full(len(inner), np.nan)
    label, people = known["label"].to_numpy(float), known["patient_id"].astype(str).to_numpy()
    logits, folds = bounded_logit(known["probability"]), known["fold"].astype(str).to_numpy()
    made[is_known] = _held_out(method, logits, label, people, folds)
    return made


def _held_out(method: str, logits: Array, label: Array, people: NDArray, folds: NDArray) -> Array:
    held = np.zeros(len(logits))
    for fold in np.unique(folds):
        rest = folds != fold
        own = fit_calibration(method, logits[rest], label[rest], people[rest])
        held[~rest] = own.probability(logits[~rest])
    return held


def with_local(trust: Trust, raw: ArrayLike, label: ArrayLike, patients: ArrayLike) -> Trust:
    """The same model at a new hospital, from its labelled cases; whatever another hospital taught is forgotten.

    Sets and operating points are learned anew where it has enough patients for sets that can exclude an answer
    (1 / alpha of the rarer one).

    Args:
        raw: [n] the model's own probabilities.

    Raises:
        InputError: vectors that do not fit, or one answer only.
    """
    truth = np.asarray(label, float)
    values = trust.calibration.logit(bounded_logit(raw))
    local = recalibrate_local(values, truth, patients)
    if rarer_answer(truth, patients) < 1 / trust.alpha:
        return replace(trust, local=local, local_conformal=None, local_points=None)
    own = expit(local.logit(values))
    rule = fit_conformal(own, truth, patients)
    return replace(trust, local=local, local_conformal=rule, local_points=operating_points(truth, own))


def operating_points(label: Array, probability: Array) -> tuple[OperatingPoint, ...]:
    """The cut of Youden's index, and the one that finds nine of ten responders."""
    cuts = {
        "youden": choose_threshold(label, probability),
        "sensitivity 90%": threshold_for_sensitivity(label, probability, _SENSITIVITY),
    }
    made = []
    for name, cut in cuts.items():
        found = operating_characteristics(label, probability, cut)
        sensitivity, specificity = found["sensitivity"], found["specificity"]
        at = {f"{share:g}": predictive_values(sensitivity, specificity, share) for share in _PREVALENCES}
        made.append(OperatingPoint(name, cut, sensitivity, specificity, found["prevalence"], at))
    return tuple(made)
