"""Who leaves, what is written down again, and when progression is seen."""

from __future__ import annotations

import numpy as np
import pytest

from clinic.twin.cohorts import known_population, series, simulated
from tumorcast.clinic.twin.crossfit import Task, crossfit, written
from tumorcast.clinic.twin.leaving import fit_leaving
from tumorcast.clinic.twin.progress import best_response_chance, progressed_day, progression_chance
from tumorcast.clinic.twin.readings import fit_readings, read_off


def test_leaving_that_depends_on_growth_is_found() -> None:
    rng = np.random.default_rng(0)
    before, after = rng.normal(0.1, 0.2, (2, 4000))
    leaves = rng.random(4000) < 1 / (1 + np.exp(-(-1.5 + 1.0 * before + 3.0 * after)))
    stayed = np.stack([before, after], axis=1)[~leaves]
    found = fit_leaving(stayed, before[leaves], after[leaves][:, None])
    assert found.weights == pytest.approx((-1.5, 1.0, 3.0), abs=0.35)
    assert found.chance(np.array(0.0), np.array(0.5)) > found.chance(np.array(0.0), np.array(0.0))


def test_readers_who_repeat_are_forecast_to_repeat() -> None:
    days = np.arange(0.0, 10 * 42, 42)
    rng = np.random.default_rng(1)
    moving = [series(f"M{k}", days, np.round(40 + np.cumsum(rng.normal(0, 8, 10)))) for k in range(40)]
    still = [series(f"S{k}", days, np.repeat(30.0 + k, 10)) for k in range(40)]
    found = fit_readings([*moving, *still])
    sizes = rng.normal(30, 6, (2000, 3))
    luck = rng.random(sizes.shape)
    again = (read_off(sizes, np.repeat(30.0, 6), found, luck) == 30).mean()
    fresh = (read_off(sizes, np.array([50.0, 41, 47, 36, 42, 30]), found, luck) == 30).mean()
    assert again > 0.8
    assert fresh < 0.4


def test_progression_needs_a_fifth_and_five_millimetres() -> None:
    assert progressed_day(np.arange(4.0), np.array([50.0, 20, 24.9, 30])) == 3
    assert progressed_day(np.arange(3.0), np.array([100.0, 100, 119.9])) is None
    assert progressed_day(np.arange(2.0), np.array([100.0, 120])) == 1
    known, ahead = np.array([50.0, 20]), np.array([[24.0, 26.0], [25.0, 10.0]])
    np.testing.assert_allclose(progression_chance(known, ahead), [0.5, 1.0])


def test_best_response_ends_with_progression() -> None:
    told = best_response_chance(
        np.array([50.0, 45.0]), np.array([[60.0, 10.0], [30.0, 30.0], [0.0, 0.0], [44, 44.0]])
    )
    assert told == {"CR": 0.25, "PR": 0.25, "SD": 0.5, "PD": 0.0}


@pytest.mark.heavy
def test_a_patients_own_later_scans_are_seen_by_nothing() -> None:
    cohort = simulated(known_population(), 60, seed=5)
    populations = crossfit(cohort, folds=3, fits=1, forms=("gompertz",))
    changed = [
        *cohort[:-1],
        series(cohort[-1].patient_id, cohort[-1].days, cohort[-1].high_mm * np.r_[[1.0] * 5, 3, 3, 3]),
    ]
    again = crossfit(changed, folds=3, fits=1, forms=("gompertz",))
    name = cohort[-1].patient_id
    task = Task(cohort[-1].first(5), cohort[-1].days[5:])
    assert populations[name] == again[name]
    np.testing.assert_array_equal(written(populations[name], task), written(again[name], task))
