"""pgx.csv and pgx.json of other hands: calls that cannot all be true are refused, none is chosen."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toy_host_folder import edited
from toy_pgx import write_vcf
from tumorcast.biology.pgx.call import LOST
from tumorcast.biology.pgx.notes import KEY
from tumorcast.clinic.host.read import read_tables
from tumorcast.clinic.pgx.record import read_records
from tumorcast.clinic.pgx.tables import COLUMNS
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.domain.errors import InputError

NORMAL = ("S1", "DPYD", "Reference/Reference", "2.0", "Normal Metabolizer", "")
LOWER = ("S1", "DPYD", "Reference/c.1905+1G>A (*2A)", "1.0", "Intermediate Metabolizer", "")


def written(path: Path, *rows: tuple[str, ...], mark: str = "") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(mark)
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pgx")
    write_pgx([write_vcf(out / "a.vcf", {"DPYD": {"rs3918290": "C/T"}})], out, Request())
    return out


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([LOWER, NORMAL], "DPYD stands twice"),
        ([NORMAL, LOWER], "DPYD stands twice"),
        ([NORMAL, NORMAL], "DPYD stands twice"),
        ([NORMAL, ("S1 ", *LOWER[1:])], "DPYD stands twice"),
        ([(*LOWER[:4], "Normal Metabolizer", "")], "not that of its activity score"),
        ([(*NORMAL[:3], "0", *NORMAL[4:])], "not that of its activity score"),
        ([(*LOWER[:3], "0.5", "Poor Metabolizer OR Normal Metabolizer", "")], "not that of its activity score"),
        ([(*NORMAL[:3], "nan", *NORMAL[4:])], "no number from 0 on"),
        ([(*NORMAL[:3], "inf", *NORMAL[4:])], "no number from 0 on"),
        ([(*NORMAL[:3], "-1", *NORMAL[4:])], "no number from 0 on"),
        ([(*NORMAL[:3], "two", *NORMAL[4:])], "not an activity score"),
        ([("S1", "DPYD", "No call", "", "Normal Metabolizer", "")], "was not called and has a result"),
        ([(*NORMAL[:4], "No call", "")], "was not called and has a result"),
        ([(*NORMAL[:5], f"{LOST}chr1:1 A>T")], "loss-of-function"),
        ([(*NORMAL[:5], f"{KEY}rs1")], "key positions were not typed"),
        ([NORMAL[:4]], "cells"),
        ([(*NORMAL, "and more")], "cells"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_true_are_refused(
    tmp_path: Path, rows: list[tuple[str, ...]], message: str
) -> None:
    path = written(tmp_path / "pgx.csv", *rows)
    for read in (read_records, lambda one: read_tables({"pgx.json": one})):
        with pytest.raises(InputError, match=message):
            read(path)


def _dpyd(told: Any) -> Any:
    return next(one for one in told["samples"][0]["genes"] if one["gene"] == "DPYD")


def _twice(told: Any) -> None:
    other = _dpyd(told) | {"phenotype": "Normal Metabolizer", "activity_score": 2.0}
    told["samples"][0]["genes"].append(other)


def _normal_word(told: Any) -> None:
    _dpyd(told)["phenotype"] = "Normal Metabolizer"


def _no_activity(told: Any) -> None:
    _normal_word(told)
    _dpyd(told)["activity_score"] = 0.0


def _negative(told: Any) -> None:
    _dpyd(told)["activity_score"] = -1.0


def _no_number(told: Any) -> None:
    _dpyd(told)["activity_score"] = float("nan")


@pytest.mark.parametrize("change", [_twice, _normal_word, _no_activity, _negative, _no_number])
def test_a_json_that_cannot_be_true_is_refused(
    folder: Path, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    path = tmp_path / "pgx.json"
    path.write_bytes((folder / "pgx.json").read_bytes())
    edited(path, change)
    for read in (read_records, lambda one: read_tables({"pgx.json": one})):
        with pytest.raises(InputError, match=r"pgx\.json"):
            read(path)


@pytest.mark.parametrize("name", ["pgx.json", "pgx.csv"])
def test_a_mark_of_the_byte_order_is_no_part_of_the_file(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    assert read_records(tmp_path / name) == read_records(folder / name)
    assert read_tables(tmp_path) == read_tables({"pgx.json": folder / name})


def test_several_genes_and_samples_and_what_is_not_known_stand(tmp_path: Path) -> None:
    rows = [NORMAL, ("S2", *LOWER[1:]), ("S1", "TPMT", "No call", "", "No call", ""),
            ("S1", "CYP2D6", "*1/*4 OR *4/*4", "", "Normal Metabolizer OR Poor Metabolizer", ""),
            ("S1", "CYP1A2", "*1/*1", "", "as the other laboratory has it", "")]  # fmt: skip
    found = read_records(written(tmp_path / "pgx.csv", *rows))
    assert {name: sorted(one.calls) for name, one in found.items()} == {
        "S1": ["CYP1A2", "CYP2D6", "DPYD", "TPMT"], "S2": ["DPYD"],
    }  # fmt: skip
