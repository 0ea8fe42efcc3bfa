"""No number where the population does not describe the patient, or sizes are those of no body."""

from __future__ import annotations

import numpy as np
import pytest

from clinic.twin.cohorts import DAYS, known_population, series, simulated
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.published import named_population


@pytest.mark.parametrize(
    ("population", "sizes", "code"),
    [("oak_nsclc", (20, 100, 400), "few_alike"), ("motesanib_nsclc", (80, 15, 150, 12), "misfit")],
)
def test_a_patient_unlike_all_others_is_refused(population: str, sizes: tuple[float, ...], code: str) -> None:
    record = twin_record(series("P", DAYS[: len(sizes)], np.array(sizes)), named_population(population))
    assert record.kind == "refused"
    assert record.reasons[0].startswith(code)
    assert (record.fan, record.visits, record.progression, record.best_response) == ((), (), None, {})


def test_a_forecast_ends_before_its_band_passes_a_metre() -> None:
    growing = series("P", DAYS[:3], np.array([60.0, 80, 110]))
    record = twin_record(growing, named_population("motesanib_nsclc"))
    assert record.kind == "individual"
    assert record.reasons[0].startswith("implausible_size")
    assert DAYS[2] < record.horizon_day < 365
    shown = (*record.fan, *record.visits)
    assert max(one.high_mm for one in shown) <= 1000
    assert max(one.day for one in shown) <= record.horizon_day


@pytest.mark.parametrize("form", ["gompertz", "claret", "stein"])
def test_the_populations_own_patients_are_not_refused(form: str) -> None:
    population = known_population(form)
    kinds = [twin_record(one.first(5), population).kind for one in simulated(population, 6, seed=8)]
    assert kinds.count("individual") == 6
