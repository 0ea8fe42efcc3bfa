"""The planted formula: linear predictor and probability of response of a course."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.simulate.patients import F64
from tumorcast.cohort.simulate.planted import COEFFICIENTS, INTERCEPTS, REGIMEN_CLASSES, TERMS
from tumorcast.metrics.logistic import expit

_SHARES = (0.40, 0.35, 0.25)


def draw_regimens(random: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Indices into `REGIMEN_CLASSES`, chosen without regard to the patient."""
    return random.choice(len(REGIMEN_CLASSES), n, p=_SHARES)


def contributions(terms: dict[str, F64], regimen: NDArray[np.int64], null: bool) -> dict[str, F64]:
    """What each term adds to the linear predictor under the given regimens."""
    scale = 0.0 if null else 1.0
    return {name: scale * np.array(COEFFICIENTS[name])[regimen] * terms[name] + 0.0 for name in TERMS}


def linear_predictor(terms: dict[str, F64], regimen: NDArray[np.int64], null: bool) -> F64:
    """Log odds of response: intercept of the regimen + sum of coefficient(regimen) * term."""
    start = np.zeros(len(regimen)) if null else np.array(INTERCEPTS)[regimen]
    return start + np.sum(list(contributions(terms, regimen, null).values()), axis=0)


def probability(linear: F64) -> F64:
    """Logistic function."""
    return expit(linear)


def stated_formula(null: bool) -> dict[str, object]:
    """The formula as it is written to `truth/formula.json`."""
    zero = (0.0,) * len(REGIMEN_CLASSES)
    return {
        "formula": "response ~ Bernoulli(sigmoid(intercept[regimen] + sum coefficient[term][regimen] term))",
        "terms": {
            "infiltration": "(mean lymphocyte density of the course's slide tiles per mm2 - 1600) / 650",
            "interferon_loss": "1 where any planted interferon or antigen presentation gene is altered",
            "repair_loss": "1 where any planted homologous recombination repair gene is altered",
            "programme": "latent level of the planted expression programme (standardised mean of its genes)",
            "clinical": "minus (standardised ECOG - albumin + log NLR) / sqrt(3)",
        },
        "regimen_classes": list(REGIMEN_CLASSES),
        "intercept": list(zero if null else INTERCEPTS),
        "coefficient": {name: list(zero if null else COEFFICIENTS[name]) for name in TERMS},
    }
