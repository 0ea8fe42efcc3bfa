"""Tables of lesions: spreadsheets and SDTM say the same, and every kind of wrong input is named with its remedy."""

from __future__ import annotations

import struct
from pathlib import Path

import pandas as pd
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


def _sdtm(folder: Path, **changes: pd.DataFrame) -> list[Path]:
    tu = pd.DataFrame(
        {
            "USUBJID": ["A"] * 3, "TULNKID": ["T01", "T02", "NT01"], "TUTESTCD": ["TUMIDENT"] * 3,
            "TUORRES": ["TARGET", "TARGET", "NON-TARGET"], "TULOC": ["LIVER", "LYMPH NODE", "LUNG"],
        }
    )  # fmt: skip
    rows = []
    for visit, date, liver, node, lung in (
        (1, "2024-01-01", "40", "20", "PRESENT"), (2, "2024-02-12T09:30", "20", "9", "PRESENT"),
        (3, "2024-03-25", None, "8", "ABSENT"),
    ):  # fmt: skip
        common = {"USUBJID": "A", "VISITNUM": visit, "TRDTC": date}
        undone = {} if liver else {"TRSTAT": "NOT DONE", "TRREASND": "TOO SMALL TO MEASURE"}
        first = {**common, "TRLNKID": "T01", "TRTESTCD": "LDIAM", "TRSTRESN": liver, "TRSTRESU": "mm"}
        rows.append({**first, **undone})
        rows.append({**common, "TRLNKID": "T02", "TRTESTCD": "SAXIS", "TRSTRESN": node, "TRSTRESU": "mm"})
        rows.append({**common, "TRLNKID": "T02", "TRTESTCD": "TUMSTATE", "TRSTRESC": "PRESENT"})
        rows.append({**common, "TRLNKID": "NT01", "TRTESTCD": "TUMSTATE", "TRSTRESC": lung})
        rows.append({**common, "TRTESTCD": "SUMDIAM", "TRSTRESN": "60", "TRSTRESU": "mm"})
    rs = pd.DataFrame(
        {
            "USUBJID": ["A"] * 3, "VISITNUM": [2, 3, None], "RSTESTCD": ["OVRLRESP", "OVRLRESP", "BESTRESP"],
            "RSORRES": ["PR", "CR", "PR"],
        }
    )  # fmt: skip
    tables = {"tu": tu, "tr": pd.DataFrame(rows), "rs": rs, **changes}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return [folder / f"{name}.csv" for name in tables]


def test_sdtm_says_what_the_spreadsheet_says(tmp_path: Path) -> None:
    tables = read_lesion_tables(_sdtm(tmp_path))
    (patient,) = tables.patients
    points = time_points(patient)
    assert [p.overall for p in points] == ["PR", "PR"]
    assert [p.sums.sum_mm for p in points] == [29, 13]  # type: ignore[union-attr]
    assert [lesion.is_node for lesion in patient.lesions] == [False, False, True]
    assert list(tables.reported["response"]) == ["PR", "CR", "PR"]


def test_several_readers_need_a_choice(tmp_path: Path) -> None:
    paths = _sdtm(tmp_path)
    table = pd.read_csv(paths[1], dtype=str)
    twice = pd.concat([table.assign(TREVALID="READER 1"), table.assign(TREVALID="READER 2")])
    twice.to_csv(paths[1], index=False)
    with pytest.raises(InputError, match="several readers"):
        read_lesion_tables(paths)
    assert len(read_lesion_tables(paths, Reading(evaluator="READER 2")).patients) == 1
    with pytest.raises(InputError, match="no reader of that name"):
        read_lesion_tables(paths, Reading(evaluator="READER2"))
    pd.concat([table.assign(TREVALID="READER 1"), table]).to_csv(paths[1], index=False)
    with pytest.raises(InputError, match=r"several readers[\s\S]*no name"):
        read_lesion_tables(paths)
    panel = pd.concat([table.assign(TREVALID=f"READER {k}", TREVAL="PANEL") for k in (1, 2)])
    panel.to_csv(paths[1], index=False)
    with pytest.raises(InputError, match="several readers"):
        read_lesion_tables(paths, Reading(evaluator="PANEL"))
    with pytest.raises(InputError, match="need TU and TR"):
        read_lesion_tables(paths[1:2])


