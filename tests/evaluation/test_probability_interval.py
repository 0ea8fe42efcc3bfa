"""The interval holds the true chance as often as it says, on made-up cohorts whose chance is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tumorcast.evaluation.probability_interval import held_out, neighbours, probability_interval
from tumorcast.evaluation.trust import Trust, fit_trust, with_local


def cohort(patients: int, seed: int, slope: float = 0.8, intercept: float = 0.3) -> pd.DataFrame:
    """Predictions whose truth is a line in their logit; every fourth patient has two courses."""
    random = np.random.default_rng(seed)
    people = np.concatenate([np.arange(patients), np.arange(0, patients, 4)])
    score = random.normal(0, 1.2, len(people))
    label = random.random(len(people)) < expit(intercept + slope * score)
    return pd.DataFrame(
        {"patient_id": people.astype(str), "fold": people % 5, "label": label.astype(float),
         "probability": expit(score)}
    )  # fmt: skip


def trust_of(patients: int, seed: int, **truth: float) -> Trust:
    made = fit_trust(cohort(patients, seed, **truth))
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("patients", "slope", "intercept"), [(60, 0.8, 0.3), (200, 0.8, 0.3), (200, 1.4, -0.8)]
)
def test_the_interval_covers_the_true_chance(patients, slope, intercept):
    scores = np.linspace(-2, 2, 9)
    held = []
    for seed in range(40):
        trust = trust_of(patients, seed, slope=slope, intercept=intercept)
        for score in scores:
            found = probability_interval(trust, float(expit(score)))
            held.append(found.low <= expit(intercept + slope * score) <= found.high)
    assert np.mean(held) > 0.92


def test_more_patients_give_narrower_intervals_that_are_not_trivial():
    widths = []
    for patients in (60, 200, 800):
        found = [probability_interval(trust_of(patients, seed), 0.6) for seed in range(5)]
        widths.append(np.mean([one.high - one.low for one in found]))
    assert widths[0] > 1.4 * widths[1] > 1.4**2 * widths[2]
    assert widths[1] < 0.35


def test_a_point_lies_within_its_interval_wherever_it_is():
    trust = trust_of(60, 3)
    for raw in (0.0, 1e-9, 0.01, 0.3, 0.5, 0.99, 1.0):
        found = probability_interval(trust, raw)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.value == pytest.approx(float(trust.probability([raw])[0]))


def test_a_hospitals_correction_widens_what_training_knew():
    trust = trust_of(200, 0)
    few = cohort(24, 9, intercept=-3.0)
    local = with_local(trust, few["probability"], few["label"], few["patient_id"])
    assert local.local_conformal is None
    assert local.local is not None
    assert local.local.chosen != "original"
    before, after = (probability_interval(one, 0.6) for one in (trust, local))
    spread = [np.subtract(*np.log([p.high / (1 - p.high), p.low / (1 - p.low)])) for p in (before, after)]
    assert spread[1] > spread[0]


def test_neighbours_are_the_nearest_and_never_all():
    trust = trust_of(200, 1)
    found = neighbours(trust, 0.9)
    assert found.count == 40
    assert found.low > np.median(held_out(trust.conformal).probability)
    assert found.responded.low < found.responded.value < found.responded.high
    assert neighbours(trust_of(60, 1), 0.5).count == 25
