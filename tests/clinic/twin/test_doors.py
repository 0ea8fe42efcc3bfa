"""Nothing that a table holds is left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tumorcast.cli.main import main
from tumorcast.clinic.twin.read import read_series, series_named
from tumorcast.clinic.twin.record_json import read_record
from tumorcast.domain.errors import InputError
from tumorcast.readers.size_series import read_size_series

_PLAIN = "patient_id,day,size_mm\nQ,0,50\nQ,42,40\nQ,84,41\n"


def _table(path: Path, more: str, head: str = _PLAIN) -> Path:
    path.write_text(head + more, encoding="utf-8")
    return path


def test_a_day_that_cannot_be_read_refuses_the_patient_and_not_the_others(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", "P,0,80\nP,42,60\nP,12O,140\n")
    tables = read_series([table])
    assert [one.patient_id for one in tables.series] == ["Q"]
    with pytest.raises(InputError, match="date_unreadable") as error:
        series_named(tables, "P")
    assert error.value.fix
    kept = read_size_series([table], is_first_kept=True)
    assert [len(one) for one in kept.series] == [2, 3]
    assert ("P", "date_unreadable") in {(one.patient_id, one.code) for one in kept.problems}


def test_tables_of_both_kinds_are_not_read_together(tmp_path: Path) -> None:
    _table(tmp_path / "a.csv", "")
    _table(tmp_path / "b.csv", "P1,T1,0,target,30\n", "patient_id,lesion_id,day,kind,size_mm\n")
    with pytest.raises(InputError, match="cannot be read together") as error:
        read_series([tmp_path])
    assert "a.csv and b.csv" in str(error.value.got)


def test_an_id_of_several_tables_or_arms_is_not_taken_for_one_person(tmp_path: Path) -> None:
    one = _table(tmp_path / "one.csv", "P,0,80\nP,42,60\n")
    two = _table(tmp_path / "two.csv", "P,84,20\nR,0,30\nR,42,30\n", "patient_id,day,size_mm\n")
    found = read_size_series([one, two])
    assert [each.patient_id for each in found.series] == ["Q", "R"]
    assert [(each.patient_id, each.code, each.is_refused) for each in found.problems] == [
        ("P", "id_of_several", True)
    ]
    arms = "patient_id,day,size_mm,arm\nP,0,80,A\nP,42,60,B\nS,0,80,A\nS,42,60,A\nS,84,50,\n"
    found = read_size_series([_table(tmp_path / "arms.csv", "", arms)])
    assert [(each.patient_id, each.arm) for each in found.series] == [("S", "A")]


def test_what_was_noticed_is_in_the_record_and_others_that_were_left_out_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(tmp_path / "t.csv", "P,42,60\nP,0,80\nP,84,62\nX,0,-4\n")
    words = [
        "twin",
        str(table),
        "--patient",
        "P",
        "--population",
        "oak_nsclc",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "rows_unsorted" in told.out
    assert "X: left out: negative_size" in told.err
    record = read_record(tmp_path / "out" / "twin.json")
    assert any(one.startswith("rows_unsorted") for one in record.reasons)


def test_a_fit_tells_whom_it_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = _table(tmp_path / "t.csv", "X,0,-4\nX,42,30\n")
    assert main(["twin", "fit", str(table), "--out", str(tmp_path / "p.json"), "--model", "gompertz"]) == 2
    told = capsys.readouterr().err
    assert "X: left out: negative_size" in told
    assert "too few patients" in told