def test_a_node_is_measured_by_its_short_axis_and_nothing_else_by_a_perpendicular(tmp_path: Path) -> None:
    paths = _sdtm(tmp_path)
    table = pd.read_csv(paths[1], dtype=str)
    node = table[table["TRTESTCD"] == "SAXIS"]
    liver = table[table["TRTESTCD"] == "LDIAM"]
    more = [
        node.assign(TRTESTCD="LDIAM", TRSTRESN="30"),
        liver.assign(TRTESTCD="LPERP", TRSTRESN="7", TRSTAT=None),
    ]
    expected = read_lesion_tables(paths).patients
    pd.concat([*more, table]).to_csv(paths[1], index=False)
    assert read_lesion_tables(paths).patients == expected
    short = table.assign(TRTESTCD=table["TRTESTCD"].replace("SAXIS", "LPERP"))
    pd.concat([more[0], short]).to_csv(paths[1], index=False)
    assert read_lesion_tables(paths).patients == expected


def test_responses_of_another_reader_are_left_out(tmp_path: Path) -> None:
    paths = _sdtm(tmp_path)
    table = pd.read_csv(paths[2], dtype=str)
    other = table.assign(RSEVAL="INDEPENDENT ASSESSOR", RSORRES="PD", RSCAT="RECIST 1.1")
    pd.concat([table.assign(RSEVAL="INVESTIGATOR"), other]).to_csv(paths[2], index=False)
    with pytest.raises(InputError, match="RS holds the work of several readers"):
        read_lesion_tables(paths)
    reported = read_lesion_tables(paths, Reading(evaluator="INVESTIGATOR")).reported
    assert list(reported["response"]) == ["PR", "CR", "PR"]


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


def test_a_collected_size_keeps_its_own_unit(tmp_path: Path) -> None:
    paths = _sdtm(tmp_path)
    table = pd.read_csv(paths[1], dtype=str)
    size = pd.to_numeric(table["TRSTRESN"]) / 10
    collected = table.drop(columns=["TRSTRESN", "TRSTRESU"]).assign(TRORRES=size, TRORRESU="cm")
    collected["TRORRES"] = collected["TRORRES"].astype(object).where(size.notna(), collected["TRSTRESC"])
    expected = read_lesion_tables(paths).patients
    collected.to_csv(paths[1], index=False)
    assert read_lesion_tables(paths).patients == expected


def test_follow_up_by_date_counts_from_the_first_scan(tmp_path: Path) -> None:
    paths = _sdtm(tmp_path)
    follow = tmp_path / "follow.csv"
    follow.write_text("patient_id,start_date,death_date\nA,2024-01-08,2024-12-31\n", encoding="utf-8")
    found = read_lesion_tables([*paths, follow]).follow_up["A"]
    assert (found.start_day, found.death_day) == (7, 365)
    (tmp_path / "days.csv").write_text(GOOD, encoding="utf-8")
    told = read_lesion_tables([tmp_path / "days.csv", follow])
    assert told.follow_up["A"].death_day is None
    assert [one.code for one in told.problems] == ["date_unreadable", "date_unreadable"]


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


@pytest.mark.parametrize(
    ("column", "code"), [("TULOC", "lesion_changes_organ"), ("TUORRES", "lesion_changes_kind")]
)
def test_a_lesion_that_tu_tells_twice_in_two_ways_is_refused(tmp_path: Path, column: str, code: str) -> None:
    paths = _sdtm(tmp_path)
    table = pd.read_csv(paths[0], dtype=str)
    other = table.iloc[[0]].assign(**{column: "NEW" if column == "TUORRES" else "KIDNEY"})
    pd.concat([table, other]).to_csv(paths[0], index=False)
    assert codes(read_lesion_tables(paths)) == [code]
    pd.concat([table, table.assign(TULOC=None)]).to_csv(paths[0], index=False)
    assert codes(read_lesion_tables(paths)) == []


