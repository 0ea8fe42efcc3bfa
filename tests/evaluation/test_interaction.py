"""Interactions of a score with the arm: planted ones found, absent ones within their interval, power as simulated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.interaction import hazard_ratio, interaction, power_of, smallest_found


def _trial(effect: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(time, event, arm, score): the log hazard ratio of treatment is effect * score."""
    random = np.random.default_rng(seed)
    score, arm = random.normal(size=n), random.integers(0, 2, n).astype(float)
    time = random.exponential(np.exp(-(0.2 * score + effect * score * arm)))
    censored = random.exponential(3.0, n)
    return np.minimum(time, censored), (time <= censored).astype(float), arm, score


def test_lifelines_finds_the_same_interaction():
    time, event, arm, score = _trial(-0.5, 200, 0)
    z = (score - score.mean()) / score.std()
    table = pd.DataFrame({"time": time, "event": event, "arm": arm, "z": z, "both": arm * z})
    fitted = CoxPHFitter().fit(table, "time", "event")
    found = interaction(time, event, arm, score)
    assert np.log(found.ratio.value) == pytest.approx(fitted.params_["both"], abs=1e-5)
    assert found.error == pytest.approx(fitted.standard_errors_["both"], abs=1e-5)
    assert found.p == pytest.approx(fitted.summary.loc["both", "p"], abs=1e-5)


def test_a_planted_interaction_is_found_and_an_absent_one_is_not():
    found = interaction(*_trial(-0.7, 400, 1))
    assert found.ratio.high < 1
    assert found.high_half.value < found.low_half.value
    misses = [interaction(*_trial(0.0, 150, seed)).p < 0.05 for seed in range(200)]
    assert np.mean(misses) < 0.1


def test_stated_power_is_what_simulation_shows():
    errors = [interaction(*_trial(-0.4, 200, seed)) for seed in range(200)]
    stated = np.mean([power_of(np.exp(-0.4), one.error) for one in errors])
    assert np.mean([one.p < 0.05 for one in errors]) == pytest.approx(stated, abs=0.08)
    error = errors[0].error
    assert power_of(smallest_found(error), error) == pytest.approx(0.8, abs=0.01)


def test_an_arm_without_events_has_no_ratio():
    assert np.isnan(hazard_ratio([1.0, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]).value)


def test_a_rule_that_few_fulfil_has_them_as_its_high_half():
    time, event, arm, score = _trial(-0.7, 200, 2)
    rule = (score > 1).astype(float)
    found = interaction(time, event, arm, rule)
    assert found.high_count == rule.sum()
    own = rule == 1
    assert found.high_half.value == pytest.approx(hazard_ratio(time[own], event[own], arm[own]).value)


@pytest.mark.parametrize("which", ["score", "arm", "unknown"])
def test_without_two_arms_or_a_score_there_is_no_interaction(which):
    time, event, arm, score = _trial(0.0, 50, 3)
    if which == "arm":
        arm = np.ones(50)
    else:
        score = np.full(50, 2.0 if which == "score" else np.nan)
    with pytest.raises(InputError, match="no interaction"):
        interaction(time, event, arm, score)
