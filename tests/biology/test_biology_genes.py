"""Gene identifiers brought to symbols."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tumorcast.biology.date_symbols import repaired_symbol
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError


@pytest.fixture(scope="module")
def table() -> GeneTable:
    return GeneTable.embedded()


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("TP53", "TP53"),
        ("tp53", "TP53"),
        (" TP53 ", "TP53"),
        ("7157", "TP53"),
        ("ENSG00000141510", "TP53"),
        ("ENSG00000141510.18", "TP53"),
        ("TP53|7157", "TP53"),
        ("?|7157", "TP53"),
        ("672", "BRCA1"),
        ("HER2", "ERBB2"),
        ("her2", "ERBB2"),
        ("PD-1", "PDCD1"),
        ("PD-L1", "CD274"),
        ("MLL2", "KMT2D"),
        ("IL8", "CXCL8"),
        ("2-Sep", "SEPTIN2"),
        ("9-Sept", "SEPTIN9"),
        ("Mar-01", "MARCHF1"),
        ("1-Dec", "DELEC1"),
        ("2-Sep-2023", "SEPTIN2"),
        ("SEPT7", "SEPTIN7"),
        ("MARCH5", "MARCHF5"),
    ],
)
def test_names_of_every_kind_find_their_symbol(table: GeneTable, name: str, symbol: str) -> None:
    found = table.harmonise([name])
    assert found.symbols == [symbol]
    assert found.unknown == []
    assert found.renamed == ({} if name == symbol else {name: symbol})


@pytest.mark.parametrize(
    "name", ["ENSG00000999999", "ENSG00000999999.2", "99999999", "?", "", "?|99999999", "nan"]
)
def test_identifiers_without_a_symbol_are_none_and_reported(table: GeneTable, name: str) -> None:
    found = table.harmonise([name])
    assert found.symbols == [None]
    assert found.unknown == [name]


def test_an_unrecognised_symbol_stays_and_is_reported_once(table: GeneTable) -> None:
    found = table.harmonise(["LOC123", "LOC123", "NEW1|99999999"])
    assert found.symbols == ["LOC123", "LOC123", "NEW1"]
    assert found.unknown == ["LOC123", "NEW1|99999999"]


@pytest.mark.parametrize(
    "word", ["13-Sep", "12-Mar", "2-Dec", "0-Mar", "SEPTIN2", "DECR1", "MARCKS", "SEP15A"]
)
def test_words_that_are_no_spoilt_symbol_are_left_alone(word: str) -> None:
    assert repaired_symbol(word) is None


def test_sixty_thousand_names_take_under_a_second(table: GeneTable) -> None:
    names = [f"ENSG{i:011d}.{i % 9}" for i in range(30_000)] + [f"GENE{i}" for i in range(30_000)]
    start = time.perf_counter()
    found = table.harmonise(names)
    assert time.perf_counter() - start < 1
    assert len(found.symbols) == 60_000


HGNC_HEAD = "hgnc_id\tsymbol\talias_symbol\tprev_symbol\tentrez_id\tensembl_gene_id\n"


def test_an_hgnc_table_is_read_and_shared_aliases_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "hgnc_complete_set.txt"
    path.write_text(
        HGNC_HEAD
        + 'HGNC:1\tAAA1\t"SHARED|OLDA|Mixed"\tPREVA\t11\tENSG00000000011\n'
        + "HGNC:2\tBBB2\tSHARED|mIXED\t\t22\t\n"
    )
    table = GeneTable.from_hgnc(path)
    found = table.harmonise(["OLDA", "preva", "11", "ENSG00000000011.5", "22", "SHARED", "Mixed", "MIXED"])
    assert found.symbols == ["AAA1", "AAA1", "AAA1", "AAA1", "BBB2", "SHARED", "AAA1", "MIXED"]


def test_a_table_that_is_not_hgnc_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "genes.tsv"
    path.write_text("symbol\tentrez\nTP53\t7157\n")
    with pytest.raises(InputError, match="alias_symbol"):
        GeneTable.from_hgnc(path)
    with pytest.raises(InputError, match="not found"):
        GeneTable.from_hgnc(tmp_path / "absent.txt")
