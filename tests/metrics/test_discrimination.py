"""Discrimination agrees with scikit-learn, ranks only, and sees weights as repeated rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from tumorcast.metrics.discrimination import (
    auprc,
    auprc_ratio,
    auroc,
    auroc_ratio,
    brier,
    brier_ratio,
    log_loss,
    log_loss_ratio,
)

PAIRS = [
    (auroc, roc_auc_score),
    (auprc, average_precision_score),
    (brier, brier_score_loss),
    (log_loss, sklearn_log_loss),
]
RATIOS = [(auroc, auroc_ratio), (auprc, auprc_ratio), (brier, brier_ratio), (log_loss, log_loss_ratio)]


def sample(seed: int, count: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of both classes, and scores with ties."""
    random = np.random.default_rng(seed)
    label = np.r_[0, 1, random.integers(0, 2, count - 2)].astype(float)
    return label, random.integers(0, levels, count) / levels


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 60), levels=st.sampled_from([1, 2, 5, 1000]))
def test_equals_scikit_learn(ours, theirs, seed, count, levels):
    label, score = sample(seed, count, levels)
    assert ours(label, score) == pytest.approx(theirs(label, score), abs=1e-9)


@pytest.mark.parametrize(("metric", "ratio"), RATIOS)
def test_a_weight_of_two_is_a_row_twice(metric, ratio):
    label, score = sample(3, 40, 7)
    weights = np.random.default_rng(4).integers(0, 4, (20, 40)).astype(float)
    repeated = [metric(np.repeat(label, w.astype(int)), np.repeat(score, w.astype(int))) for w in weights]
    assert ratio(label, score, weights).values() == pytest.approx(repeated, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 60))
def test_auroc_sees_order_alone(seed, count):
    label, score = sample(seed, count, 50)
    assert auroc(label, np.exp(3 * score) - 7) == pytest.approx(auroc(label, score), abs=1e-12)
    assert auroc(label, -score) == pytest.approx(1 - auroc(label, score), abs=1e-12)


@pytest.mark.parametrize("label", [[1.0, 1.0], [0.0, 0.0], []])
def test_auroc_of_one_class_is_nan(label):
    assert np.isnan(auroc(label, np.linspace(0, 1, len(label))))


def test_auprc_without_responders_is_nan():
    assert np.isnan(auprc([0, 0], [0.1, 0.2]))


def test_too_few_of_a_class_can_be_asked_for():
    weights = np.array([[1.0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 2, 2]])
    values = auroc_ratio([1, 1, 0, 0], [0.9, 0.2, 0.5, 0.1], weights).values(fewest=2)
    assert values[0] == pytest.approx(0.75)
    assert np.isnan(values[1:]).all()


@pytest.mark.parametrize(
    ("label", "score", "said"),
    [([0, 2], [0.1, 0.2], "0 or 1"), ([0, 1], [0.1, np.nan], "finite"), ([0, 1], [0.1], "one length")],
)
def test_wrong_arrays_are_refused(label, score, said):
    with pytest.raises(ValueError, match=said):
        auroc_ratio(label, score, np.ones((1, len(label))))
