"""Doubly robust values against the true potential outcomes of simulated patients; the naive ranking fails."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causal_cohort import BEST, Simulated, simulated
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.causal.values import (
    Scores,
    doubly_robust_scores,
    naive_values,
    policy_difference,
    policy_value,
    restricted_outcome,
    value_in_overlap,
    weighted_values,
)


def _response_scores(cohort: Simulated, **known: np.ndarray) -> Scores:
    seen = cohort.of_received(cohort.responses)
    return doubly_robust_scores(cohort.table, cohort.given, cohort.patients, seen, **known)


@pytest.fixture(scope="module")
def confounded() -> tuple[Simulated, Scores]:
    """2,000 patients treated by indication."""
    cohort = simulated(2000, 0)
    return cohort, _response_scores(cohort)


def test_the_best_regimen_is_found_and_the_naive_ranking_fails(confounded: tuple[Simulated, Scores]):
    cohort, scores = confounded
    truth = dict(zip(scores.treatments, cohort.responses.mean(axis=0), strict=True))
    assert max(truth, key=lambda name: truth[name]) == BEST
    naive, weighted = naive_values(scores), weighted_values(scores)
    assert max(naive, key=lambda name: naive[name]) != BEST
    robust = {name: float(scores.values[:, k].mean()) for k, name in enumerate(scores.treatments)}
    assert max(robust, key=lambda name: robust[name]) == BEST
    worst = {
        way: max(abs(said[name] - truth[name]) for name in truth)
        for way, said in (("naive", naive), ("weighted", weighted), ("robust", robust))
    }
    assert worst["robust"] < 0.07
    assert worst["naive"] > 2 * worst["robust"]
    assert worst["weighted"] < worst["naive"]


def test_intervals_hold_the_truth_and_contrasts_are_paired(confounded: tuple[Simulated, Scores]):
    cohort, scores = confounded
    everyone, chemo = scores.policy(BEST), scores.policy("immunotherapy")
    told = policy_difference(scores, everyone, chemo)
    truth = cohort.responses.mean(axis=0)[[everyone[0], chemo[0]]]
    assert told.estimate.low < truth[0] - truth[1] < told.estimate.high
    assert told.estimate.low > 0
    alone = policy_value(scores, everyone).estimate
    assert alone.low < truth[0] < alone.high


def test_a_rule_by_patient_is_valued_at_its_truth(confounded: tuple[Simulated, Scores]):
    cohort, scores = confounded
    rule = scores.expected_best()
    true_value = np.take_along_axis(cohort.responses, rule[:, None], axis=1).mean()
    true_gain = true_value - cohort.responses[:, scores.treatments.index(BEST)].mean()
    assert true_gain > 0.03
    told = policy_difference(scores, rule, scores.policy(BEST), confidence=0.99).estimate
    assert told.low < true_gain < told.high
    assert told.value > 0


@pytest.mark.parametrize("wrong", ["chances", "expected"])
def test_one_of_both_models_may_be_wrong(wrong: str):
    cohort = simulated(4000, 3)
    right = {"chances": cohort.chances, "expected": cohort.responses * 0.999}
    broken = {
        "chances": np.full_like(cohort.chances, 0.2),
        "expected": np.full_like(cohort.responses, 0.5),
    }
    scores = _response_scores(cohort, **{**right, wrong: broken[wrong]})
    np.testing.assert_allclose(scores.values.mean(axis=0), cohort.responses.mean(axis=0), atol=0.05)
    both = _response_scores(cohort, **broken)
    assert np.abs(both.values.mean(axis=0) - cohort.responses.mean(axis=0)).max() > 0.08


def test_time_without_progression_under_censoring():
    cohort = simulated(2000, 5)
    time = cohort.of_received(cohort.months)
    seen, is_event = np.minimum(time, cohort.follow_up), time <= cohort.follow_up
    outcome, weight = restricted_outcome(seen, is_event, cohort.given, 12.0)
    assert (weight == 0).any()
    scores = doubly_robust_scores(cohort.table, cohort.given, cohort.patients, outcome, weight)
    truth = np.minimum(cohort.months, 12.0).mean(axis=0)
    np.testing.assert_allclose(scores.values.mean(axis=0), truth, atol=0.8)
    assert scores.treatments[int(scores.values.mean(axis=0).argmax())] == BEST
    naive = naive_values(scores)
    assert max(naive, key=lambda name: naive[name]) != BEST


def test_without_overlap_there_is_a_reason_and_no_number():
    cohort = simulated(1200, 7, no_overlap=True)
    scores = _response_scores(cohort, chances=cohort.chances)
    told = policy_value(scores, scores.policy(BEST))
    assert np.isnan(told.estimate.value)
    assert "could not have received" in told.reason
    assert told.without_overlap > 0.1
    fit = np.asarray(cohort.chances > 0).all(axis=1)
    inside = value_in_overlap(scores, BEST)
    truth = cohort.responses[fit, scores.treatments.index(BEST)].mean()
    assert inside.low < truth < inside.high
    assert inside.high - inside.low < 0.3
    assert not (scores.chances[np.arange(1200), scores.expected_best()] == 0).any()


def test_a_censored_course_counts_by_its_like():
    outcome, weight = restricted_outcome([3.0, 5.0, 12.0, 20.0], [1, 0, 1, 0], ["a"] * 4, 10.0)
    np.testing.assert_allclose(outcome, [3, 5, 10, 10])
    np.testing.assert_allclose(weight, [1, 0, 1.5, 1.5])
    outcome, weight = restricted_outcome([3.0, 5.0], [1, 1], ["a", "a"], 10.0)
    np.testing.assert_allclose((outcome, weight), ([3, 5], [1, 1]))
    with pytest.raises(InputError, match="nobody who received b is followed"):
        restricted_outcome([3.0, 30.0], [0, 1], ["b", "a"], 10.0)


def test_a_patient_counted_twice_does_not_narrow_the_interval():
    cohort = simulated(400, 9)
    twice = pd.concat([cohort.table] * 2, ignore_index=True)
    seen = np.tile(cohort.of_received(cohort.responses), 2)
    known = {"chances": np.tile(cohort.chances, (2, 1)), "expected": np.full((800, 5), 0.5)}
    once = _response_scores(cohort, chances=cohort.chances, expected=np.full((400, 5), 0.5))
    both = doubly_robust_scores(twice, cohort.given * 2, cohort.patients * 2, seen, **known)
    a, b = (policy_value(s, s.policy("chemotherapy")).estimate for s in (once, both))
    assert b.high - b.low == pytest.approx(a.high - a.low, rel=1e-6)


@pytest.mark.heavy
def test_over_many_cohorts_the_best_is_found_and_intervals_cover():
    found, naive, held = [], [], []
    for seed in range(20):
        cohort = simulated(1000, 100 + seed)
        scores = _response_scores(cohort)
        truth = cohort.responses.mean(axis=0)
        found.append(scores.treatments[int(scores.values.mean(axis=0).argmax())] == BEST)
        said = naive_values(scores)
        naive.append(max(said, key=lambda name: said[name]) == BEST)
        for k, name in enumerate(scores.treatments):
            told = policy_value(scores, scores.policy(name))
            if not told.reason:
                held.append(told.estimate.low <= truth[k] <= told.estimate.high)
    print(f"best found {np.mean(found):.0%}, naive {np.mean(naive):.0%}, coverage {np.mean(held):.1%}")
    assert np.mean(found) >= 0.9
    assert np.mean(naive) <= 0.1
    assert np.mean(held) >= 0.85
