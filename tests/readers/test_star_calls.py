"""Calls made elsewhere and other drugs, as tables."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tumorcast.domain.errors import InputError
from tumorcast.readers.comedication import read_comedication
from tumorcast.readers.star_calls import read_star_calls


def test_pharmcat_s_outside_calls_are_read(tmp_path: Path) -> None:
    path = tmp_path / "calls.tsv"
    path.write_text("# made elsewhere\nCYP2D6\t*1/*3\nCYP2C9\t\t\t2.0\nHLA-B\t\t*57:01 positive\nNAT2\t./.\n")
    calls = {one.gene: one for one in read_star_calls(path)}
    assert calls["CYP2D6"].diplotype == "*1/*3"
    assert calls["CYP2C9"].activity_score == "2.0"
    assert calls["HLA-B"].phenotype == "*57:01 positive"
    assert calls["NAT2"].is_no_call
    assert not calls["CYP2C9"].is_no_call


def test_a_header_names_columns_and_samples(tmp_path: Path) -> None:
    path = tmp_path / "calls.tsv"
    path.write_text("gene\tsample\tdiplotype\nCYP2D6\tA\t*1/*3\nCYP2D6\tB\t*4/*4\n")
    assert [(one.sample, one.diplotype) for one in read_star_calls(path)] == [("A", "*1/*3"), ("B", "*4/*4")]


def test_what_a_caller_writes_beyond_four_columns_is_not_read_and_a_gene_may_have_two_lines(
    tmp_path: Path,
) -> None:
    path = tmp_path / "calls.tsv"
    path.write_text("CYP2D6\t*1/*4\t\t\t0.6\t0.75\tv1\nCYP2D6\t*1/*3\n")
    assert [(one.diplotype, one.activity_score) for one in read_star_calls(path)] == [
        ("*1/*4", ""),
        ("*1/*3", ""),
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [("", "no calls"), ("CYP2D6 *1/*3\n", "no result"), ("\t*1/*3\n", "no gene"),
     ("gene\tdiplotype\nCYP2D6\t*1/*1\tPM\n", "too many")],
)  # fmt: skip
def test_damaged_calls_are_named(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "calls.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=word) as raised:
        read_star_calls(path)
    assert "calls.tsv" in str(raised.value)


def test_other_drugs_count_only_while_they_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "drugs.csv"
    path.write_text(
        "sample,drug,start,stop,source\nA,Paroxetine,2026-01-01,2026-03-01,chart\nA,bupropion,2026-05-01,,\n"
    )
    one, other = read_comedication(path)["A"]
    assert (one.drug, one.source) == ("paroxetine", "chart")
    assert [x.is_taken(date(2026, 2, 1)) for x in (one, other)] == [True, False]
    assert [x.is_taken(date(2026, 6, 1)) for x in (one, other)] == [False, True]


@pytest.mark.parametrize("row", ["A,x,yesterday,,", "A,x,2026-02-01,2026-01-01,"])
def test_days_that_are_none_are_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "drugs.csv"
    path.write_text(f"sample,drug,start,stop,source\n{row}\n")
    with pytest.raises(InputError, match=r"drugs\.csv"):
        read_comedication(path)


def test_pharmcat_s_calls_only_report_is_read_by_its_own_header(tmp_path: Path) -> None:
    header = (
        "Gene\tSource Diplotype\tPhenotype\tActivity Score\tMatch Score\tRecommendation Lookup Diplotype\t"
        "Recommendation Lookup Phenotype"
    )
    row = "DPYD\tc.85T>C (*9A) AND c.2846A>T\tIntermediate Metabolizer\t1.5\t\tReference/c.2846A>T\tx"
    path = tmp_path / "S1.tsv"
    path.write_text(f"PharmCAT 3.1.0\n{header}\n{row}\nTPMT\tno call\t\t\t\t\t\n")
    dpyd, tpmt = read_star_calls(path)
    assert (dpyd.diplotype, dpyd.lookup) == ("c.85T>C (*9A) AND c.2846A>T", "Reference/c.2846A>T")
    assert tpmt.is_no_call


def test_cells_that_say_nothing_are_empty_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "calls.tsv"
    path.write_text("TPMT\t*3A/*3A\tn/a\t.\nDPYD\tUnknown\tPoor Metabolizer\nNUDT15\tNo call\tUnknown\t.\n")
    tpmt, dpyd, nudt15 = read_star_calls(path)
    assert (tpmt.diplotype, tpmt.phenotype, tpmt.activity_score) == ("*3A/*3A", "", "")
    assert (dpyd.diplotype, dpyd.phenotype) == ("", "Poor Metabolizer")
    assert [one.is_no_call for one in (tpmt, dpyd, nudt15)] == [False, False, True]
