"""The treatments of a simulated cohort: what each does to whom, which drugs it is, and who is given it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.simulate.patients import F64, Patients
from tumorcast.cohort.simulate.planted import COEFFICIENTS, INTERCEPTS, REGIMEN_CLASSES

Regimens = Literal["three", "five"]
Assignment = Literal["randomised", "confounded"]

NO_OVERLAP_RULE = "patients of ECOG 2 are never given dual_immunotherapy or combination"
_NEVER_TO_FRAIL = ("dual_immunotherapy", "combination")
_FRAIL_ECOG = 2


@dataclass(frozen=True)
class Treatments:
    """R regimens; every tuple has one entry a regimen.

    Attributes:
        classes: names of the regimens.
        intercepts: log odds of response at terms of 0.
        coefficients: term -> log odds a unit of it: what the regimen does to whom.
        shares: of the patients who are given each, where chance decides.
        indication: term -> log odds a unit of it of being given the regimen, in a confounded cohort.
        has_second_courses: some patients have a second course.
    """

    classes: tuple[str, ...]
    intercepts: tuple[float, ...]
    coefficients: Mapping[str, tuple[float, ...]]
    shares: tuple[float, ...]
    indication: Mapping[str, tuple[float, ...]]
    has_second_courses: bool

    def propensity(self, patients: Patients, assignment: Assignment, no_overlap: bool = False) -> F64:
        """[n, R] chance of each regimen: softmax(log share + sum indication[term] term), or the shares alone.

        Args:
            no_overlap: `NO_OVERLAP_RULE`, the rest raised in proportion.
        """
        logits = np.tile(np.log(self.shares), (len(patients), 1))
        if assignment == "confounded":
            terms = patients.terms()
            logits += sum(np.outer(terms[name], weights) for name, weights in self.indication.items())
        if no_overlap:
            never = np.isin(self.classes, _NEVER_TO_FRAIL)
            logits[np.ix_(patients.ecog == _FRAIL_ECOG, never)] = -np.inf
        chance = np.exp(logits - logits.max(axis=1, keepdims=True))
        return chance / chance.sum(axis=1, keepdims=True)


THREE = Treatments(
    classes=REGIMEN_CLASSES,
    intercepts=INTERCEPTS,
    coefficients=COEFFICIENTS,
    shares=(0.40, 0.35, 0.25),
    indication={},
    has_second_courses=True,
)

FIVE = Treatments(
    classes=("immunotherapy", "dual_immunotherapy", "combination", "chemotherapy", "parp_inhibitor"),
    intercepts=(-0.60, -0.70, 0.60, -0.40, -1.80),
    coefficients={
        "infiltration": (1.30, 1.50, 0.90, 0.00, 0.00),
        "interferon_loss": (-2.30, -2.00, -1.20, 0.00, 0.00),
        "repair_loss": (0.50, 0.50, 1.80, 2.60, 3.60),
        "programme": (1.30, 1.50, 0.70, -0.50, 0.00),
        "clinical": (0.90, 1.20, 0.90, 0.90, 0.60),
    },
    shares=(0.27, 0.13, 0.22, 0.25, 0.13),
    indication={
        "clinical": (0.60, 0.70, -0.75, -0.45, 0.00),
        "programme": (0.50, 0.50, -0.50, -0.40, 0.00),
        "repair_loss": (0.00, 0.00, 0.00, 0.00, 1.20),
    },
    has_second_courses=False,
)
"""Regimens whose order differs from patient to patient. In a confounded cohort the sick and the cold are given what
helps most on average, the fit and the inflamed checkpoint inhibitors, those with repair loss the PARP inhibitor."""


def treatments_of(regimens: Regimens) -> Treatments:
    """The regimens of a cohort."""
    return FIVE if regimens == "five" else THREE


def drawn(random: np.random.Generator, propensity: F64) -> NDArray[np.int64]:
    """[n] a regimen for each patient, by its chances [n, R]."""
    edges = np.cumsum(propensity, axis=1)
    edges[:, -1] = 1.0
    return (random.random((len(edges), 1)) > edges).sum(axis=1)
