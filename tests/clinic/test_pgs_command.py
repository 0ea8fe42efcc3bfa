"""`tumorcast pgs`: sums are exact, what is absent is never reference, refusals have no number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from toy_pgs import COLUMNS, read_csv, scored, simulated, sums, write_scores, write_vcf
from tumorcast.cli.main import main

ROWS = [(1, 100, "G", "A", 0.5), (1, 200, "T", "C", -0.25), (2, 300, "C", "A", 1.0), (3, 400, "A", "G", 2.0)]
RECORDS = [
    (1, 100, "A", "G", "GT", "0/1", "1|1", "0/0"),
    (1, 200, "T", "C", "GT", "0/1", "0/0", "1/1"),
    (2, 300, "A", "C", "GT", "1/1", "0/0", "0/1"),
    (3, 400, "G", "A", "GT", "0/0", "0/1", "1|0"),
]
EXACT = [0.5 - 0.25 + 2.0, 1.0 - 0.5 + 2.0, 0.0 + 1.0 + 2.0]


def test_exact_sums_and_columns(tmp_path: Path) -> None:
    rows = scored(
        tmp_path / "out", write_scores(tmp_path / "A.txt", ROWS), write_vcf(tmp_path / "g.vcf", RECORDS)
    )
    assert list(rows[0]) == ["sample", "score", "sum", "match_rate", "weight_coverage"]
    assert [float(row["sum"]) for row in rows] == pytest.approx(EXACT)
    assert {(row["score"], float(row["match_rate"]), float(row["weight_coverage"])) for row in rows} == {
        ("A", 1, 1)
    }


@pytest.mark.parametrize("missing", ["cohort", "none"])
def test_simulated_sums_equal_numpy(tmp_path: Path, missing: str) -> None:
    scores, vcf, weights, genotypes = simulated(tmp_path, 700, 60, missing=0.02)
    is_read = genotypes >= 0
    mean = np.where(is_read, genotypes, 0).sum(axis=1) / is_read.sum(axis=1)
    stand_in = mean[:, None] if missing == "cohort" else 0.0
    expected = weights @ np.where(is_read, genotypes, stand_in)
    assert sums(tmp_path / "out", vcf, scores, "--missing", missing) == pytest.approx(expected, abs=1e-9)


def test_missing_by_the_files_frequency(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(*ROWS[0], 0.3)], [*COLUMNS, "allelefrequency_effect"])
    vcf = write_vcf(tmp_path / "g.vcf", [(1, 100, "A", "G", "GT", "./.", "0/1")])
    assert sums(tmp_path / "o", scores, vcf, "--missing", "file", "--min-genotyped", 0) == pytest.approx(
        [0.3, 0.5]
    )
    cohort = sums(tmp_path / "o", scores, vcf, "--missing", "cohort", "--min-genotyped", 0)
    assert cohort == pytest.approx([0.5, 0.5])
    alone = write_vcf(tmp_path / "one.vcf", [(1, 100, "A", "G", "GT", "./.")])
    read = sums(tmp_path / "o", scores, alone, "--missing", "cohort", "--min-genotyped", 0)
    assert read == pytest.approx([0.3])
    assert sums(tmp_path / "o", scores, alone, "--missing", "none") == [None]


@pytest.mark.parametrize("n_samples", [49, 50])
def test_a_frequency_stands_in_from_fifty_samples_on(tmp_path: Path, n_samples: int) -> None:
    scores = write_scores(tmp_path / "A.txt", ROWS[:1])
    vcf = write_vcf(tmp_path / "g.vcf", [(1, 100, "A", "G", "GT", "./.", *["1/1"] * (n_samples - 1))])
    found = sums(tmp_path / "o", scores, vcf, "--min-genotyped", 0)
    assert found == [1.0 if n_samples == 50 else 0.0] + [1.0] * (n_samples - 1)
    table = json.loads((tmp_path / "o" / "pgs.json").read_text(encoding="utf-8"))
    assert table["policy"]["dosage"]["missing"] == ("cohort" if n_samples == 50 else "none")
    assert any("count nothing" in note for note in table["notes"]) == (n_samples == 49)


def test_absent_is_not_matched_and_the_score_refused(tmp_path: Path) -> None:
    scores, vcf = write_scores(tmp_path / "A.txt", ROWS), write_vcf(tmp_path / "g.vcf", RECORDS[:2])
    rows = scored(tmp_path / "out", scores, vcf)
    assert {(row["sum"], row["match_rate"], row["weight_coverage"]) for row in rows} == {("", "0.5", "0.2")}
    table = json.loads((tmp_path / "out" / "pgs.json").read_text(encoding="utf-8"))
    assert "75%" in table["scores"][0]["refusal"]
    assert {one["scores"][0]["sum"] for one in table["samples"]} == {None}
    told = sums(tmp_path / "low", scores, vcf, "--min_overlap", 0.5, "--min-weight", 0.1)
    assert told == pytest.approx([0.25, 0.5, 0.0])
    assert sums(tmp_path / "none", scores, vcf, "--min-overlap", 0) == pytest.approx([0.25, 0.5, 0.0])
    assert sums(tmp_path / "half", scores, vcf, "--min-overlap", 0.5) == [None] * 3
    assert sums(tmp_path / "asked", scores, vcf, "--min-overlap", 0, "--min-weight", 0.5) == [None] * 3


def test_a_sample_that_was_hardly_genotyped_is_refused_alone(tmp_path: Path) -> None:
    records = [(*record[:5], record[5], "./.") for record in RECORDS[:3]] + [(*RECORDS[3][:6], "0/0")]
    rows = [(*row[:4], 1.0) for row in ROWS]
    found = sums(
        tmp_path / "out", write_scores(tmp_path / "A.txt", rows), write_vcf(tmp_path / "g.vcf", records)
    )
    assert found[0] is not None
    assert found[1] is None
    assert "genotyped" in (tmp_path / "out" / "pgs.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "record", "status", "reason"),
    [
        ((1, 100, "G", "C"), ("G", "C"), "excluded", "strand-ambiguous"),
        ((1, 100, "C", "T"), ("G", "A"), "excluded", "strand flip"),
        ((1, 100, "T", "C"), ("G", "A"), "excluded", "strand flip"),
        ((1, 100, "G", "T"), ("G", "A"), "excluded", "other alleles"),
        ((1, 101, "G", "A"), ("G", "A"), "unmatched", "no record"),
        ((1, 100, "G", "G"), ("G", "A"), "unmatched", "the same"),
        ((1, 100, "D", "I"), ("G", "GA"), "unmatched", "no sequence"),
        ((1, 100, "GA", "G"), ("G", "GA"), "matched", ""),
    ],
)
def test_what_does_not_match_says_why(
    tmp_path: Path, row: tuple[object, ...], record: tuple[str, str], status: str, reason: str
) -> None:
    scores = write_scores(tmp_path / "A.txt", [*ROWS[1:], (*row, 1.0)])
    vcf = write_vcf(tmp_path / "g.vcf", [(1, 100, *record, "GT", "0/1", "0/0", "0/0"), *RECORDS[1:]])
    scored(tmp_path / "out", scores, vcf)
    told = read_csv(tmp_path / "out" / "matches.csv")[-1]
    assert told["status"] == status
    assert reason in told["reason"]


def test_flips_and_ambiguous_variants_only_where_asked(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "C", "T", 1), (1, 200, "A", "T", 10)])
    vcf = write_vcf(
        tmp_path / "g.vcf", [(1, 100, "G", "A", "GT", "0/1", "0/0"), (1, 200, "A", "T", "GT", "1/1", "0/1")]
    )
    low = ("--min-overlap", 0, "--min-weight", 0)
    assert sums(tmp_path / "a", scores, vcf, *low) == [None, None]
    assert sums(tmp_path / "b", scores, vcf, *low, "--accept-flips") == [1, 2]
    assert sums(tmp_path / "c", scores, vcf, *low, "--keep-ambiguous") == [0, 10]


def test_several_alternates_split_or_not(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "A", "G", 1), (1, 200, "G", "C", 10)])
    cells = ["0/1", "1/2", "0/2", "2/2", "0/0", "./."]
    joined = [(1, place, "G", "A,C", "GT", *cells) for place in (100, 200)]
    first, second = ["0/1", "1/0", "0/0", "0/0", "0/0", "./."], ["0/0", "0/1", "0/1", "1/1", "0/0", "./."]
    opened = ["0/1", "1/.", "0/.", "./.", "0/0", "./."], ["0/.", "./1", "0/1", "1/1", "0/0", "./."]
    expected = [1 + 10, 1, 10, 0, 20]
    for name, (one, two) in {"split": (first, second), "opened": opened}.items():
        parts = [
            (1, place, "G", alt, "GT", *cells)
            for place in (100, 200)
            for alt, cells in (("A", one), ("C", two))
        ]
        found = sums(
            tmp_path / name, scores, write_vcf(tmp_path / f"{name}.vcf", parts), "--keep-ambiguous",
            "--missing", "none",
        )  # fmt: skip
        assert found[:5] == expected, name
    whole = write_vcf(tmp_path / "joined.vcf", joined)
    assert sums(tmp_path / "j", scores, whole, "--keep-ambiguous", "--missing", "none")[:5] == expected
    assert sums(tmp_path / "d", scores, whole, "--keep-ambiguous", "--drop-multiallelic")[0] is None


def test_a_reference_is_ambiguous_with_any_alternate(tmp_path: Path) -> None:
    columns = ("chr_name", "chr_position", "effect_allele", "effect_weight")
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "A", 1), (1, 200, "A", 10)], columns)
    other, at = (1, 200, "A", "G", "GT", "0/0"), (1, 100, "A")
    layouts = [
        [(*at, "G,T", "GT", "0/1")], [(*at, "T,G", "GT", "0/2")],
        [(*at, "G", "GT", "0/1"), (*at, "T", "GT", "0/0")], [(*at, "T", "GT", "0/0"), (*at, "G", "GT", "0/1")],
    ]  # fmt: skip
    for n, records in enumerate(layouts):
        vcf = write_vcf(tmp_path / f"{n}.vcf", [*records, other])
        low = (scores, vcf, "--min-overlap", 0)
        assert sums(tmp_path / "a", *low) == [20], n
        assert "strand-ambiguous" in read_csv(tmp_path / "a" / "matches.csv")[0]["reason"]
        assert sums(tmp_path / "b", *low, "--keep-ambiguous") == [21], n


def test_dosages_stand_before_probabilities_and_genotypes(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(1, 100, "G", "A", 1), (1, 200, "A", "G", 10)])
    cells = ["0/1:1.2:0.1,0.7,0.2", "0/1:.:0,0.25,0.75", "0/1:.:.", "0/0:1e-1:."]
    vcf = write_vcf(tmp_path / "g.vcf", [(1, place, "A", "G", "GT:DS:GP", *cells) for place in (100, 200)])
    assert sums(tmp_path / "a", scores, vcf) == pytest.approx([9.2, 1.75 + 2.5, 11, 0.1 + 19])
    assert sums(tmp_path / "b", scores, vcf, "--dosage", "GP") == pytest.approx([1.1 + 9, 4.25, 11, 20])
    assert sums(tmp_path / "c", scores, vcf, "--dosage", "GT") == pytest.approx([11, 11, 11, 20])
    bad = write_vcf(tmp_path / "bad.vcf", [(1, 100, "A", "G", "GT:DS", "0/1:17", "0/1:1")])
    assert main(["pgs", str(scores), str(bad), "--out", str(tmp_path / "d")]) == 2


def test_haploid_calls(tmp_path: Path) -> None:
    scores = write_scores(
        tmp_path / "A.txt", [("X", 100, "G", "A", 1), ("Y", 100, "G", "A", 10), ("MT", 100, "G", "A", 100)]
    )
    records = [
        ("chrX", 100, "A", "G", "GT", "1", "0/1", "0", "1/1"),
        ("chrY", 100, "A", "G", "GT", "1", ".", "0", "."),
        ("chrM", 100, "A", "G", "GT", "1", "0", "1/1", "0/0"),
    ]
    vcf = write_vcf(tmp_path / "g.vcf", records)
    assert sums(tmp_path / "a", scores, vcf) == pytest.approx([112, 1, 100, 2])
    assert sums(tmp_path / "b", scores, vcf, "--haploid-x", 1) == pytest.approx([111, 1, 100, 2])


def test_dosages_of_haploid_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = write_scores(tmp_path / "A.txt", [("X", 100, "G", "A", 1), (1, 100, "G", "A", 10)])
    other = (1, 100, "A", "G", "GT:DS", "0/0:0", "0/0:0", "0/0:0", "0/0:0")
    cells = ("1:0.95", "0/1:0.9", ".:0.95", "./.:0.3")
    vcf = write_vcf(tmp_path / "g.vcf", [other, ("X", 100, "A", "G", "GT:DS", *cells)])
    words = ("--missing", "none", "--min-genotyped", 0)
    assert sums(tmp_path / "a", scores, vcf, *words) == pytest.approx([1.9, 0.9, 1.9, 0.3])
    assert sums(tmp_path / "b", scores, vcf, *words, "--haploid-x", 1) == pytest.approx(
        [0.95, 0.9, 0.95, 0.3]
    )
    for keys, cell, told in (
        ("GT:DS", "1:1.9", "haploid genotype has a dosage of two strands"),
        ("GT:DS", ".:1.9", "haploid genotype has a dosage of two strands"),
        ("GT:GP", "1:0,0.1,0.9", "haploid genotype has a dosage of two strands"),
        ("DS", "0.95", "without genotypes"),
    ):
        bad = write_vcf(tmp_path / "bad.vcf", [other, ("X", 100, "A", "G", keys, cell, cell, cell, cell)])
        assert main(["pgs", str(scores), str(bad), "--out", str(tmp_path / "c")]) == 2
        assert told in capsys.readouterr().err
    bare = write_vcf(tmp_path / "bare.vcf", [(1, 100, "A", "G", "DS", "0.4", "1.9", "0", "2")])
    autosomal = ("--min-overlap", 0, "--min-weight", 0)
    assert sums(tmp_path / "d", scores, bare, *autosomal) == pytest.approx([4, 19, 0, 20])


def test_missing_on_x_counts_as_many_strands_as_the_other_calls_have(tmp_path: Path) -> None:
    weights = (1, 10, 100, 1000)
    scores = write_scores(tmp_path / "A.txt", [("X", 100 * n, "G", "A", w) for n, w in enumerate(weights, 1)])
    cells = {
        100: "0/1 1/1 0/0 1 0 .",
        200: "0/1 ./. 0/0 . 0 .",
        300: "0/1 0/1 0/0 0 1 .",
        400: "0/0 0/0 0/0 0 0 .",
    }
    vcf = write_vcf(
        tmp_path / "g.vcf", [("X", at, "A", "G", "GT", *row.split()) for at, row in cells.items()]
    )
    words = ("--missing", "cohort", "--min-genotyped", 0)
    f = 1 / 5
    one = sums(tmp_path / "one", scores, vcf, *words, "--haploid-x", 1)
    assert one[:5] == pytest.approx([111, 102 + 20 * f, 0, 1 + 10 * f, 100])
    assert one[5] is None
    two = sums(tmp_path / "two", scores, vcf, *words)
    assert two[:5] == pytest.approx([111, 102 + 20 * f, 0, 2 + 20 * f, 200])
    assert two[5] is not None
    none = sums(tmp_path / "none", scores, vcf, "--missing", "none", "--min-genotyped", 0, "--haploid-x", 1)
    assert none == pytest.approx([111, 102, 0, 1, 100, 0])
    mixed = ("X", 500, "A", "G", "GT", "0/0", "0/0", "0/0", "0/0", "0", "0/0")
    rows = [("X", at, "A", "G", "GT", *row.split()) for at, row in cells.items()]
    more = write_scores(tmp_path / "B.txt", [("X", 100 * n, "G", "A", 1) for n in range(1, 6)])
    both = sums(
        tmp_path / "both", more, write_vcf(tmp_path / "m.vcf", [*rows, mixed]), *words, "--haploid-x", 1
    )
    assert [value is None for value in both] == [False, False, False, True, False, False]


def test_dominant_and_recessive_effects(tmp_path: Path) -> None:
    columns = [*COLUMNS, "is_dominant", "is_recessive"]
    rows = [(1, 100, "G", "A", 1, "TRUE", "FALSE"), (1, 200, "G", "A", 10, "FALSE", "TRUE")]
    scores = write_scores(tmp_path / "A.txt", rows, columns)
    records = [(1, place, "A", "G", "GT", "0/0", "0/1", "1/1") for place in (100, 200)]
    assert sums(tmp_path / "a", scores, write_vcf(tmp_path / "g.vcf", records)) == [0, 1, 11]
    rows = [(1, 100, "G", "A", 1, "Dominant"), (1, 200, "G", "A", 10, "RECESSIVE")]
    words = write_scores(tmp_path / "W.txt", rows, [*COLUMNS, "effect_type"])
    assert sums(tmp_path / "w", words, tmp_path / "g.vcf") == [0, 1, 11]
    both = write_scores(tmp_path / "B.txt", [(1, 100, "G", "A", 1, "TRUE", "TRUE")], columns)
    assert main(["pgs", str(both), str(tmp_path / "g.vcf"), "--out", str(tmp_path / "b")]) == 2


def test_rows_that_are_one_variant_do_not_count(tmp_path: Path) -> None:
    twice = [ROWS[0], (1, 100, "A", "G", 0.5), *ROWS[1:]]
    scores, vcf = write_scores(tmp_path / "A.txt", twice), write_vcf(tmp_path / "g.vcf", RECORDS)
    rows = scored(tmp_path / "a", scores, vcf, "--min-overlap", 0)
    assert [float(row["sum"]) for row in rows] == pytest.approx([1.75, 1.5, 3.0])
    assert float(rows[0]["match_rate"]) == 0.6
    assert sums(tmp_path / "b", scores, vcf, "--keep-first") == pytest.approx(EXACT)


def test_without_other_alleles(tmp_path: Path) -> None:
    rows = [(*row[:3], row[4]) for row in ROWS]
    scores = write_scores(
        tmp_path / "A.txt", rows, ("chr_name", "chr_position", "effect_allele", "effect_weight")
    )
    assert sums(tmp_path / "a", scores, write_vcf(tmp_path / "g.vcf", RECORDS)) == pytest.approx(EXACT)


def test_sites_without_alternates_are_typed(tmp_path: Path) -> None:
    records = [
        (1, 100, "A", ".", "GT", "0/0", "./."),
        (1, 200, "T", "<NON_REF>", "GT", "0/0", "0/0"),
        (2, 300, "A", "C,<NON_REF>", "GT", "0/1", "1/2"),
        (3, 400, "G", "<NON_REF>", "GT", "0/0", "0/0"),
    ]
    found = sums(
        tmp_path / "a", write_scores(tmp_path / "A.txt", ROWS), write_vcf(tmp_path / "g.vcf", records),
        "--missing", "none",
    )  # fmt: skip
    assert found == pytest.approx([-0.5 + 1.0, -0.5])


def test_a_gvcf_block_does_not_state_its_bases(tmp_path: Path) -> None:
    head = ("##fileformat=VCFv4.2", "##ALT=<ID=NON_REF,Description=x>")
    vcf = write_vcf(
        tmp_path / "g.vcf", [*RECORDS, (4, 500, "A", "<NON_REF>", "GT", "0/0", "0/0", "0/0")], head=head
    )
    text = vcf.read_text(encoding="utf-8").splitlines()
    text[-1] = text[-1].replace("PASS\t.", "PASS\tEND=600")
    vcf.write_text("\n".join(text) + "\n", encoding="utf-8")
    scores = write_scores(tmp_path / "A.txt", [*ROWS, (4, 550, "G", "A", 0.1)])
    scored(tmp_path / "a", scores, vcf)
    assert "gVCF block" in read_csv(tmp_path / "a" / "matches.csv")[-1]["reason"]


def test_files_by_chromosome_and_several_scores(tmp_path: Path) -> None:
    names = ["s0", "s1", "s2"]
    one = write_vcf(tmp_path / "1.vcf", RECORDS[:2], names)
    turned = [(*record[:5], *record[:4:-1]) for record in RECORDS[2:]]
    rest = write_vcf(tmp_path / "rest.vcf.gz", turned, names[::-1])
    first, second = write_scores(tmp_path / "A.txt", ROWS), write_scores(tmp_path / "B.txt", ROWS[:1])
    found = scored(tmp_path / "out", one, first, rest, "--scores", second)
    assert [float(row["sum"]) for row in found] == pytest.approx([*EXACT, 0.5, 1.0, 0.0])
    assert [row["score"] for row in found] == ["A"] * 3 + ["B"] * 3
    again = ["pgs", str(first), str(one), str(one), "--out", str(tmp_path / "x")]
    assert main(again) == 2
    strangers = write_vcf(tmp_path / "o.vcf", RECORDS[2:], ["a", "b", "c"])
    assert main(["pgs", str(first), str(one), str(strangers), "--out", str(tmp_path / "x")]) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"effect_weight": "0,5x"}, "the weight is not a number"),
        ({"effect_weight": "inf"}, "the weight is not a number"),
        ({"effect_weight": ""}, "the weight is not a number"),
        ({"effect_allele": ""}, "no effect allele"),
        ({"chr_position": "12.5"}, "not a whole number"),
        ({"chr_position": "-3"}, "not a whole number"),
        ({"effect_allele": "APOE_e2", "variant_type": "APOE_allele"}, "APOE allele"),
        ({"effect_allele": "A_x_G", "is_interaction": "True"}, "interaction"),
        ({"is_haplotype": "TRUE"}, "haplotype"),
        ({"is_diplotype": "1"}, "diplotype"),
        ({"effect_weight": "", "dosage_0_weight": "0"}, "weights by genotype"),
        ({"inclusion_criteria": "only if e2 is absent"}, "under a condition"),
        ({"effect_type": "overdominant"}, "neither additive, dominant nor recessive (overdominant)"),
        ({"effect_type": "NONADDITIVE"}, "neither additive, dominant nor recessive (NONADDITIVE)"),
        ({"effect_type": "recesive"}, "neither additive, dominant nor recessive (recesive)"),
        ({"is_dominant": "maybe"}, "is_dominant is neither true nor false (maybe)"),
        ({"is_interaction": "perhaps"}, "is_interaction is neither true nor false (perhaps)"),
        ({"effect_type": "additive", "is_recessive": "TRUE"}, "says otherwise"),
    ],
)
def test_rows_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], told: str
) -> None:
    columns = list(dict.fromkeys([*COLUMNS, *change]))
    rows = [[dict(zip(COLUMNS, row)).get(column, "") for column in columns] for row in ROWS]
    rows[2] = [change.get(column, cell) for column, cell in zip(columns, rows[2])]
    scores = write_scores(tmp_path / "A.txt", rows, columns)
    vcf = write_vcf(tmp_path / "g.vcf", RECORDS)
    assert main(["pgs", str(scores), str(vcf), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "line 6" in error
    assert "A.txt" in error
    assert not (tmp_path / "out").exists()


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = write_scores(tmp_path / "A.txt", [*ROWS[:2], (*ROWS[2], "x"), ROWS[3]])
    vcf = write_vcf(tmp_path / "g.vcf", RECORDS)
    assert main(["pgs", str(scores), str(vcf), "--out", str(tmp_path / "out")]) == 2
    assert "line 6 chromosome 2 C: more cells than columns" in capsys.readouterr().err


def test_one_bad_file_does_not_sink_the_others(tmp_path: Path) -> None:
    bad = write_scores(tmp_path / "BAD.txt", [(1, 100, "G", "A", "x")])
    good, vcf = write_scores(tmp_path / "A.txt", ROWS), write_vcf(tmp_path / "g.vcf", RECORDS)
    assert {row["score"] for row in scored(tmp_path / "out", bad, good, vcf)} == {"A"}
    table = json.loads((tmp_path / "out" / "pgs.json").read_text(encoding="utf-8"))
    assert [one["file"] for one in table["refused_files"]] == ["BAD.txt"]
    assert "REFUSED BAD.txt" in (tmp_path / "out" / "pgs.txt").read_text(encoding="utf-8")


def test_skipped_complex_rows_count_as_not_matched(tmp_path: Path) -> None:
    rows = [[*row, "FALSE"] for row in ROWS] + [[6, "", "HLA-B*57:01", "", 5, "TRUE"]]
    scores = write_scores(tmp_path / "A.txt", rows, [*COLUMNS, "is_haplotype"])
    found = scored(
        tmp_path / "o", scores, write_vcf(tmp_path / "g.vcf", RECORDS), "--skip-complex", "--min-weight", 0
    )
    assert float(found[0]["match_rate"]) == 0.8
    assert float(found[0]["weight_coverage"]) == pytest.approx(3.75 / 8.75, abs=1e-6)


def test_builds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vcf, out = write_vcf(tmp_path / "g.vcf", RECORDS), ("--out", str(tmp_path / "out"))
    other = write_scores(tmp_path / "A.txt", ROWS, head={"pgs_id": "A", "genome_build": "hg19"})
    assert main(["pgs", str(other), str(vcf), *out]) == 2
    assert "another genome build" in capsys.readouterr().err
    none = write_scores(tmp_path / "B.txt", ROWS, head={"pgs_id": "B", "genome_build": "NR"})
    assert main(["pgs", str(none), str(vcf), *out]) == 2
    assert "harmonised" in capsys.readouterr().err
    past = write_scores(tmp_path / "C.txt", [(1, 248_999_999, "G", "A", 1)])
    assert main(["pgs", str(past), str(vcf), *out]) == 2
    assert "past the end" in capsys.readouterr().err
    silent = write_scores(tmp_path / "D.txt", ROWS, head={})
    assert sums(tmp_path / "o", silent, vcf) == pytest.approx(EXACT)
    assert main(["pgs", str(silent), str(vcf), *out, "--build", "GRCh37"]) == 2


def test_harmonised_places_are_used_and_failed_ones_not_matched(tmp_path: Path) -> None:
    columns = ("rsID", *COLUMNS, "hm_source", "hm_rsID", "hm_chr", "hm_pos", "hm_inferOtherAllele")
    rows = [
        ("rs1", 9, 9, "G", "", 0.5, "ENSEMBL", "rs1", 1, 100, "A"),
        ("rs2", 9, 9, "T", "C", -0.25, "liftover", "rs2", 1, 200, ""),
        ("rs3", 9, 9, "C", "", 1, "ENSEMBL", "rs3", 2, 300, "A/G"),
        ("rs4", 9, 9, "A", "G", 2, "Unknown", "", "", "", ""),
    ]
    head = {"pgs_id": "PGS9", "genome_build": "NR", "HmPOS_build": "GRCh38", "HmPOS_date": "2022-07-29"}
    scores = write_scores(tmp_path / "PGS9_hmPOS_GRCh38.txt.gz", rows, columns, head)
    found = scored(tmp_path / "out", scores, write_vcf(tmp_path / "g.vcf", RECORDS), "--min-weight", 0.4)
    assert [float(row["sum"]) for row in found] == pytest.approx([2.25, 0.5, 1.0])
    assert found[0]["match_rate"] == "0.75"
    assert "harmonisation failed" in read_csv(tmp_path / "out" / "matches.csv")[-1]["reason"]


def test_format_1(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    head = ["### PGS CATALOG SCORING FILE", "# PGS ID = PGS000009", "# Original Genome Build = hg38"]
    body = ["rsID\tchr_name\tchr_position\teffect_allele\treference_allele\teffect_weight"]
    body += [f"rs{n}\t" + "\t".join(map(str, row)) for n, row in enumerate(ROWS)]
    path.write_text("\r\n".join([*head, *body]) + "\r\n", encoding="utf-8")
    found = scored(tmp_path / "out", path, write_vcf(tmp_path / "g.vcf", RECORDS))
    assert found[0]["score"] == "PGS000009"
    assert [float(row["sum"]) for row in found] == pytest.approx(EXACT)


def test_several_weights_in_one_file(tmp_path: Path) -> None:
    columns = (*COLUMNS[:4], "effect_weight_one", "effect_weight_two")
    rows = [(*row, 2 * float(row[4])) for row in ROWS]
    scores = write_scores(tmp_path / "wide.txt", rows, columns)
    found = scored(tmp_path / "out", scores, write_vcf(tmp_path / "g.vcf", RECORDS))
    assert [row["score"] for row in found[::3]] == ["one", "two"]
    assert [float(row["sum"]) for row in found] == pytest.approx([*EXACT, *(2 * one for one in EXACT)])


@pytest.mark.parametrize(
    ("head", "records", "told"),
    [
        (("##fileformat=VCFv4.2", "##tumor_sample=s0"), RECORDS, "tumour"),
        (None, [(*RECORDS[0][:5], "0/1", "zebra", "0/0")], "cannot be read"),
        (None, [(*RECORDS[0][:5], "0/1", "0/0")], "number of samples"),
        (None, [("1", "x", *RECORDS[0][2:])], "without a position"),
    ],
)
def test_bad_genotypes_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], head: tuple[str, ...] | None, records: list, told: str
) -> None:
    vcf = write_vcf(tmp_path / "g.vcf", records, ["s0", "s1", "s2"], *([head] if head else []))
    assert (
        main(["pgs", str(write_scores(tmp_path / "A.txt", ROWS)), str(vcf), "--out", str(tmp_path / "o")])
        == 2
    )
    assert told in capsys.readouterr().err


def test_a_tumour_in_a_cohort_has_no_sum(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "g.vcf", RECORDS, ["s0", "tumor_1", "s2"])
    found = sums(tmp_path / "o", write_scores(tmp_path / "A.txt", ROWS), vcf)
    assert [value is None for value in found] == [False, True, False]


def test_what_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vcf = write_vcf(tmp_path / "g.vcf", RECORDS)
    assert main(["pgs", str(vcf), "--out", str(tmp_path / "o")]) == 2
    assert "both needed" in capsys.readouterr().err
    assert main(["pgs", str(tmp_path / "gone.txt"), str(vcf), "--out", str(tmp_path / "o")]) == 2
    assert "gone.txt is not there" in capsys.readouterr().err


def test_a_cut_archive_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 400, 50)
    vcf.write_bytes(vcf.read_bytes()[:-400])
    assert main(["pgs", str(scores), str(vcf), "--out", str(tmp_path / "o")]) == 2
    assert "damaged gzip" in capsys.readouterr().err
