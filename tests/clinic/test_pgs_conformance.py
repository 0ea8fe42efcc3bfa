"""`tumorcast pgs` on small files as the PGS Catalog's formats and calculators describe them."""

from __future__ import annotations

from pathlib import Path

import pytest

from toy_pgs import COLUMNS, read_csv, scored, sums, write_scores, write_vcf
from tumorcast.cli.main import main

CELLS = ("0/0", "0/1", "1/1")
LOW = ("--min-overlap", 0, "--min-weight", 0)


def vcf_of(folder: Path, ref: str = "A", alt: str = "G", chromosome: str = "1") -> Path:
    return write_vcf(folder / "g.vcf", [(chromosome, 100, ref, alt, "GT", *CELLS)])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("", [0, 1, 2]), (".", [0, 1, 2]), ("NA", [0, 1, 2]), ("A/T", [0, 1, 2]), ("A,T", [0, 1, 2]),
        ("-", None), ("D", None), ("I", None), ("N", None), ("*", None), ("A T", None),
    ],
)  # fmt: skip
def test_an_other_allele_that_is_no_sequence_matches_no_base(
    tmp_path: Path, other: str, expected: list[float] | None
) -> None:
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "G", other, 1), (2, 5, "A", "C", 1)])
    found = sums(tmp_path / "o", scores, vcf_of(tmp_path), *LOW)
    assert found == (expected or [None] * 3)
    told = read_csv(tmp_path / "o" / "matches.csv")[0]
    assert told["status"] == ("matched" if expected else "unmatched")
    assert expected is not None or f"other allele {other} is no sequence" in told["reason"]


@pytest.mark.parametrize(
    ("name", "contig"),
    [("1.0", "1"), ("chr1", "1"), ("01", "chr1"), ("23", "chrX"), ("XY", "X"), ("M", "chrM"), ("MT", "26")],
)
def test_names_of_chromosomes(tmp_path: Path, name: str, contig: str) -> None:
    scores = write_scores(tmp_path / "A.txt", [(name, "100.0", "g", "a", 1)])
    vcf = vcf_of(tmp_path, "a", "g", contig)
    assert sums(tmp_path / "o", scores, vcf) == ([0, 0.5, 1] if "M" in name else [0, 1, 2])


def test_effect_alleles_alone_are_turned_where_flips_are_accepted(tmp_path: Path) -> None:
    columns = ("chr_name", "chr_position", "effect_allele", "effect_weight")
    for effect, expected in (("C", [0, 1, 2]), ("T", [2, 1, 0])):
        scores = write_scores(tmp_path / "A.txt", [(1, 100, effect, 1)], columns)
        vcf = vcf_of(tmp_path)
        assert sums(tmp_path / "o", scores, vcf, *LOW) == [None] * 3
        assert sums(tmp_path / "o", scores, vcf, *LOW, "--accept-flips") == expected


def test_words_of_the_calculators_are_understood(tmp_path: Path) -> None:
    scores, vcf = write_scores(tmp_path / "A.txt", [(1, 100, "G", "A", 1)]), vcf_of(tmp_path)
    words = ("--min_overlap", 0.75, "--keep_ambiguous", "--keep_multiallelic", "--ignore_strand_flips")
    assert sums(tmp_path / "o", scores, vcf, *words, "--keep_first_match", "--genotypes", "GT") == [0, 1, 2]


def test_quotation_marks_swallow_no_rows(tmp_path: Path) -> None:
    rows = [
        (1, 100, "G", "A", 1, "x"),
        (2, 100, "G", "A", 1, '"y'),
        (3, 100, "G", "A", 1, '"z'),
        (4, 100, '"G"', "A", 1, ""),
    ]
    scores = write_scores(tmp_path / "A.txt", rows, [*COLUMNS, "locus_name"])
    vcf = write_vcf(tmp_path / "g.vcf", [(n, 100, "A", "G", "GT", *CELLS) for n in range(1, 5)])
    assert sums(tmp_path / "o", scores, vcf) == [0, 4, 8]
    table = tmp_path / "B.csv"
    table.write_text(",".join([*COLUMNS, "locus_name"]) + '\n1,100,G,A,1,"a, b"\n', encoding="utf-8")
    assert sums(tmp_path / "o", table, vcf) == [0, 1, 2]


def test_rows_without_positions_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = write_scores(
        tmp_path / "A.txt", [("rs7", "G", "A", 1), ("rs8", "T", "C", 2)],
        ("rsID", "effect_allele", "other_allele", "effect_weight"),
    )  # fmt: skip
    assert main(["pgs", str(scores), str(vcf_of(tmp_path)), "--out", str(tmp_path / "o")]) == 2
    error = capsys.readouterr().err
    assert "2 rows: line 4 rs7 G: no position; line 5 rs8 T: no position" in error
    assert "harmonised" in error


