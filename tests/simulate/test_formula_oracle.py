"""The planted formula: how much it holds, how it is shared among modalities, and that it can be learnt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from tumorcast.cohort.simulate.formula import draw_regimens, linear_predictor, probability
from tumorcast.cohort.simulate.oracle import oracle_figures
from tumorcast.cohort.simulate.patients import draw_patients
from tumorcast.cohort.simulate.planted import MODALITY_TERMS, REGIMEN_CLASSES, TERMS


def test_oracle_lies_in_its_bounds_and_no_modality_holds_most_of_it():
    figures = oracle_figures()
    excess = figures["oracle"] - 0.5
    assert 0.82 <= figures["oracle"] <= 0.88
    assert set(figures["modalities"]) == set(MODALITY_TERMS)
    for name, value in figures["modalities"].items():
        assert value - 0.5 <= 0.6 * excess, name
    assert figures["measured"] - 0.5 > 0.8 * excess


def test_more_modalities_never_tell_less():
    subsets = oracle_figures()["subsets"]
    assert len(subsets) == 15
    for name, value in subsets.items():
        for other, larger in subsets.items():
            if set(name.split("+")) < set(other.split("+")):
                assert larger > value - 0.003, (name, other)


def test_planted_genes_are_altered_in_enough_patients():
    patients = draw_patients(np.random.default_rng(0), 5000)
    assert 0.35 <= patients.is_hit.any(axis=1).mean() <= 0.47
    terms = np.stack(list(patients.terms().values()))
    between = np.corrcoef(terms)[~np.eye(len(TERMS), dtype=bool)]
    assert np.abs(between).max() < 0.2


def test_effect_of_the_genes_depends_on_the_regimen():
    one = {name: np.ones(3) if name == "repair_loss" else np.zeros(3) for name in TERMS}
    none = {name: np.zeros(3) for name in TERMS}
    regimen = np.arange(3)
    gain = linear_predictor(one, regimen, null=False) - linear_predictor(none, regimen, null=False)
    by_name = dict(zip(REGIMEN_CLASSES, gain, strict=True))
    assert by_name["chemotherapy"] > by_name["combination"] > by_name["immunotherapy"] > 0


def test_null_formula_is_a_coin():
    patients = draw_patients(np.random.default_rng(1), 500)
    regimen = draw_regimens(np.random.default_rng(2), 500)
    np.testing.assert_array_equal(probability(linear_predictor(patients.terms(), regimen, null=True)), 0.5)
    assert oracle_figures(null=True, n=2000)["oracle"] == 0.5


def test_logistic_regression_on_the_terms_comes_near_the_oracle(truth: pd.DataFrame):
    response = truth["is_response"].to_numpy()
    is_regimen = pd.get_dummies(truth["regimen_class"]).to_numpy(float)
    terms = truth[[f"term_{name}" for name in TERMS]].to_numpy()
    design = np.hstack([terms, is_regimen, *(terms * column[:, None] for column in is_regimen.T)])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(C=0.5, max_iter=1000)
    score = cross_val_predict(model, design, response, cv=folds, method="decision_function")
    oracle = roc_auc_score(response, truth["probability"])
    assert oracle > 0.8
    assert roc_auc_score(response, score) - 0.5 > 0.85 * (oracle - 0.5)


@pytest.mark.parametrize("term", TERMS)
def test_written_contributions_add_up(truth: pd.DataFrame, term: str):
    zero = truth[[f"adds_{name}" for name in TERMS]].sum(axis=1)
    intercept = (truth["linear_predictor"] - zero).groupby(truth["regimen_class"])
    assert intercept.std().max() < 1e-4
    assert truth[f"adds_{term}"].abs().max() > 0
