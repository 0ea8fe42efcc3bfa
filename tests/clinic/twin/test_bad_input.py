"""What a twin is asked and given out of bounds: an error that says what, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clinic.twin.cohorts import DAYS, known_population, series, simulated
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.fit import FitSettings
from tumorcast.clinic.twin.learn import learn_population
from tumorcast.clinic.twin.record_json import read_population, write_population
from tumorcast.domain.errors import InputError

FOUR = series("P", DAYS[:4], np.array([80.0, 60, 50, 52]))


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("horizon", [-5.0, 0.0, float("nan"), float("inf")])
def test_a_horizon_that_is_none_is_an_error(n: int, horizon: float) -> None:
    with pytest.raises(InputError, match="the horizon"):
        twin_record(FOUR.first(n), known_population(), horizon_day=horizon)


def test_a_horizon_before_the_last_scan_is_not_told_as_the_follow_up() -> None:
    with pytest.raises(InputError, match="after the last scan"):
        twin_record(FOUR, known_population(), horizon_day=50.0)


@pytest.mark.parametrize("n", [1, 4])
def test_a_near_horizon_has_its_one_visit(n: int) -> None:
    horizon = float(FOUR.days[n - 1]) + 20
    record = twin_record(FOUR.first(n), known_population(), horizon_day=horizon)
    assert [one.day for one in record.visits] == [horizon]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("form", "nope"),
        ("centre", [0.1]),
        ("covariance", [[1.0, 2.0], [2.0, 1.0]]),
        ("interval_days", 0.0),
        ("horizon_days", 100000.0),
        ("horizon_days", -1.0),
        ("tail", 0.6),
        ("first_log_mm", [3.4, 0.0]),
        ("readings", {"weights": [0.0, 1.0]}),
    ],
)
def test_a_population_out_of_bounds_is_refused_when_it_is_read(
    tmp_path: Path, field: str, value: Any
) -> None:
    path = tmp_path / "population.json"
    write_population(known_population(), path)
    assert read_population(path) == known_population()
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**fields, field: value}), encoding="utf-8")
    with pytest.raises(InputError, match=field):
        read_population(path)


def test_few_patients_take_the_first_model() -> None:
    quick = FitSettings(n_virtual=128, n_rough=32, n_patients_rough=10, n_evaluations=5, n_rounds=2)
    cohort = simulated(known_population(), 30, seed=6)
    found = learn_population(cohort, "few", ("gompertz", "stein"), quick)
    assert (found.form, found.choice, found.n_patients) == ("gompertz", {}, 30)


def test_scores_of_progression_where_nobody_can_still_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "benchmarks" / "public"))
    from tumour_size_scores import progression_scores

    assert progression_scores([None, None], 0) == {"run": {"patients": 0, "events": 0}}
    one = {"patient_id": "P", "time": 42.0, "is_event": False, "days": np.array([42.0]),
           "chance": np.array([0.2]), "growth_so_far": 1.0}  # fmt: skip
    assert progression_scores([one], 0)["run"]["events"] == 0
