"""What a table of lesions shows beside the sums of its targets is not forecast away."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic.twin.cohorts import known_population
from tumorcast.biology.recist.lesions import Assessment, Finding, Lesion, PatientLesions
from tumorcast.biology.recist.problems import RefusedError
from tumorcast.clinic.report.panel_twin import twin_panel
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.html import html_of
from tumorcast.clinic.twin.read import read_series, series_of
from tumorcast.clinic.twin.record import TwinRecord
from tumorcast.clinic.twin.scenarios import Scenario
from tumorcast.clinic.twin.table import table_text

_HEAD = "patient_id,lesion_id,day,kind,organ,size_mm,status\n"
_TARGETS = "".join(f"P1,T1,{day},target,liver,{size},\n" for day, size in ((0, 30), (42, 20), (84, 20)))


def _record(tmp_path: Path, more: str, n: int = 3) -> TwinRecord:
    table = tmp_path / "lesions.csv"
    table.write_text(_HEAD + _TARGETS + more, encoding="utf-8")
    one = read_series([table]).series[0]
    cut = Scenario("cut", "resection", 100.0, {"removed": 0.5})
    return twin_record(one.first(n), known_population(), scenarios=(cut,))


@pytest.mark.parametrize(
    ("more", "grounds", "day"),
    [
        ("P1,X1,42,new,lung,9,\n", "new_lesion", 42.0),
        ("P1,N1,0,non_target,bone,,PRESENT\nP1,N1,84,non_target,bone,,UNEQUIVOCAL PROGRESSION\n", "non_target", 84.0),
    ],
)  # fmt: skip
def test_progression_that_sums_do_not_show_is_told_and_no_chance_of_it_is_given(
    tmp_path: Path, more: str, grounds: str, day: float
) -> None:
    record = _record(tmp_path, more)
    found = record.progression
    assert found is not None
    assert (found.seen_day, found.seen_by, found.by_horizon, found.median_day) == (day, grounds, None, None)
    assert record.best_response == {}
    scenario = record.scenarios[0]
    assert scenario.progression == found
    assert all(one.progression is None for one in (*record.visits, *scenario.visits))
    assert any(one.startswith(f"progression_seen: day {day:g}") for one in record.reasons)
    panel = twin_panel(record)
    assert all(row[4] == "not given" for row in panel.tables[0].rows)
    for text in (table_text(record), html_of(record), " ".join(panel.warnings)):
        assert "progression_seen" in text


def test_without_such_findings_and_before_them_chances_are_given(tmp_path: Path) -> None:
    for record in (_record(tmp_path, ""), _record(tmp_path, "P1,X1,84,new,lung,9,\n", n=2)):
        assert record.progression is not None
        assert record.progression.seen_day is None
        assert all(one.progression is not None for one in record.visits)
        assert sum(record.best_response.values()) == pytest.approx(1)


def test_a_baseline_with_a_target_that_was_not_evaluated_is_refused() -> None:
    lesions = (Lesion("T1", "target"), Lesion("T2", "target"))
    found = [
        {"T1": Finding("measured", 30)},
        {"T1": Finding("measured", 20), "T2": Finding("measured", 40)},
    ]
    scans = tuple(Assessment(42.0 * k, 42.0 * k, "", one) for k, one in enumerate(found))
    with pytest.raises(RefusedError, match="no_baseline"):
        series_of(PatientLesions("P1", lesions, scans))


def test_a_patient_without_any_size_gets_the_population_and_its_mark(tmp_path: Path) -> None:
    table = tmp_path / "sizes.csv"
    table.write_text("patient_id,day,size_mm\nA,0,40\nA,42,30\nP,0,NE\n", encoding="utf-8")
    one = read_series([table]).series[1]
    record = twin_record(one, known_population())
    assert record.kind == "population_simulation"
    assert [scan.status for scan in record.scans] == ["not_evaluated"]
