"""Patients of five simulated regimens with all their potential outcomes, without tables or slides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.cohort.simulate.formula import linear_predictor
from tumorcast.cohort.simulate.outcomes import draw_potential
from tumorcast.cohort.simulate.patients import draw_patients
from tumorcast.cohort.simulate.treatments import FIVE, Assignment, drawn

BEST = "combination"


@dataclass(frozen=True)
class Simulated:
    """n patients: baseline terms, treatments given, and [n, 5] in the order of the sorted regimens: true chances,
    potential responses and months without progression; months that end follow-up [n]."""

    table: pd.DataFrame
    given: list[str]
    patients: list[str]
    chances: np.ndarray
    responses: np.ndarray
    months: np.ndarray
    follow_up: np.ndarray

    def of_received(self, potential: np.ndarray) -> np.ndarray:
        """[n] what was given of potential outcomes."""
        return potential[
            np.arange(len(self.given)), [sorted(FIVE.classes).index(name) for name in self.given]
        ]


def simulated(
    n: int, seed: int, assignment: Assignment = "confounded", no_overlap: bool = False
) -> Simulated:
    """Drawn as `tumorcast simulate --regimens five` draws them."""
    random = np.random.default_rng(seed)
    patients = draw_patients(random, n)
    terms = patients.terms()
    chances = FIVE.propensity(patients, assignment, no_overlap)
    given = drawn(random, chances)
    same, responses, months = int(random.integers(2**32)), [], []
    for k in range(len(FIVE.classes)):
        linear = linear_predictor(terms, np.full(n, k), False, FIVE)
        potential = draw_potential(np.random.default_rng(same), linear)
        responses.append(np.isin(potential.best_response, ("CR", "PR")))
        months.append(potential.pfs_months)
    order = np.argsort(FIVE.classes)
    return Simulated(
        pd.DataFrame(terms).assign(ecog=patients.ecog.astype(float)),
        [FIVE.classes[k] for k in given],
        [f"p{i}" for i in range(n)],
        chances[:, order],
        np.stack(responses, axis=1)[:, order].astype(float),
        np.stack(months, axis=1)[:, order],
        random.uniform(5, 45, n),
    )
