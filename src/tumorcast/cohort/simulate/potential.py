"""What would have happened to every course under every regimen, and what each regimen is worth: written, never read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.cohort.simulate.courses import SimulatedCourse
from tumorcast.cohort.simulate.formula import linear_predictor, probability
from tumorcast.cohort.simulate.hosts import draw_hosts, with_hosts
from tumorcast.cohort.simulate.outcomes import draw_potential
from tumorcast.cohort.simulate.patients import F64, Patients, draw_patients
from tumorcast.cohort.simulate.settings import SimulationSettings, world
from tumorcast.cohort.simulate.treatments import NO_OVERLAP_RULE, Assignment, Regimens, drawn, treatments_of

HORIZON_MONTHS = 12.0
_VALUED_PATIENTS = 20_000


def potential_table(
    settings: SimulationSettings,
    patients: Patients,
    courses: Sequence[SimulatedCourse],
    patient_terms: Mapping[str, F64],
) -> pd.DataFrame:
    """One row a course and regimen: ids, regimen class, is_received, propensity, linear predictor, probability,
    best_response, pfs_months and os_months without censoring and without a later course."""
    owner = np.array([course.patient for course in courses])
    given = np.array([course.regimen for course in courses])
    terms = {name: values[owner] for name, values in patient_terms.items()}
    treatments = settings.treatments
    propensity = treatments.propensity(patients, settings.assignment, settings.no_overlap)[owner]
    parts = []
    for k, name in enumerate(treatments.classes):
        linear = linear_predictor(terms, np.full(len(given), k), settings.null, treatments)
        drawn_here = draw_potential(settings.stream("outcomes"), linear)
        parts.append(pd.DataFrame({
            "course_id": [course.course_id for course in courses],
            "patient_id": [course.patient_id for course in courses],
            "regimen_class": name,
            "is_received": given == k,
            "propensity": propensity[:, k],
            "linear_predictor": linear,
            "probability": probability(linear),
            "best_response": drawn_here.best_response,
            "pfs_months": drawn_here.pfs_months,
            "os_months": drawn_here.os_months,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@cache
def stated_values(
    regimens: Regimens,
    assignment: Assignment,
    no_overlap: bool,
    null: bool,
    n: int = _VALUED_PATIENTS,
    host: bool = False,
) -> dict[str, Any]:
    """What each regimen would do for everyone, and what it seems to do for those who are given it.

    By Monte Carlo on patients drawn for this alone.

    Returns:
        `assignment` (its formula and weights), `value` and `seen`: regimen -> share of responders, and months without
        progression within the first twelve, among all, and among the recipients; `best`: regimen by each.
    """
    random, treatments = world("values"), treatments_of(regimens)
    patients = draw_patients(random, n)
    propensity = treatments.propensity(patients, assignment, no_overlap)
    given = drawn(random, propensity)
    seed = int(random.integers(2**32))
    terms = patients.terms()
    if host:
        treatments = with_hosts(treatments)
        terms |= draw_hosts(world("values of hosts"), n).terms()
    figures: dict[str, dict[str, Any]] = {"value": {}, "seen": {}}
    for k, name in enumerate(treatments.classes):
        linear = linear_predictor(terms, np.full(n, k), null, treatments)
        pfs = draw_potential(np.random.default_rng(seed), linear).pfs_months
        both = {"response": probability(linear), "months_of_12": np.minimum(pfs, HORIZON_MONTHS)}
        for kind, rows in (("value", slice(None)), ("seen", given == k)):
            figures[kind][name] = {what: round(float(own[rows].mean()), 4) for what, own in both.items()}
    return {
        "assignment": {
            "kind": assignment,
            "formula": "softmax(log share[regimen] + sum indication[term][regimen] term)",
            "share": list(treatments.shares),
            "indication": {k: list(v) for k, v in treatments.indication.items()}
            if assignment == "confounded"
            else {},
            "no_overlap": NO_OVERLAP_RULE if no_overlap else "",
        },
        **figures,
        "best": {kind: _best(figures[kind]) for kind in ("value", "seen")},
    }


def _best(figures: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    kinds = next(iter(figures.values()))
    return {what: max(figures, key=lambda name: figures[name][what]) for what in kinds}
