"""Baselines: Cox against lifelines, tables with gaps, and nothing learned from the test courses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi

from tumorcast.evaluation.baselines import clinical_cox, clinical_logistic, cox_ridge, tmb_logistic
from tumorcast.metrics.discrimination import auroc
from tumorcast.metrics.survival import concordance

ROSSI = {"fin": -0.3794, "age": -0.0574, "race": 0.3139, "wexp": -0.1498, "mar": -0.4337, "paro": -0.0849,
         "prio": 0.0915}  # fmt: skip


def _rossi() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    table = load_rossi()
    return table[list(ROSSI)].astype(float), table["week"].to_numpy(float), table["arrest"].to_numpy(float)


def test_cox_gives_the_published_coefficients_of_rossi():
    features, time, event = _rossi()
    beta = cox_ridge(features.to_numpy(), time, event)
    np.testing.assert_allclose(beta, list(ROSSI.values()), atol=6e-5)
    assert concordance(time, event, features.to_numpy() @ beta) == pytest.approx(0.6403, abs=5e-5)


@pytest.mark.parametrize("digits", [0, -1], ids=["some ties", "many ties"])
def test_cox_agrees_with_lifelines_with_ties(digits):
    features, time, event = _rossi()
    time = np.round(time, digits) + 1
    fitted = CoxPHFitter().fit(features.assign(time=time, event=event), "time", "event")
    np.testing.assert_allclose(cox_ridge(features.to_numpy(), time, event), fitted.params_, atol=1e-5)


def test_a_greater_penalty_shrinks_and_the_gradient_vanishes():
    features, time, event = _rossi()
    scaled = ((features - features.mean()) / features.std()).to_numpy()
    lengths = [np.linalg.norm(cox_ridge(scaled, time, event, p)) for p in (0.0, 10.0, 100.0, 1e6)]
    assert (np.diff(lengths) < 0).all()
    assert lengths[-1] < 1e-3


def test_cox_survives_separation_and_repeated_columns_under_a_penalty():
    time = np.arange(1, 41.0)
    column = -time / 10
    beta = cox_ridge(np.stack([column, column], axis=1), time, np.ones(40), penalty=1.0)
    assert np.isfinite(beta).all()
    assert beta[0] == pytest.approx(beta[1], abs=1e-6)


def _mixed(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, n)
    table = pd.DataFrame(
        {
            "age": np.where(random.random(n) < 0.3, np.nan, 60 + 8 * label + 6 * random.normal(size=n)),
            "er": np.where(random.random(n) < 0.2, None, np.where(random.random(n) < 0.2, 1 - label, label)),
            "empty": np.nan,
            "same": 3.0,
        }
    )
    table["er"] = table["er"].map(lambda v: None if v is None else f"er_{v}").astype(object)
    return table, label.astype(float)


def test_logistic_learns_from_numbers_and_words_with_gaps():
    train, label = _mixed(200)
    test, truth = _mixed(200, 1)
    probability = clinical_logistic(train, label, test)
    assert ((probability > 0) & (probability < 1)).all()
    assert auroc(truth, probability) > 0.8


def test_logistic_meets_words_and_gaps_that_training_had_not():
    train, label = _mixed(100)
    train = train.assign(age=train["age"].fillna(60))
    test = pd.DataFrame({"age": [np.nan], "er": ["er_unheard"], "empty": [4.0], "same": [np.nan]})
    assert np.isfinite(clinical_logistic(train, label, test)).all()


@pytest.mark.parametrize("fit", [clinical_logistic, None], ids=["logistic", "cox"])
def test_a_prediction_does_not_depend_on_the_other_test_courses(fit):
    train, label = _mixed(80)
    test, _ = _mixed(30, 2)
    days = np.random.default_rng(0).exponential(300, 80)

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return fit(train, label, rows) if fit else clinical_cox(train, days, label, rows)

    np.testing.assert_allclose(predict(test)[:5], predict(test.iloc[:5]), atol=1e-12)


def test_one_class_gives_the_prevalence():
    train, _ = _mixed(20)
    np.testing.assert_array_equal(clinical_logistic(train, np.ones(20), train), 1.0)


def test_unknown_burden_gives_the_prevalence_and_more_burden_the_higher_probability():
    random = np.random.default_rng(0)
    label = (np.arange(60) % 3 == 0).astype(float)
    burden = np.exp(1 + 2 * label + random.normal(size=60))
    burden[:3] = np.nan
    probability = tmb_logistic(burden, label, np.array([np.nan, 1.0, 10.0, 100.0]))
    assert probability[0] == pytest.approx(1 / 3)
    assert (np.diff(probability[1:]) > 0).all()


def test_no_burden_known_gives_the_prevalence():
    label = np.array([0, 1, 1, 0, 1.0])
    np.testing.assert_allclose(tmb_logistic(np.full(5, np.nan), label, np.array([1.0, np.nan])), 0.6)


def test_cox_on_a_mixed_table_comes_half_way_to_the_true_hazard():
    train, label = _mixed(200)
    test, truth = _mixed(1000, 3)
    random = np.random.default_rng(0)
    days = random.exponential(300, 200) * np.exp(-1.5 * label)
    later = random.exponential(300, 1000) * np.exp(-1.5 * truth)
    risk = clinical_cox(train, days, (random.random(200) < 0.7).astype(float), test)
    best = concordance(later, np.ones(1000), truth)
    assert 0.5 + (best - 0.5) / 2 < concordance(later, np.ones(1000), risk) < best
