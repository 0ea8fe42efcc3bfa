"""`tumorcast pgs` at its limits: overflow, cut files, options that would have helped, rows without a place, `--out`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


def loaded(out: Path) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads((out / "pgs.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_a_sum_that_overflows_is_refused(tmp_path: Path) -> None:
    vcf, out = write_vcf(tmp_path / "g.vcf", RECORDS), tmp_path / "out"
    weights = (0.6e308, -0.6e308, 1e308, 1.0)
    scores = write_scores(tmp_path / "A.txt", [(*row[:4], w) for row, w in zip(ROWS, weights)])
    rows = scored(out, scores, vcf)
    assert [bool(row["sum"]) for row in rows] == [False, True, True]
    assert {(row["match_rate"], row["weight_coverage"]) for row in rows} == {("1", "1")}
    assert "the weights overflow" in loaded(out)["samples"][0]["scores"][0]["refusal"]
    assert "the weights overflow" in (out / "pgs.txt").read_text(encoding="utf-8")
    part = scored(out, scores, write_vcf(tmp_path / "g.vcf", RECORDS[1:]), "--min-weight", 0)
    assert float(part[0]["weight_coverage"]) == pytest.approx(1.6 / 2.2, abs=1e-6)


def test_weights_of_nought_are_summed(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(*row[:4], 0) for row in ROWS])
    rows = scored(tmp_path / "out", scores, write_vcf(tmp_path / "g.vcf", RECORDS))
    assert {(row["sum"], row["weight_coverage"]) for row in rows} == {("0", "1")}


def test_a_cut_file_is_told_and_its_rows_are_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = {"pgs_id": "A", "genome_build": "GRCh38", "variants_number": 100}
    scores, vcf = write_scores(tmp_path / "A.txt", ROWS, head=head), write_vcf(tmp_path / "g.vcf", RECORDS)
    rows = scored(tmp_path / "a", scores, vcf)
    assert [float(row["sum"]) for row in rows] == pytest.approx(EXACT)
    assert {row["match_rate"] for row in rows} == {"1"}
    told = "the head says 100 variants, the file has 4 rows"
    one = loaded(tmp_path / "a")["scores"][0]
    assert one["n_variants"] == 4
    for text in (one["notes"][0], capsys.readouterr().out, (tmp_path / "a" / "pgs.txt").read_text("utf-8")):
        assert told in text
        assert "ATTENTION" in text
    fewer = write_scores(tmp_path / "B.txt", ROWS, head=head | {"variants_number": 3})
    assert sums(tmp_path / "b", fewer, vcf) == pytest.approx(EXACT)
    assert "ATTENTION" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({0: ("C", "T"), 1: ("A", "G")}, ["2 strand flips", "--accept-flips"]),
        ({0: ("G", "C"), 1: ("A", "T")}, ["2 ambiguous", "--keep-ambiguous"]),
        (
            {0: ("C", "T"), 1: ("A", "T")},
            ["1 strand flips", "1 ambiguous", "--accept-flips --keep-ambiguous"],
        ),
        ({0: ("C", "T"), 1: ("A", "G"), 2: ("G", "T"), 3: ("T", "C")}, ["4 strand flips", "--accept-flips"]),
        ({0: ("C", "T"), 1: None, 2: None}, []),
    ],
)
def test_a_refusal_names_the_options_that_would_have_helped(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[int, tuple[str, str] | None],
    told: list[str],
) -> None:
    records, rows = list(RECORDS), list(ROWS)
    for n, pair in changes.items():
        chromosome, position, *_, weight = rows[n]
        rows[n] = (chromosome, position, *pair, weight) if pair else (chromosome, 77, *rows[n][2:])
        if pair and set(pair) in ({"G", "C"}, {"A", "T"}):
            records[n] = (*records[n][:2], *pair, *records[n][4:])
    vcf, scores = write_vcf(tmp_path / "g.vcf", records), write_scores(tmp_path / "A.txt", rows)
    least = ("--min-overlap", 0.8)
    assert sums(tmp_path / "out", scores, vcf, *least) == [None] * 3
    printed = capsys.readouterr().out
    assert all(word in printed for word in told), printed
    assert ("--accept-flips" in printed, "--keep-ambiguous" in printed) == tuple(
        any(option in word for word in told) for option in ("--accept-flips", "--keep-ambiguous")
    )
    if told:
        options = [word for word in told[-1].split() if word.startswith("--")]
        assert None not in sums(tmp_path / "out", scores, vcf, *options, *least)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"chr_position": ""}, "no position"),
        ({"chr_name": ""}, "no chromosome"),
        ({"chr_name": "NA"}, "no chromosome"),
        ({"chr_position": "1e2"}, "not a whole number"),
        ({"chr_position": "0x64"}, "not a whole number"),
    ],
)
def test_a_row_without_a_place_is_refused_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], told: str
) -> None:
    rows = [dict(zip(COLUMNS, map(str, row))) for row in ROWS]
    rows[2] |= change
    scores = write_scores(tmp_path / "A.txt", [list(row.values()) for row in rows])
    words = ["pgs", str(scores), str(write_vcf(tmp_path / "g.vcf", RECORDS)), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "line 6" in error


def test_a_formatted_file_may_hold_rows_whose_harmonisation_failed(tmp_path: Path) -> None:
    rows = [(*row, "PGS7", n) for n, row in enumerate(ROWS)]
    scores = write_scores(
        tmp_path / "A.txt", [*rows, ("", "", "A", "G", 0.1, "PGS7", 4)], [*COLUMNS, "accession", "row_nr"]
    )
    found = scored(tmp_path / "out", scores, write_vcf(tmp_path / "g.vcf", RECORDS))
    assert [float(row["sum"]) for row in found] == pytest.approx(EXACT)
    assert {(row["score"], row["match_rate"]) for row in found} == {("PGS7", "0.8")}


def test_positions_that_a_spreadsheet_made_are_read(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "A.txt", [(row[0], f"{row[1]}.0", *row[2:]) for row in ROWS])
    assert sums(tmp_path / "out", scores, write_vcf(tmp_path / "g.vcf", RECORDS)) == pytest.approx(EXACT)


def test_dosages_that_are_no_number_are_missing_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [
        (1, 100, "A", "G", "DS", "nan", "2", "0"),
        (1, 200, "T", "C", "GT:DS", "0/1:1", "0/0:NaN", "1/1:."),
        *RECORDS[2:],
    ]
    found = sums(
        tmp_path / "out", write_scores(tmp_path / "A.txt", ROWS), write_vcf(tmp_path / "g.vcf", records)
    )
    assert found == pytest.approx([EXACT[0] - 0.5, *EXACT[1:]])
    assert "2 dosages (DS, GP) are written as nan" in loaded(tmp_path / "out")["notes"][-1]
    assert "2 dosages" in capsys.readouterr().out


@pytest.mark.parametrize(
    "pair",
    [("--ignore_strand_flips", "--accept-flips"), ("--keep_multiallelic", "--drop-multiallelic")],
)
def test_options_that_contradict_each_other_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["pgs", "A.txt", "g.vcf", "--out", str(tmp_path / "out"), *pair])
    assert ended.value.code == 2


@pytest.mark.parametrize("command", ["pgs", "pgx", "clock"])
@pytest.mark.parametrize("what", ["a file", "below a file", "a folder in the way"])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, what: str
) -> None:
    files = [tmp_path / name for name in ("A.txt", "g.vcf")]
    for path in files:
        path.write_text("neither scores nor genotypes\n", encoding="utf-8")
    out = {"a file": files[0], "below a file": files[0] / "x" / "y"}.get(what, tmp_path / "out")
    if what == "a folder in the way":
        (out / f"{command}.csv").mkdir(parents=True)
    assert main([command, *map(str, files), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert ("is a folder" if what == "a folder in the way" else "is a file") in error
    assert files[0].read_text(encoding="utf-8") == "neither scores nor genotypes\n"


def panel(folder: Path, values: list[float], damaged: str = "") -> tuple[Path, Path]:
    lines = ["sample,population,PC1,age,SIM", *(f"A{n},A,{n % 7},x,{one}" for n, one in enumerate(values))]
    if damaged:
        lines[4] = f"A3,A,3,x,{damaged}"
    people, mine = folder / "panel.csv", folder / "pcs.csv"
    people.write_text("\n".join(lines), encoding="utf-8")
    mine.write_text("sample,PC1\n" + "".join(f"s{n},3\n" for n in range(5)), encoding="utf-8")
    return people, mine


def test_without_the_references_variants_there_are_sums_and_no_percentile(tmp_path: Path) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 40, 5)
    people, mine = panel(tmp_path, [0.1 * n for n in range(40)])
    words = (scores, vcf, "--reference", people, "--pcs", mine, "--components", 1)
    assert all(row["sum"] for row in scored(tmp_path / "out", *words))
    rows = read_csv(tmp_path / "out" / "ancestry.csv")
    assert len(rows) == 5
    assert {row["percentile"] + row["z_norm1"] + row["z_norm2"] for row in rows} == {""}
    assert {row["refusal"] for row in rows} == {
        "which variants the reference's sums rest on is not known (--reference-variants)"
    }


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e307])
def test_enormous_sums_give_no_number_that_is_none(tmp_path: Path, unit: float) -> None:
    scores = write_scores(tmp_path / "SIM.txt", [(1, 100, "G", "A", 0.8e308)])
    records = [(1, 100, "A", "G", "GT", "0/1", "0/0", "0/1", "0/1", "0/0")]
    words = [scores, write_vcf(tmp_path / "g.vcf", records)]
    scored(tmp_path / "out", *words)
    people, mine = panel(tmp_path, [unit * (n % 13) for n in range(40)])
    words += ["--reference", people, "--pcs", mine, "--components", 1]
    scored(tmp_path / "out", *words, "--reference-variants", tmp_path / "out" / "matches.csv")
    for row in loaded(tmp_path / "out")["ancestry"]:
        assert row["refusal"] == ("the reference people's sums overflow" if unit > 1 else None)


def test_a_damaged_sum_of_the_reference_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 40, 5)
    values = [0.1 * n for n in range(40)]
    scored(tmp_path / "first", scores, vcf)
    words = ["--components", "1", "--reference-variants", str(tmp_path / "first" / "matches.csv")]
    for cell in ("abc", "inf"):
        people, mine = panel(tmp_path, values, cell)
        call = ["pgs", str(scores), str(vcf), "--reference", str(people), "--pcs", str(mine), *words]
        assert main([*call, "--out", str(tmp_path / "out")]) == 2
        assert f"sample A3, column SIM: {cell}" in capsys.readouterr().err
    panel(tmp_path, values, "NA")
    assert main([*call, "--out", str(tmp_path / "out")]) == 0
    assert "1 of 40 reference people" in read_csv(tmp_path / "out" / "ancestry.csv")[0]["refusal"]
