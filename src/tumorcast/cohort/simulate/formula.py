"""The planted formula: linear predictor and probability of response of a course."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.simulate.hosts import STATED
from tumorcast.cohort.simulate.patients import F64
from tumorcast.cohort.simulate.treatments import THREE, Treatments
from tumorcast.metrics.logistic import expit


def draw_regimens(random: np.random.Generator, n: int, treatments: Treatments = THREE) -> NDArray[np.int64]:
    """Indices into the regimens' classes, chosen without regard to the patient."""
    return random.choice(len(treatments.classes), n, p=treatments.shares)


def contributions(
    terms: dict[str, F64], regimen: NDArray[np.int64], null: bool, treatments: Treatments = THREE
) -> dict[str, F64]:
    """What each term adds to the linear predictor under the given regimens."""
    scale = 0.0 if null else 1.0
    of = treatments.coefficients
    return {name: scale * np.array(of[name])[regimen] * terms[name] + 0.0 for name in of}


def linear_predictor(
    terms: dict[str, F64], regimen: NDArray[np.int64], null: bool, treatments: Treatments = THREE
) -> F64:
    """Log odds of response: intercept of the regimen + sum of coefficient(regimen) * term."""
    start = np.zeros(len(regimen)) if null else np.array(treatments.intercepts)[regimen]
    return start + np.sum(list(contributions(terms, regimen, null, treatments).values()), axis=0)


def probability(linear: F64) -> F64:
    """Logistic function."""
    return expit(linear)


def stated_formula(null: bool, treatments: Treatments = THREE) -> dict[str, object]:
    """The formula as it is written to `truth/formula.json`."""
    of = treatments.coefficients
    zero = (0.0,) * len(treatments.classes)
    return {
        "formula": "response ~ Bernoulli(sigmoid(intercept[regimen] + sum coefficient[term][regimen] term))",
        "terms": {
            "infiltration": "(mean lymphocyte density of the course's slide tiles per mm2 - 1600) / 650",
            "interferon_loss": "1 where any planted interferon or antigen presentation gene is altered",
            "repair_loss": "1 where any planted homologous recombination repair gene is altered",
            "programme": "latent level of the planted expression programme (standardised mean of its genes)",
            "clinical": "minus (standardised ECOG - albumin + log NLR) / sqrt(3)",
            **{name: told for name, told in STATED.items() if name in of},
        },
        "regimen_classes": list(treatments.classes),
        "intercept": list(zero if null else treatments.intercepts),
        "coefficient": {name: list(zero if null else of[name]) for name in of},
    }
