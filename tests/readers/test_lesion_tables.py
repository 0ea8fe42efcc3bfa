"""Tables of lesions as spreadsheets: every kind of wrong input is named with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tumorcast.biology.recist.outcomes import Outcome
from tumorcast.biology.recist.points import time_points
from tumorcast.biology.recist.problems import FIXES
from tumorcast.biology.recist.progression import FollowUp
from tumorcast.domain.errors import InputError
from tumorcast.readers.lesion_tables import LesionTables, Reading, read_lesion_tables
from tumorcast.readers.lesion_words import is_node_organ

GOOD = """patient_id,day,lesion_id,kind,organ,size_mm,status
A,-5,T1,target,Liver,40,
A,-5,T2,target,Lymph node,20,
A,-5,X1,non-target,Lung,,present
A,42,T1,target,Liver,20,
A,42,T2,target,Lymph node,9,
A,42,X1,non-target,Lung,,present
A,84,T1,target,Liver,TOO SMALL TO MEASURE,
A,84,T2,target,Lymph node,8,
A,84,X1,non-target,Lung,,absent
"""
FINE = "B,0,T1,target,Liver,40,\nB,42,T1,target,Liver,60,\n"


def read(folder: Path, text: str, name: str = "lesions.csv", **reading: object) -> LesionTables:
    """One table from text."""
    (folder / name).write_text(text, encoding="utf-8")
    return read_lesion_tables([folder / name], Reading(**reading))  # type: ignore[arg-type]


def codes(tables: LesionTables) -> list[str]:
    """Codes of refusals."""
    return [one.code for one in tables.problems if one.is_refused]


def test_a_spreadsheet_in_any_order(tmp_path: Path) -> None:
    (patient,) = read(tmp_path, GOOD).patients
    assert [p.overall for p in time_points(patient)] == ["PR", "PR"]
    assert [lesion.is_node for lesion in patient.lesions] == [False, True, False]
    head, *rows = GOOD.splitlines()
    turned = "\n".join([head, *sorted(rows, reverse=True)])
    assert read(tmp_path, turned).patients == (patient,)


def test_dates_weeks_and_centimetres_give_the_same(tmp_path: Path) -> None:
    (patient,) = read(
        tmp_path, "patient_id,day,lesion_id,kind,size_mm\nA,0,T1,target,40\nA,42,T1,target,20\n"
    ).patients
    dated = "patient_id;date;lesion_id;kind;size_mm\nA;2024-01-01;T1;target;40\nA;2024-02-12;T1;target;20\n"
    assert read(tmp_path, dated).patients == (patient,)
    weeks = "patient_id\tday\tlesion_id\tkind\tsize_mm\nA\t0\tT1\ttarget\t4\nA\t6\tT1\ttarget\t2\n"
    assert read(tmp_path, weeks, size_unit="cm", time_unit="weeks").patients == (patient,)
    own = "patient_id,day,lesion_id,kind,size_mm,unit\nA,0,T1,target,4,cm\nA,42,T1,target,20,mm\n"
    assert read(tmp_path, own).patients == (patient,)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("A,42,T1,target,Liver,20,", "A,42,T1,target,Liver,-20,"), "negative_size"),
        (("A,42,T1,target,Liver,20,", "A,42,T1,target,Liver,2000,"), "size_over_500_mm"),
        (("A,42,T1,target,Liver,20,", "A,42,T1,target,Liver,2O,"), "size_unreadable"),
        (("A,42,T1,target,Liver,20,", "A,42,T1,target,Liver,,smallish"), "status_unknown"),
        (("A,42,T1,target,Liver,20,", "A,March,T1,target,Liver,20,"), "date_unreadable"),
        (("A,42,T1,target,Liver,20,", "A,42,T1,target,Lung,20,"), "lesion_changes_organ"),
        (("A,42,T1,target,Liver,20,", "A,42,T1,new,Liver,20,"), "lesion_changes_kind"),
        (("A,42,T1,target,Liver,20,", "A,42,T1,target,Liver,20,\nA,42,T1,target,Liver,21,"), "lesion_twice"),
        (("A,42,T1,target,Liver,20,", "A,-42,T1,target,Liver,20,"), "assessment_before_baseline"),
        (("A,-5,T2,target,Lymph node,20,\n", ""), "target_without_baseline"),
        (("A,-5,T1,target,Liver,40,", "A,-5,T1,target,Liver,,not evaluable"), "target_without_baseline"),
        (("A,-5,X1,non-target,Lung,,present", "A,-5,W1,new,Lung,,present"), "new_at_baseline"),
    ],
)
def test_one_bad_patient_is_named_and_the_others_go_on(
    tmp_path: Path, change: tuple[str, str], code: str
) -> None:
    assert change[0] in GOOD
    tables = read(tmp_path, GOOD.replace(*change) + FINE)
    assert codes(tables) == [code]
    assert [one.patient_id for one in tables.patients] == ["B"]
    assert all(one.fix for one in tables.problems)


VISITS = "patient_id,visit,visit_number,date,lesion_id,kind,size_mm\n"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("A,BASELINE,1,2024-01-01,T1,target,40\nA,W12,3,2024-02-12,T1,target,40\nA,W6,2,2024-03-25,T1,target,40\n",
         "visits_out_of_order"),
        ("A,BASELINE,1,2024-01-01,T1,target,40\nA,W6,2,2024-02-12,T1,target,40\nA,W12,3,2024-02-12,T1,target,44\n",
         "two_visits_one_day"),
        ("A,BASELINE,2,2024-01-10,T1,target,40\nA,OLD,1,2024-01-01,T1,target,40\n", "assessment_before_baseline"),
        ("A,BASELINE,1,2024-01,T1,target,40\nA,W6,2,2024-02-12,T1,target,40\n", "date_unreadable"),
        ("A,BASELINE,1,2024-01-01,T1,target,40\nA,BASELINE,1,2024-02-12,T2,target,40\n", "visit_spread"),
    ],
)  # fmt: skip
def test_visits_that_cannot_be(tmp_path: Path, rows: str, code: str) -> None:
    assert codes(read(tmp_path, VISITS + rows)) == [code]


def test_scans_of_one_visit_on_several_days_are_one_assessment(tmp_path: Path) -> None:
    rows = (
        "A,BASELINE,1,2024-01-01,T1,target,40\nA,BASELINE,1,2024-01-04,T2,target,30\n"
        "A,W6,2,2024-02-12,T1,target,20\nA,W6,2,2024-02-15,T2,target,20\n"
    )
    (patient,) = read(tmp_path, VISITS + rows).patients
    assert [(one.first_day, one.last_day) for one in patient.assessments] == [(0, 3), (42, 45)]


def test_centimetres_months_and_strange_units_refuse_the_table(tmp_path: Path) -> None:
    head = "patient_id,day,lesion_id,kind,size_mm\n"
    rows = [f"P{k},{day},T1,target,{size}" for k in range(4) for day, size in ((0, 4.1 + k), (42, 3.0))]
    with pytest.raises(InputError, match=r"look like centimetres[\s\S]*--size-unit cm"):
        read(tmp_path, head + "\n".join(rows))
    rows = [f"P{k},{day},T1,target,40" for k in range(4) for day in (0, 1.5, 3, 4.5)]
    with pytest.raises(InputError, match=r"look like weeks or months[\s\S]*--time-unit"):
        read(tmp_path, head + "\n".join(rows))
    with pytest.raises(InputError, match="unknown unit"):
        read(tmp_path, "patient_id,day,lesion_id,kind,size_mm,unit\nA,0,T1,target,4,inch\n")
    with pytest.raises(InputError, match="no table of lesions"):
        read(tmp_path, "a,b\n1,2\n")


def test_split_and_merged_lesions(tmp_path: Path) -> None:
    head = "patient_id,day,lesion_id,kind,size_mm\n"
    start = "A,0,T1,target,30\nA,0,T2,target,20\n"
    (split,) = read(
        tmp_path, head + start + "A,42,T1.1,target,12\nA,42,T1.2,target,10\nA,42,T2,target,20\n"
    ).patients
    assert time_points(split)[0].sums.sum_mm == 42  # type: ignore[union-attr]
    (merged,) = read(tmp_path, head + start + "A,42,T1/T2,target,44\n").patients
    point = time_points(merged)[0]
    assert (point.sums.sum_mm, point.overall) == (44, "SD")  # type: ignore[union-attr]
    both = head + start + "A,42,T1.1,target,12\nA,42,T1,target,30\nA,42,T2,target,20\n"
    assert codes(read(tmp_path, both)) == ["lesion_twice"]


@pytest.mark.parametrize("organ", ["axillary lymphnode", "Lymphadenopathy", "LYMPH_NODES", "LN left axilla"])
def test_words_of_nodes(organ: str) -> None:
    assert is_node_organ(organ)
    assert not is_node_organ("lymphangitis of the lung")


@pytest.mark.parametrize("status", ["INCREASED", "PROGRESSED", "PD"])
def test_a_target_with_a_size_and_a_word_is_measured(tmp_path: Path, status: str) -> None:
    head = "patient_id,day,lesion_id,kind,size_mm,status\n"
    (patient,) = read(tmp_path, head + f"A,0,T1,target,40,\nA,42,T1,target,60,{status}\n").patients
    assert [p.overall for p in time_points(patient)] == ["PD"]


def test_fragments_of_a_non_target_keep_the_worst_state(tmp_path: Path) -> None:
    head = "patient_id,day,lesion_id,kind,size_mm,status\nA,0,X1,non-target,,present\n"
    found = {}
    for words in ("present progressed", "present present", "absent absent", "absent", "progressed"):
        rows = [f"A,42,X1.{k},non-target,,{word}" for k, word in enumerate(words.split())]
        (patient,) = read(tmp_path, head + "\n".join(rows) + "\n").patients
        found[words] = time_points(patient)[0].overall
    assert list(found.values()) == ["PD", "NON-CR/NON-PD", "CR", "CR", "PD"]


def test_every_code_has_a_remedy() -> None:
    assert all(fix for fix in FIXES.values())


def follow(folder: Path, *tables: str, **reading: object) -> LesionTables:
    """Patient A of `GOOD` and B, with follow-up."""
    paths = [folder / f"follow{k}.csv" for k in range(len(tables))]
    for path, text in zip(paths, tables, strict=True):
        path.write_text(text, encoding="utf-8")
    (folder / "lesions.csv").write_text(GOOD + FINE, encoding="utf-8")
    return read_lesion_tables([folder / "lesions.csv", *paths], Reading(**reading))  # type: ignore[arg-type]


def test_tables_of_follow_up_are_joined_and_contradictions_refused(tmp_path: Path) -> None:
    first = "patient_id,death_day,os_days,os_event\nA,200,200,1\n"
    tables = follow(tmp_path, first, "patient_id,new_therapy_day,pfs_days,pfs_event\nA,100,90,0\n")
    assert tables.follow_up["A"] == FollowUp(0.0, 200.0, 100.0)
    assert tables.outcomes == (Outcome("A", 90.0, False, 200.0, True),)
    twice = follow(tmp_path, first, "patient_id,death_day\nA,300\n")
    assert codes(twice) == ["follow_up_twice"]
    assert [one.patient_id for one in twice.patients] == ["B"]


def test_the_unit_of_time_is_that_of_the_follow_up_too(tmp_path: Path) -> None:
    text = "patient_id,death_day,new_therapy_day,os_days\nA,10,8,70\n"
    tables = follow(tmp_path, text, time_unit="weeks")
    assert tables.follow_up["A"] == FollowUp(0.0, 70.0, 56.0)
    assert tables.outcomes[0].os_days == 70


def test_dates_of_follow_up_beside_lesions_with_days_are_told(tmp_path: Path) -> None:
    told = follow(tmp_path, "patient_id,start_date,death_date\nA,2024-01-08,2024-12-31\n")
    assert told.follow_up["A"].death_day is None
    assert [one.code for one in told.problems] == ["date_unreadable", "date_unreadable"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("patient_id,start_day\nA,50\n", "assessment_before_baseline"),
        ("patient_id,start_day,death_day\nA,5,0\n", "follow_up_before_start"),
        ("patient_id,new_therapy_day\nA,-30\n", "follow_up_before_start"),
    ],
)
def test_what_lies_before_the_start_refuses_the_patient(tmp_path: Path, text: str, code: str) -> None:
    tables = follow(tmp_path, text)
    assert codes(tables) == [code]
    assert [one.patient_id for one in tables.patients] == ["B"]


def test_absent_with_a_size_is_refused_unless_the_node_is_normal(tmp_path: Path) -> None:
    said = GOOD.replace("A,42,T1,target,Liver,20,", "A,42,T1,target,Liver,12,ABSENT")
    assert codes(read(tmp_path, said + FINE)) == ["size_against_status"]
    node = GOOD.replace("A,42,T2,target,Lymph node,9,", "A,42,T2,target,Lymph node,9,ABSENT")
    assert codes(read(tmp_path, node + FINE)) == []


def test_targets_that_all_fall_to_a_tenth_are_told(tmp_path: Path) -> None:
    head = "patient_id,day,lesion_id,kind,size_mm\n"
    rows = "A,0,T1,target,45\nA,42,T1,target,4.8\n"
    (told,) = read(tmp_path, head + rows).problems
    assert (told.code, told.is_refused) == ("sizes_fall_tenfold", False)
    assert read(tmp_path, head + rows + "A,0,T2,target,30\nA,42,T2,target,12\n").problems == ()


def test_a_table_that_is_not_there_or_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not there"):
        read_lesion_tables([tmp_path / "none.csv"])
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(InputError, match="not a text file"):
        read_lesion_tables([tmp_path / "book.xlsx"])


def test_dates_count_from_each_patient_s_own_first_scan(tmp_path: Path) -> None:
    head = "patient_id,date,lesion_id,kind,size_mm\n"
    one = "A,2024-01-01,T1,target,40\nA,2024-02-12,T1,target,20\n"
    other = "B,2024-05-01,T1,target,40\nB,2024-06-12,T1,target,20\n"
    first, second = read(tmp_path, head + one + other).patients
    assert first.assessments == second.assessments
