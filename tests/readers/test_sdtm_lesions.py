"""SDTM's tumour domains: they say what a spreadsheet says, by one reader, and what contradicts itself is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.biology.recist.points import time_points
from tumorcast.domain.errors import InputError
from tumorcast.readers.lesion_tables import Reading, read_lesion_tables


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


@pytest.mark.parametrize(
    ("column", "code"), [("TULOC", "lesion_changes_organ"), ("TUORRES", "lesion_changes_kind")]
)
def test_a_lesion_that_tu_tells_twice_in_two_ways_is_refused(tmp_path: Path, column: str, code: str) -> None:
    paths = _sdtm(tmp_path)
    table = pd.read_csv(paths[0], dtype=str)
    other = table.iloc[[0]].assign(**{column: "NEW" if column == "TUORRES" else "KIDNEY"})
    pd.concat([table, other]).to_csv(paths[0], index=False)
    assert [one.code for one in read_lesion_tables(paths).problems if one.is_refused] == [code]
    pd.concat([table, table.assign(TULOC=None)]).to_csv(paths[0], index=False)
    assert [one.code for one in read_lesion_tables(paths).problems if one.is_refused] == []


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
