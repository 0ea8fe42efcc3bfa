"""Threshold at a given sensitivity, and predictive values at another prevalence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.operating_point import (
    operating_characteristics,
    predictive_values,
    threshold_for_sensitivity,
)


def sample(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of both classes, and probabilities with ties."""
    random = np.random.default_rng(seed)
    return np.r_[0, 1, random.integers(0, 2, 30)].astype(float), np.round(random.random(32), 1)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), wanted=st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_it_is_the_highest_threshold_that_finds_enough(seed, wanted):
    label, probability = sample(seed)
    threshold = threshold_for_sensitivity(label, probability, wanted)
    assert operating_characteristics(label, probability, threshold)["sensitivity"] >= wanted - 1e-12
    above = np.nextafter(threshold, 2)
    assert operating_characteristics(label, probability, above)["sensitivity"] < wanted


def test_nine_of_ten_responders():
    label, probability = np.ones(10), np.arange(10) / 10
    assert threshold_for_sensitivity(label, probability) == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(5))
def test_predictive_values_at_the_cohorts_own_prevalence_are_the_observed_ones(seed):
    label, probability = sample(seed)
    found = operating_characteristics(label, probability, 0.5)
    told = predictive_values(found["sensitivity"], found["specificity"], found["prevalence"])
    assert told == pytest.approx((found["ppv"], found["npv"]))


def test_rarer_response_lowers_the_ppv_and_raises_the_npv():
    (rare_ppv, rare_npv), (ppv, npv) = (predictive_values(0.9, 0.8, p) for p in (0.1, 0.5))
    assert rare_ppv == pytest.approx(1 / 3)
    assert rare_ppv < ppv
    assert rare_npv > npv


def test_predictive_values_of_nobody_are_undefined():
    assert np.isnan(predictive_values(0.0, 1.0, 0.3)[0])
    assert np.isnan(predictive_values(1.0, 0.0, 0.3)[1])


@pytest.mark.parametrize(("label", "wanted"), [([0.0, 0.0], 0.9), ([0.0, 1.0], 0.0), ([0.0, 1.0], 1.1)])
def test_what_cannot_be_chosen_is_refused(label, wanted):
    with pytest.raises(InputError, match="cannot be"):
        threshold_for_sensitivity(np.array(label), np.array([0.2, 0.4]), wanted)
