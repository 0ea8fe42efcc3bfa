"""DeLong's variance equals the brute force over pairs; several courses of a patient widen the interval."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.metrics.delong import delong_difference, delong_interval
from tumorcast.metrics.discrimination import auroc, auroc_ratio
from tumorcast.metrics.intervals import resample_patients


def _cohort(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.4).astype(float)
    score = np.round(label + random.normal(0, 1.2, n), 1)
    return label, score, np.round(score + random.normal(0, 0.8, n), 1)


def _brute(label: np.ndarray, scores: list[np.ndarray]) -> np.ndarray:
    """Covariance by the definition: placements of every responder and every other."""
    above, below = [], []
    for score in scores:
        pairs = (score[label == 1][:, None] > score[label == 0]) + 0.5 * (
            score[label == 1][:, None] == score[label == 0]
        )
        above.append(pairs.mean(axis=1))
        below.append(pairs.mean(axis=0))
    return np.cov(above) / len(above[0]) + np.cov(below) / len(below[0])


def test_the_variance_is_the_definitions():
    label, score, other = _cohort(80, 0)
    covariance = _brute(label, [score, other])
    found = delong_difference(label, score, other)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert found.error == pytest.approx(np.sqrt(variance), abs=1e-12)
    assert found.difference.value == pytest.approx(auroc(label, score) - auroc(label, other), abs=1e-12)


def test_the_interval_covers_as_promised():
    truth = auroc(*_cohort(200_000, 1)[:2])
    held = 0
    for seed in range(300):
        told = delong_interval(*_cohort(120, 100 + seed)[:2])
        held += told.low <= truth <= told.high
    assert 0.92 <= held / 300 <= 0.98


def test_copies_of_courses_add_no_certainty_when_patients_are_known():
    label, score, _ = _cohort(60, 2)
    people = np.arange(60)
    once = delong_interval(label, score, people)
    tripled = delong_interval(np.tile(label, 3), np.tile(score, 3), np.tile(people, 3))
    blind = delong_interval(np.tile(label, 3), np.tile(score, 3))
    assert tripled.value == pytest.approx(once.value)
    assert tripled.high - tripled.low == pytest.approx(once.high - once.low, rel=1e-6)
    assert blind.high - blind.low < 0.7 * (once.high - once.low)


def test_a_perfect_or_undefined_area_has_no_interval():
    assert np.isnan(delong_interval([0, 0, 1, 1], [1, 2, 3, 4]).low)
    assert np.isnan(delong_interval([1, 1, 1], [1, 2, 3]).value)
    label, score, _ = _cohort(40, 3)
    assert np.isnan(delong_difference(label, score, 2 * score).p)


def _obuchowski(label: np.ndarray, scores: list[np.ndarray], patients: np.ndarray) -> np.ndarray:
    """Covariance of several courses a patient by the definition: pair by pair, patient by patient."""
    m, n = int((label == 1).sum()), int((label == 0).sum())
    first, second = np.zeros((2, len(scores), int(patients.max()) + 1))
    for k, score in enumerate(scores):
        for i in np.flatnonzero(label == 1):
            for j in np.flatnonzero(label == 0):
                excess = float(score[i] > score[j]) + 0.5 * float(score[i] == score[j]) - auroc(label, score)
                first[k, patients[i]] += excess / n
                second[k, patients[j]] += excess / m
    with_first, with_second = len(set(patients[label == 1])), len(set(patients[label == 0]))
    people = len(set(patients))
    s10 = with_first / ((with_first - 1) * m) * first @ first.T
    s01 = with_second / ((with_second - 1) * n) * second @ second.T
    s11 = people / (people - 1) * first @ second.T
    return s10 / m + s01 / n + (s11 + s11.T) / (m * n)


def test_the_variance_of_several_courses_a_patient_is_the_definitions():
    label, score, other = _cohort(40, 5)
    patients = np.random.default_rng(6).integers(0, 18, 40)
    patients = np.unique(patients, return_inverse=True)[1]
    covariance = _obuchowski(label, [score, other], patients)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    names = np.array([f"P-{k}" for k in patients])
    assert delong_difference(label, score, other, names).error == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_the_bootstrap_of_patients_agrees():
    label, score, other = _cohort(240, 7)
    patients = np.arange(240) // 2
    weights = resample_patients(patients, 1000, 0).weights(patients)
    drawn = auroc_ratio(label, score, weights).values() - auroc_ratio(label, other, weights).values()
    assert delong_difference(label, score, other, patients).error == pytest.approx(drawn.std(), rel=0.1)


def test_one_patients_responders_give_no_interval():
    label, score = [1, 1, 0, 0, 0], [0.9, 0.3, 0.5, 0.2, 0.1]
    told = delong_interval(label, score, ["a", "a", "b", "c", "d"])
    assert told.value == pytest.approx(5 / 6)
    assert np.isnan([told.low, told.high]).all()


def test_patients_of_another_length_are_refused():
    with pytest.raises(ValueError, match="patients"):
        delong_interval([0, 1, 1], [1, 2, 3], ["a", "b"])