def test_a_column_named_twice_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = write_scores(
        tmp_path / "A.txt", [(1, 100, "G", "A", 1, 2)], [*COLUMNS[:4], "effect_weight_a", "effect_weight_a"]
    )
    assert main(["pgs", str(scores), str(vcf_of(tmp_path)), "--out", str(tmp_path / "o")]) == 2
    assert "names a column twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("alt", "is_typed"), [("<DEL>", False), ("*", False), ("<NON_REF>", True), (".", True)]
)
def test_a_structural_record_says_nothing_of_a_base(tmp_path: Path, alt: str, is_typed: bool) -> None:
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "A", "G", 1)])
    vcf = write_vcf(tmp_path / "g.vcf", [(1, 100, "A", alt, "GT", "0/0", "0/0")])
    assert sums(tmp_path / "o", scores, vcf, *LOW) == ([2, 2] if is_typed else [None, None])


def test_a_frequency_beyond_one_stands_in_for_nothing(tmp_path: Path) -> None:
    rows = [(1, 100, "G", "A", 1, "1.7"), (2, 100, "G", "A", 1, "0.25")]
    scores = write_scores(tmp_path / "A.txt", rows, [*COLUMNS, "allelefrequency_effect"])
    records = [(n, 100, "A", "G", "GT", "./.", "0/1", "1/1") for n in (1, 2)]
    vcf = write_vcf(tmp_path / "g.vcf", records)
    words = ("--missing", "file", "--min-genotyped", 0)
    assert sums(tmp_path / "o", scores, vcf, *words) == pytest.approx([1.5 + 0.5, 2, 4])


def test_half_of_the_weight_read_is_half(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(n, 100, "G", "A", n / 10) for n in (1, 2, 3)])
    cells = {1: ("0/1", "0/0"), 2: ("0/1", "0/0"), 3: ("./.", "0/0")}
    vcf = write_vcf(tmp_path / "g.vcf", [(n, 100, "A", "G", "GT", *row) for n, row in cells.items()])
    assert scored(tmp_path / "o", scores, vcf)[0]["sum"] == "0.3"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("set.pgen", "plink2 --pfile set --export bcf"), ("set.pvar.zst", "--make-bed"), ("set.psam", "--make-bed"),
        ("set.bgen", "plink2 --bgen set.bgen"), ("set.bim", "name set.bed"), ("set.fam", "name set.bed"),
    ],
)  # fmt: skip
def test_other_forms_of_genotypes_say_how_to_turn_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, told: str
) -> None:
    (tmp_path / name).write_bytes(b"\x6c\x1b\x10\0\0")
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "G", "A", 1)])
    assert main(["pgs", str(scores), str(tmp_path / name), "--out", str(tmp_path / "o")]) == 2
    error = capsys.readouterr().err
    assert f"{name} is not read" in error
    assert told in error


def test_probabilities_sum_to_one_or_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "G", "A", 1), (2, 100, "G", "A", 10)])
    cells = ("0/1:0.33,0.33,0.33", "1/1:0,0,0", "0/1:.", "./.:0.25,0.5,0.25")
    several = ("0/1:0.2,0.2,0.1,0.3,0.1,0.1", "1/1:0,0,0,0,0,0", "0/2:.", "0/0:0.2,0.2,0.1,0.3,0.1,0.1")
    records = [(1, 100, "A", "G", "GT:GP", *cells), (2, 100, "A", "G,T", "GT:GP", *several)]
    vcf = write_vcf(tmp_path / "g.vcf", records)
    assert sums(tmp_path / "o", scores, vcf) == pytest.approx([11, 22, 1, 1])
    for cell in ("0,0.5,0", "0,20,1", "0.1,0.1,0.2,0.6", "1.5,-0.5,0", "12,0.3,1.1"):
        bad = write_vcf(tmp_path / "bad.vcf", [(1, 100, "A", "G", "GT:GP", f"0/1:{cell}", "0/1:0,1,0")])
        assert main(["pgs", str(scores), str(bad), "--out", str(tmp_path / "b")]) == 2
        assert "GP are no probabilities" in capsys.readouterr().err
        assert sums(tmp_path / "gt", scores, bad, *LOW, "--dosage", "GT") == [1, 1]


def test_a_list_of_dosages_that_is_short_is_none(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "G", "A", 1), (1, 100, "C", "A", 10)])
    cells = ("1/2:0.9,1.05", "1/2:0.9", "1/2:0.9,.", "0/0:0,0.1")
    vcf = write_vcf(tmp_path / "g.vcf", [(1, 100, "A", "G,C", "GT:DS", *cells)])
    assert sums(tmp_path / "o", scores, vcf) == pytest.approx([11.4, 11, 11, 1])
