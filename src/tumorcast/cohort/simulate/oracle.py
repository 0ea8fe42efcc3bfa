"""How well the formula itself, and each part of it, can predict: the ceiling of every model."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from tumorcast.cohort.simulate.formula import draw_regimens, linear_predictor, probability
from tumorcast.cohort.simulate.host_tables import draw_host_presence
from tumorcast.cohort.simulate.hosts import HOST_TERMS, draw_hosts, with_hosts
from tumorcast.cohort.simulate.missing import draw_presence
from tumorcast.cohort.simulate.patients import F64, draw_patients
from tumorcast.cohort.simulate.planted import MODALITY_TERMS
from tumorcast.cohort.simulate.settings import world
from tumorcast.cohort.simulate.treatments import Regimens, treatments_of

ORACLE_PATIENTS = 20_000


@cache
def oracle_figures(
    null: bool = False, n: int = ORACLE_PATIENTS, regimens: Regimens = "three", host: bool = False
) -> dict[str, object]:
    """AUROC of the oracles on `n` patients drawn for this alone, who are given regimens at random.

    Returns:
        `oracle`: knows all terms; `modalities`: know the terms of one modality and the regimen;
        `subsets`: the same for every set of modalities ("slide+expression"); `measured`: knows all terms,
        but only of modalities that are measured for the patient, at the cohort's rates of missing ones.
    """
    random, treatments = world("oracle"), treatments_of(regimens)
    patients = draw_patients(random, n)
    regimen = draw_regimens(random, n, treatments)
    terms, of_modality = patients.terms(), dict(MODALITY_TERMS)
    if host:
        treatments = with_hosts(treatments)
        terms |= draw_hosts(world("oracle of hosts"), n).terms()
        of_modality |= HOST_TERMS
    linear = linear_predictor(terms, regimen, null, treatments)
    response = random.random(n) < probability(linear)
    present = draw_presence(random, patients.site)
    if host:
        present |= draw_host_presence(random, n)
    scores = {
        subset: _best_score(terms, [term for name in subset for term in of_modality[name]], regimen, response)
        for size in range(len(of_modality) + 1)
        for subset in combinations(of_modality, size)
    }
    subsets = {"+".join(k): _auroc(response, v) for k, v in scores.items() if k}
    return {
        "oracle": _auroc(response, linear),
        "modalities": {name: subsets[name] for name in of_modality},
        "regimen_alone": _auroc(response, scores[()]),
        "measured": _auroc(response, _score_of_measured(scores, present)),
        "subsets": subsets,
        "patients": n,
    }


def _best_score(
    terms: dict[str, F64], names: list[str], regimen: NDArray[np.int64], response: NDArray[np.bool_]
) -> F64:
    """Log odds given the regimen and these terms (logistic regression by regimen)."""
    is_regimen = np.eye(regimen.max() + 1)[regimen]
    columns = [is_regimen, *(is_regimen * terms[name][:, None] for name in names)]
    design = np.hstack(columns)
    model = LogisticRegression(C=1000.0, fit_intercept=False, max_iter=500).fit(design, response)
    return model.decision_function(design)


def _score_of_measured(scores: dict[tuple[str, ...], F64], present: dict[str, NDArray[np.bool_]]) -> F64:
    chosen = np.zeros(len(next(iter(scores.values()))))
    for subset, values in scores.items():
        is_pattern = np.all([present[name] == (name in subset) for name in present], axis=0)
        chosen[is_pattern] = values[is_pattern]
    return chosen


def _auroc(response: NDArray[np.bool_], score: F64) -> float:
    return round(float(roc_auc_score(response, score)), 4)
