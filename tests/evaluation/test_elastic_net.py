"""The elastic net against others' solvers, and its manners."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from sklearn.linear_model import LogisticRegression

from tumorcast.evaluation.elastic_net import Outcome, elastic_net_path, fit_elastic_net
from tumorcast.metrics.discrimination import auroc
from tumorcast.metrics.residuals import martingale_residuals, response_residuals
from tumorcast.metrics.survival import concordance


@pytest.fixture
def courses() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[300, 12] features of which two matter, response, survival time."""
    random = np.random.default_rng(0)
    features = random.normal(size=(300, 12))
    score = 1.2 * features[:, 0] - 0.8 * features[:, 1]
    label = (random.random(300) < 1 / (1 + np.exp(-score))).astype(float)
    return features, label, random.exponential(np.exp(-score)) * 100


def test_logistic_weights_equal_scikit_learns(courses):
    features, label, _ = courses
    penalty, share = 0.05, 0.5
    intercept, beta = elastic_net_path(features, Outcome(label), np.array([penalty]), share)[0]
    other = LogisticRegression(
        l1_ratio=share, C=1 / (penalty * len(label)), solver="saga", max_iter=20_000, tol=1e-8
    ).fit(features, label)
    np.testing.assert_allclose(beta, other.coef_[0], atol=2e-3)
    assert intercept == pytest.approx(other.intercept_[0], abs=2e-3)
    assert (beta == 0).any()


def test_cox_weights_equal_lifelines(courses):
    features, label, time = courses
    penalty, share = 0.05, 0.5
    _, beta = elastic_net_path(features, Outcome(label, time), np.array([penalty]), share)[0]
    table = pd.DataFrame(features).assign(time=time, event=label)
    other = CoxPHFitter(penalizer=penalty, l1_ratio=share).fit(table, "time", "event")
    spread = features.std(axis=0)
    np.testing.assert_allclose(beta, other.params_.to_numpy(), atol=0.03 / spread.min())


def test_what_matters_is_found_among_many(courses):
    features, label, time = courses
    random = np.random.default_rng(1)
    wide = np.hstack([features, random.normal(size=(300, 800))])
    half = np.arange(300) < 200
    said = fit_elastic_net(wide[half], Outcome(label[half]), wide[~half])
    assert auroc(label[~half], said) > 0.7
    ones = np.ones(300)
    risk = fit_elastic_net(wide[half], Outcome(ones[half], time[half]), wide[~half])
    assert concordance(time[~half], ones[~half], -risk) < 0.35


def test_constants_and_a_single_class_give_no_opinion():
    features = np.ones((40, 3))
    label = np.arange(40) % 2 * 1.0
    assert np.ptp(fit_elastic_net(features, Outcome(label), features)) == 0
    random = np.random.default_rng(0).normal(size=(40, 3))
    assert np.ptp(fit_elastic_net(random, Outcome(np.ones(40)), random)) == 0


def test_martingale_residuals_are_the_slope_of_the_partial_likelihood(courses):
    features, label, time = courses
    score = features[:, 0]
    outcome = Outcome(label, np.round(time))  # with ties
    residual = martingale_residuals(np.round(time), label, score)
    assert residual.sum() == pytest.approx(0, abs=1e-9)
    for i in (0, 7, 100):
        up, down = score.copy(), score.copy()
        up[i] += 1e-4
        down[i] -= 1e-4
        slope = -(outcome.loss(up) - outcome.loss(down)) / 2e-4 * len(score)
        assert residual[i] == pytest.approx(slope, abs=1e-5)


def test_residuals_without_a_score():
    assert response_residuals([0, 0, 1, 1]).tolist() == [-0.5, -0.5, 0.5, 0.5]
    # Nelson-Aalen by hand: hazards 1/3, 1/2, 1
    np.testing.assert_allclose(martingale_residuals([1, 2, 3], [1, 1, 1]), [2 / 3, 1 / 6, -5 / 6])