def _ibm(number: float) -> bytes:
    """A positive number as IBM's hexadecimal floating point, as transport files hold it."""
    exponent = 0
    while number >= 1:
        number, exponent = number / 16, exponent + 1
    return bytes([64 + exponent]) + int(number * 2**56).to_bytes(7, "big")


def _transport(path: Path, table: pd.DataFrame) -> None:
    """A SAS transport file (version 5) of text and numbers."""
    head = "HEADER RECORD*******{}HEADER RECORD!!!!!!!{}"
    zeros = "0" * 30 + "  "
    stamp = "01JAN24:00:00:00"
    lines = [
        head.format("LIBRARY ", zeros), f"{'SAS     SAS     SASLIB  9.1     Linux':64}{stamp}", f"{stamp:80}",
        head.format("MEMBER  ", "0000000000000000016000000001" + "40  "), head.format("DSCRPTR ", zeros),
        f"{'SAS     TR      SASDATA 9.1     Linux':64}{stamp}", f"{stamp:80}",
        head.format("NAMESTR ", f"000000{len(table.columns):04d}" + "0" * 20 + "  "),
    ]  # fmt: skip
    is_number = [pd.api.types.is_numeric_dtype(table[name]) for name in table]
    fields, at = b"", 0
    for k, (name, number) in enumerate(zip(table, is_number, strict=True)):
        width = 8 if number else 24
        names = name.ljust(8).encode(), name.ljust(40).encode(), b" " * 8
        fields += struct.pack(
            ">hhhh8s40s8shhh2s8shhl52s",
            1 if number else 2,
            0,
            width,
            k,
            *names,
            0,
            0,
            0,
            b"",
            b" " * 8,
            0,
            0,
            at,
            b"",
        )
        at += width
    rows = b"".join(
        _ibm(float(cell)) if number else str(cell).ljust(24).encode()
        for row in table.itertuples(index=False)
        for cell, number in zip(row, is_number, strict=True)
    )
    body = [text.encode() for text in lines] + [fields.ljust(-(-len(fields) // 80) * 80)]
    body += [head.format("OBS     ", zeros).encode(), rows.ljust(-(-len(rows) // 80) * 80)]
    assert all(len(text) == 80 for text in lines)
    path.write_bytes(b"".join(body))


def test_transport_files_say_what_text_says(tmp_path: Path) -> None:
    tu = pd.DataFrame([("A", "T1", "TARGET", "LIVER")], columns=["USUBJID", "TULNKID", "TUORRES", "TULOC"])
    rows = [
        ("A", "T1", "LDIAM", 40.0, "mm", 1.0, "2024-01-01"),
        ("A", "T1", "LDIAM", 27.5, "mm", 2.0, "2024-02-12"),
    ]
    columns = ["USUBJID", "TRLNKID", "TRTESTCD", "TRSTRESN", "TRSTRESU", "VISITNUM", "TRDTC"]
    tr = pd.DataFrame(rows, columns=columns)
    found = []
    for ending, write in (
        (".xpt", _transport),
        (".csv", lambda path, table: table.to_csv(path, index=False)),
    ):
        paths = [tmp_path / f"tu{ending}", tmp_path / f"tr{ending}"]
        write(paths[0], tu)
        write(paths[1], tr)
        found.append(read_lesion_tables(paths).patients)
    assert found[0] == found[1]
    assert time_points(found[0][0])[0].sums.sum_mm == 27.5  # type: ignore[union-attr]


def test_dates_count_from_each_patient_s_own_first_scan(tmp_path: Path) -> None:
    head = "patient_id,date,lesion_id,kind,size_mm\n"
    one = "A,2024-01-01,T1,target,40\nA,2024-02-12,T1,target,20\n"
    other = "B,2024-05-01,T1,target,40\nB,2024-06-12,T1,target,20\n"
    first, second = read(tmp_path, head + one + other).patients
    assert first.assessments == second.assessments
