"""Bands say how often they hold: numbers to come on patients that no fit has seen, true sizes as drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clinic.twin.cohorts import known_population, series, simulated
from tumorcast.clinic.twin import learn
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.fit import FitSettings
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.summary import bands
from tumorcast.readers.size_series import SizeSeries

QUICK = FitSettings(n_virtual=64, n_rough=32, n_patients_rough=20, n_evaluations=4, n_rounds=2)


def test_the_tail_is_found_on_patients_that_its_population_has_not_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted: set[str] = set()
    seen: set[str] = set()
    real = learn.fit_population

    def fit(some: list[SizeSeries], *words: object) -> TwinPopulation:
        fitted.update(one.patient_id for one in some)
        return real(some, *words)

    def tail(population: TwinPopulation, some: list[SizeSeries]) -> float:
        del population
        seen.update(one.patient_id for one in some)
        return 0.03

    monkeypatch.setattr(learn, "fit_population", fit)
    monkeypatch.setattr(learn, "calibrated_tail", tail)
    cohort = simulated(known_population(), 60)
    assert learn.held_out_tail(cohort, "gompertz", QUICK) == 0.03
    assert fitted | seen == {one.patient_id for one in cohort}
    assert not fitted & seen
    assert learn.held_out_tail(cohort[:30], "gompertz", QUICK) == 0.05


def test_a_tail_of_written_numbers_moves_no_band_of_true_sizes() -> None:
    sizes = np.linspace(0, 100, 1001)[:, None]
    assert (bands(np.zeros(1), sizes)[0].low_mm, bands(np.zeros(1), sizes)[0].high_mm) == (5, 95)
    four = series("P1", np.array([0.0, 42, 84, 126]), np.array([80.0, 60, 50, 52]))
    narrow, wide = (twin_record(four, replace(known_population(), tail=tail)) for tail in (0.12, 0.02))
    assert narrow.fan == wide.fan
    assert narrow.visits[0].high_mm < wide.visits[0].high_mm
    one, other = (twin_record(four.first(1), replace(known_population(), tail=tail)) for tail in (0.12, 0.02))
    assert one.visits == other.visits
