"""Operating point: Youden's threshold against all thresholds, and the counts behind each share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, roc_curve

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.operating_point import choose_threshold, operating_characteristics


def _sample(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    label = np.r_[0, 1, random.integers(0, 2, 30)].astype(float)
    return label, np.round(random.random(32), 1)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_no_threshold_does_better(seed):
    label, probability = _sample(seed)
    found = operating_characteristics(label, probability, choose_threshold(label, probability))
    false_rate, true_rate, _ = roc_curve(label, probability, drop_intermediate=False)
    assert found["sensitivity"] + found["specificity"] - 1 == pytest.approx((true_rate - false_rate).max())


def test_the_threshold_lies_between_the_classes_it_separates():
    assert choose_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9]) == pytest.approx(0.4)


def test_shares_agree_with_the_confusion_matrix():
    label, probability = _sample(3)
    (true_negative, false_positive), (false_negative, true_positive) = confusion_matrix(
        label, probability >= 0.5
    )
    assert operating_characteristics(label, probability, 0.5) == pytest.approx(
        {
            "sensitivity": true_positive / (true_positive + false_negative),
            "specificity": true_negative / (true_negative + false_positive),
            "ppv": true_positive / (true_positive + false_positive),
            "npv": true_negative / (true_negative + false_negative),
            "prevalence": label.mean(),
        }
    )


def test_shares_of_nothing_are_undefined():
    found = operating_characteristics([0, 0], [0.1, 0.2], 0.5)
    assert np.isnan([found["sensitivity"], found["ppv"]]).all()
    assert (found["specificity"], found["npv"], found["prevalence"]) == (1, 1, 0)


@pytest.mark.parametrize("label", [np.zeros(4), np.ones(4)])
def test_one_class_is_refused(label):
    with pytest.raises(InputError, match="responders and non-responders"):
        choose_threshold(label, np.linspace(0, 1, 4))
