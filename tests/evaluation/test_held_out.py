"""Held-out tests of attributions: exact where that can be computed, honest where nothing is there."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from tumorcast.evaluation.held_out import (
    importance_intervals,
    informative,
    permutation_p,
    q_values,
    univariate_p,
)


def test_p_is_that_of_all_permutations():
    random = np.random.default_rng(0)
    attribution, residual = random.normal(size=(7, 1)), random.normal(size=7)
    own, truth = attribution[:, 0] - attribution.mean(), residual - residual.mean()
    all_of_them = [own @ truth[list(order)] for order in itertools.permutations(range(7))]
    exact = np.mean(np.array(all_of_them) >= own @ truth - 1e-12)
    z, p = permutation_p(attribution, residual, np.zeros(7), draws=100_000)
    assert p[0] == pytest.approx(exact, abs=0.02)
    assert z[0] == pytest.approx((own @ truth) / np.std(all_of_them), rel=1e-6)


def test_null_features_have_uniform_p_values_also_where_folds_differ():
    """Folds of unlike prevalence and unlike attribution make no finding."""
    random = np.random.default_rng(1)
    folds = np.repeat([0, 1], 60)
    attribution = random.normal(size=(120, 400)) + 5 * folds[:, None]
    label = (random.random(120) < np.where(folds, 0.8, 0.2)).astype(float)
    _, p = permutation_p(attribution, label, folds)
    assert abs((p < 0.05).mean() - 0.05) < 0.03
    assert (q_values(p) > 0.1).all()


def test_the_planted_feature_is_found_among_many_and_the_contrary_is_not():
    random = np.random.default_rng(2)
    label = np.arange(150) % 2 * 1.0
    attribution = random.normal(size=(150, 500))
    attribution[:, 7] += 1.5 * label
    attribution[:, 8] -= 1.5 * label  # the model has it backwards
    z, p = permutation_p(attribution, label, np.arange(150) % 5)
    assert np.flatnonzero(q_values(p) <= 0.1).tolist() == [7]
    assert z[8] < -5


def test_features_of_one_or_two_courses_cannot_be_judged():
    attribution = np.zeros((50, 2))
    attribution[:2, 0], attribution[:5, 1] = 1, 1
    label = np.r_[np.ones(10), np.zeros(40)]
    _, p = permutation_p(attribution, label, np.zeros(50))
    assert p[0] == 1
    assert p[1] < 0.01


def test_weights_that_favour_the_true_ones_find_more_and_even_ones_change_nothing():
    p = np.r_[[1e-4, 2e-4], np.linspace(0.01, 1, 998)]
    weights = np.r_[[50, 50], np.ones(998)]
    assert (q_values(p) > 0.05).all()
    assert (q_values(p, weights) <= 0.05).sum() == 2
    np.testing.assert_allclose(q_values(p, np.ones(1000)), false_discovery_control(p))
    assert np.isnan(q_values(np.array([np.nan, 0.2]))[0])


def test_weighted_discoveries_keep_their_rate():
    """2,000 null families with lopsided weights: at most the stated share has a discovery."""
    random = np.random.default_rng(3)
    hits = [(q_values(random.random(40), random.exponential(size=40) ** 3) <= 0.1).any() for _ in range(2000)]
    assert np.mean(hits) < 0.1 + 3 * np.sqrt(0.1 * 0.9 / 2000)


def test_univariate_tests_are_those_of_their_kind():
    label = np.array([1, 1, 1, 1, 0, 0, 0, 0.0])
    values = np.column_stack([label, np.arange(8.0), np.full(8, 2.0)])
    p = univariate_p(values, label - 0.5, label)
    assert p[0] == pytest.approx(2 / 70)  # Fisher
    assert p[1] == pytest.approx(2 / 70)  # Mann-Whitney, exact
    assert np.isnan(p[2])
    assert univariate_p(values, label - 0.5, None)[0] < 0.01


def test_importance_has_its_interval_and_stability():
    random = np.random.default_rng(4)
    attribution = np.column_stack([random.normal(0, 3, 80), random.normal(0, 1, (80, 5))[:, :5]])
    mean, low, high, often = importance_intervals(attribution, [f"p{i // 2}" for i in range(80)], 1, 200, 0)
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert often[0] == 1
    assert often[1:].max() == 0


def test_a_feature_weighs_by_the_courses_that_it_tells_apart_whatever_their_outcome():
    values = np.zeros((8, 5))
    values[:2, 0] = 1
    values[:, 1] = np.arange(8)
    values[7, 2] = 1
    values[:, 3] = np.nan
    values[:4, 4], values[4:, 4] = np.nan, 1
    np.testing.assert_array_equal(informative(values), [2, 2, 1, 0, 0])
