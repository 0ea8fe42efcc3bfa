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
