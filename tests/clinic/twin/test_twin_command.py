"""`tumorcast twin` and `twin fit`, and what tables get wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clinic.twin.cohorts import known_population, simulated
from tumorcast.cli.main import main
from tumorcast.clinic.twin.fit import FitSettings, fit_population
from tumorcast.clinic.twin.read import read_series
from tumorcast.clinic.twin.record_json import read_population, read_record, write_population
from tumorcast.domain.errors import InputError
from tumorcast.readers.size_series import read_size_series

QUICK = FitSettings(n_virtual=256, n_rough=64, n_patients_rough=40, n_evaluations=15, n_rounds=6)


def _table(path: Path, rows: list[str], head: str = "patient_id,day,size_mm") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_table_becomes_a_record_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["P1,-7,80", "P1,42,60", "P1,84,TOO SMALL TO MEASURE", "P1,100,NOT EVALUABLE", "P1,126,12"]
    table = _table(tmp_path / "sizes.csv", rows)
    what_if = tmp_path / "what_if.yaml"
    what_if.write_text("scenarios:\n  - {name: cut, resection: {day: 150, removed: 0.5}}\n", encoding="utf-8")
    out = tmp_path / "out"
    words = [
        "twin",
        str(table),
        "--patient",
        "P1",
        "--population",
        "motesanib_nsclc",
        "--what-if",
        str(what_if),
    ]
    assert main([*words, "--out", str(out), "--asian", "yes", "--ever-smoker", "no"]) == 0
    record = read_record(out / "twin.json")
    assert [one.status for one in record.scans] == [
        "measured",
        "measured",
        "below",
        "not_evaluated",
        "measured",
    ]
    assert record.survival is None
    assert record.reasons[-1].startswith("survival_past_horizon")
    assert record.scenarios[0].visits[0].median_mm < 0.7 * record.visits[0].median_mm
    assert {"twin.html", "twin.svg", "twin.txt"} <= {one.name for one in out.iterdir()}
    assert "last value" in capsys.readouterr().out


def test_lesions_are_summed(tmp_path: Path) -> None:
    rows = [
        f"P1,{lesion},{day},target,liver,{size},{status}"
        for lesion, sizes in (("T1", (30, 20, "")), ("T2", (25, 20, 18)))
        for day, size, status in zip(
            (0, 42, 84), sizes, ("", "", "TOO SMALL TO MEASURE" if lesion == "T1" else "")
        )
    ]
    table = _table(tmp_path / "lesions.csv", rows, "patient_id,lesion_id,day,kind,organ,size_mm,status")
    one = read_series([table]).series[0]
    np.testing.assert_allclose(one.high_mm, [55, 40, 23])
    np.testing.assert_allclose(one.low_mm, [55, 40, 18])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([f"P{k},{day},{size}" for k in range(5) for day, size in ((0, 4.1), (42, 3.2))], "centimetres"),
        (
            [f"P{k},{day},{size}" for k in range(5) for day, size in ((0, 41), (2, 32), (4, 30))],
            "weeks or months",
        ),
    ],
)
def test_wrong_units_are_refused(tmp_path: Path, rows: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_size_series([_table(tmp_path / "t.csv", rows)])


def test_bad_patients_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    rows = [
        "A,42,30",
        "A,0,40",
        "B,0,-4",
        "B,42,30",
        "C,0,30",
        "C,0,31",
        "D,0,50",
        "D,0,50",
        "D,42,40",
        "E,0,many",
    ]
    found = read_size_series([_table(tmp_path / "t.csv", rows)])
    assert [one.patient_id for one in found.series] == ["A", "D"]
    assert found.series[0].days.tolist() == [0, 42]
    codes = {(one.patient_id, one.code, one.is_refused) for one in found.problems}
    assert ("B", "negative_size", True) in codes
    assert ("C", "two_visits_one_day", True) in codes
    assert ("E", "size_unreadable", True) in codes
    assert ("A", "rows_unsorted", False) in codes


def test_an_unknown_or_refused_patient_is_an_error_that_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(tmp_path / "t.csv", ["A,0,40", "A,42,30", "B,0,-4"])
    lung = ["--population", "oak_nsclc"]
    assert main(["twin", str(table), "--patient", "B", *lung]) == 2
    assert "negative_size" in capsys.readouterr().err
    assert main(["twin", str(table), "--patient", "A", "--horizon", "4000", *lung]) == 2
    assert "follow-up" in capsys.readouterr().err


def test_a_fit_finds_the_population_and_keeps_it(tmp_path: Path) -> None:
    truth = known_population()
    found = fit_population(simulated(truth, 120, seed=4), "gompertz", "simulated", QUICK)
    assert abs(found.centre[0] - truth.centre[0]) < 0.2
    assert abs(found.first_log_mm[0] - truth.first_log_mm[0]) < 0.15
    assert 0.5 < np.sqrt(found.spread[0, 0] / truth.spread[0, 0]) < 1.6
    write_population(found, tmp_path / "population.json")
    assert read_population(tmp_path / "population.json") == found


def test_too_few_patients_make_no_population() -> None:
    with pytest.raises(InputError, match="too few patients"):
        fit_population(simulated(known_population(), 5), "gompertz", "few", QUICK)
