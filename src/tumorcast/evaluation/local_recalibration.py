"""A model's logits corrected with a new hospital's first labelled cases.

Each of a patient's n courses weighs 1/n in the likelihood ratios: together they tell no more than one, which errs
towards the original.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.evaluation.recalibration import (
    FARTHEST,
    Array,
    checked_courses,
    design,
    fit_logistic,
    logistic_loss,
    one_class,
    patient_weights,
    prior_corrected,
    rarer_answer,
)
from tumorcast.metrics.intervals import Interval

FEWEST_FOR_SLOPE = 10
"""Patients of the rarer answer from which a hospital's own slope is tried."""


@dataclass(frozen=True)
class LocalCalibration:
    """A hospital's correction of calibrated logits: intercept + slope x logit.

    Attributes:
        chosen: "original", "intercept" or "slope_and_intercept".
        slope, intercept: what is applied, shrunken; (1, 0) is the original.
        shrinkage: share of the estimated correction that is applied, 0 to 1.
        intercept_alone: the intercept of a correction by intercept alone, not shrunken, with its profile-likelihood
            interval: above 0, response is more frequent here than predicted.
        p_any, p_slope: of the likelihood ratios that decided; None where not asked.
        patients: how many it rests on.
    """

    chosen: str
    slope: float
    intercept: float
    shrinkage: float
    intercept_alone: Interval
    p_any: float
    p_slope: float | None
    patients: int

    def logit(self, values: ArrayLike) -> Array:
        """Corrected logits; [n] as given."""
        return self.intercept + self.slope * np.asarray(values, float)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> LocalCalibration:
        """The inverse of `to_json`."""
        return cls(**{**fields, "intercept_alone": Interval(**fields["intercept_alone"])})


def recalibrate_local(
    logits: ArrayLike, label: ArrayLike, patients: ArrayLike, confidence: float = 0.95
) -> LocalCalibration:
    """A new hospital's correction from a few dozen labelled cases, by closed testing (Vergouwe 2017, Stat Med 36:4529).

    Slope and intercept are tested against the original (2 degrees of freedom); only if they differ, against the
    intercept alone (1). With fewer than `FEWEST_FOR_SLOPE` patients of the rarer answer the intercept alone is tested.
    The correction chosen is shrunken towards the original by 1 - df / likelihood ratio (Steyerberg 2004, Stat Med
    23:2567); slope and intercept are those of `prior_corrected` labels, lest separated classes give the steepest.

    Args:
        logits: [n] calibrated logits of the original model.
        confidence: of the interval; 1 - confidence is the level of the tests.

    Raises:
        InputError: as `fit_calibration`.
    """
    values, truth = checked_courses(logits, label, patients)
    weight, rarer = patient_weights(patients), rarer_answer(truth, patients)
    if not rarer:
        raise one_class(truth)
    alone = float(fit_logistic(np.ones((len(values), 1)), truth, weight, (0.0,), values)[0])
    slope, intercept = fit_logistic(design("platt", values), truth, weight, (1.0, 0.0)).tolist()
    scores = (values, values + alone, intercept + slope * values)
    original, *others = (float(weight @ logistic_loss(score, truth)) for score in scores)
    gains = [max(2 * (original - loss), 0.0) for loss in others]
    chosen, p_any, p_slope = _closed_test(gains[0], gains[1], rarer >= FEWEST_FOR_SLOPE, 1 - confidence)
    if chosen == "slope_and_intercept":
        target = prior_corrected(truth, weight)
        slope, intercept = fit_logistic(design("platt", values), target, weight, (1.0, 0.0)).tolist()
    made = {"original": (1.0, 0.0), "intercept": (1.0, alone), "slope_and_intercept": (slope, intercept)}
    order = list(made).index(chosen)
    kept = max(0.0, 1 - order / gains[order - 1]) if order else 0.0
    return LocalCalibration(
        chosen,
        slope=1 + kept * (made[chosen][0] - 1),
        intercept=kept * made[chosen][1],
        shrinkage=kept,
        intercept_alone=_intercept_interval(alone, values, truth, weight, confidence),
        p_any=p_any,
        p_slope=p_slope,
        patients=len(np.unique(np.asarray(patients).astype(str))),
    )


def _closed_test(
    gain_alone: float, gain_both: float, has_slope: bool, alpha: float
) -> tuple[str, float, float | None]:
    """(chosen, p of any correction, p of the slope) of likelihood ratios to the original."""
    from scipy.stats import chi2

    p_any = float(chi2.sf(gain_both, 2) if has_slope else chi2.sf(gain_alone, 1))
    if p_any >= alpha:
        return "original", p_any, None
    if not has_slope:
        return "intercept", p_any, None
    p_slope = float(chi2.sf(max(gain_both - gain_alone, 0.0), 1))
    return ("slope_and_intercept" if p_slope < alpha else "intercept"), p_any, p_slope


def _intercept_interval(
    alone: float, values: Array, truth: Array, weight: Array, confidence: float
) -> Interval:
    """Where twice the log-likelihood falls by the quantile of chi-square with 1 degree of freedom."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    allowed = chi2.ppf(confidence, 1) / 2 + weight @ logistic_loss(values + alone, truth)

    def over(intercept: float) -> float:
        return float(weight @ logistic_loss(values + intercept, truth) - allowed)

    low, high = (float(brentq(over, alone, alone + side * FARTHEST)) for side in (-1, 1))
    return Interval(alone, low, high)
