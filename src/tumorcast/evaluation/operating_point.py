"""A threshold chosen on training data, and what it does on other data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError

Array = NDArray[np.float64]


def choose_threshold(label: Array, probability: Array) -> float:
    """The threshold with the greatest sensitivity + specificity - 1 (Youden 1950, Cancer 3:32).

    A course is called a responder where its probability is at least the threshold. The threshold lies midway
    between two neighbouring probabilities, so that courses near it do not flip by rounding; of equally good
    thresholds, the one nearest to 0.5 is taken. Choose it on training courses, never on those it is judged on.

    Raises:
        InputError: only one class.
    """
    label, probability = np.asarray(label, float), np.asarray(probability, float)
    if not 0 < label.sum() < len(label):
        raise InputError(
            "a threshold cannot be chosen",
            got=f"{int(label.sum())} responders of {len(label)} courses",
            expected="responders and non-responders",
        )
    levels = np.unique(probability)
    candidates = np.r_[levels[0], (levels[:-1] + levels[1:]) / 2]
    responders, others = np.sort(probability[label == 1]), np.sort(probability[label == 0])
    sensitivity = 1 - np.searchsorted(responders, candidates, side="left") / len(responders)
    specificity = np.searchsorted(others, candidates, side="left") / len(others)
    youden = sensitivity + specificity - 1
    best = candidates[youden >= youden.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - 0.5))])


def threshold_for_sensitivity(label: Array, probability: Array, sensitivity: float = 0.9) -> float:
    """The highest threshold that still finds at least this share of the responders.

    It is the probability of a responder: those at the threshold are called. Choose it on training courses; on
    others the sensitivity will be about, not at least, what was asked for.

    Raises:
        InputError: no responder, or a sensitivity outside 0 (excluded) to 1.
    """
    responders = np.sort(np.asarray(probability, float)[np.asarray(label, float) == 1])
    if not 0 < sensitivity <= 1:
        raise InputError("a sensitivity cannot be asked for", got=sensitivity, expected="above 0, at most 1")
    if not len(responders):
        raise InputError("a threshold cannot be chosen", got="no responder", expected="at least one")
    needed = int(np.ceil(sensitivity * len(responders) - 1e-9))
    return float(responders[len(responders) - needed])


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple[float, float]:
    """(PPV, NPV) by Bayes' rule where responders are this frequent; NaN where nobody would be called (or left).

    For a hospital whose share of responders is another than the cohort's; it supposes that sensitivity and
    specificity carry over.
    """
    found, missed = prevalence * sensitivity, prevalence * (1 - sensitivity)
    spared, alarmed = (1 - prevalence) * specificity, (1 - prevalence) * (1 - specificity)
    ppv = found / (found + alarmed) if found + alarmed > 0 else float("nan")
    return ppv, spared / (spared + missed) if spared + missed > 0 else float("nan")


def operating_characteristics(label: Array, probability: Array, threshold: float) -> dict[str, float]:
    """Sensitivity, specificity, PPV, NPV and prevalence at a threshold (called where probability >= it).

    A share of nothing (no responder, nobody called) is NaN.
    """
    is_responder = np.asarray(label, float) == 1
    is_called = np.asarray(probability, float) >= threshold
    return {
        "sensitivity": _share(is_called, is_responder),
        "specificity": _share(~is_called, ~is_responder),
        "ppv": _share(is_responder, is_called),
        "npv": _share(~is_responder, ~is_called),
        "prevalence": _share(is_responder, np.ones_like(is_responder)),
    }


def _share(is_so: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(is_so[among].mean()) if among.any() else float("nan")
