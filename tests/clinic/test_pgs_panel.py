"""`tumorcast pgs --reference --pcs`: percentile within the ancestry, refused outside it."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_pgs import read_csv, scored, simulated
from tumorcast.cli.main import main
from tumorcast.clinic.pgs.picture import round_ticks


def tables(folder: Path, sums: list[float]) -> tuple[Path, Path]:
    """Reference people of two populations around the samples' sums; s0 far outside, s1 between, s2 without PCs."""
    rng = np.random.default_rng(3)
    lines = ["sample,population,PC1,PC2,unrelated,SIM"]
    for name, at in (("A", 0.0), ("B", 9.0)):
        values = zip(rng.normal(at, 1, 80), rng.normal(0, 1, 80), rng.normal(np.mean(sums), np.std(sums), 80))
        lines += [f"{name}{n},{name},{one},{two},true,{three}" for n, (one, two, three) in enumerate(values)]
    lines.append("kin,A,0,0,FALSE,999999")
    panel = folder / "panel.csv"
    panel.write_text("\n".join(lines), encoding="utf-8")
    places = dict.fromkeys(range(len(sums)), (0.1, 0.2)) | {0: (90.0, 0.0), 1: (4.5, 0.0)}
    del places[2]
    mine = folder / "pcs.tsv"
    rows = ["IID\tPC1\tPC2", *(f"s{n}\t{one}\t{two}" for n, (one, two) in places.items())]
    mine.write_text("\n".join(rows), encoding="utf-8")
    return panel, mine


def test_percentile_within_the_ancestry_alone(tmp_path: Path) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 60, 25)
    sums = [float(row["sum"]) for row in scored(tmp_path / "first", scores, vcf)]
    panel, mine = tables(tmp_path, sums)
    words = (
        scores, vcf, "--reference", panel, "--pcs", mine, "--components", 2,
        "--reference-variants", tmp_path / "first" / "matches.csv",
    )  # fmt: skip
    scored(tmp_path / "out", *words)
    rows = read_csv(tmp_path / "out" / "ancestry.csv")
    assert [bool(row["percentile"]) for row in rows] == [False, False, False] + [True] * 22
    assert [bool(row["z_norm2"]) for row in rows] == [False, True, False] + [True] * 22
    assert "outside the reference ancestry" in rows[0]["refusal"]
    assert "no principal components" in rows[2]["refusal"]
    assert {row["most_similar"] for row in rows[3:]} == {"A"}
    assert {row["n_reference"] for row in rows[3:]} == {"80"}
    text = (tmp_path / "out" / "pgs.txt").read_text(encoding="utf-8")
    assert "percentile" in text
    picture = (tmp_path / "out" / "distributions.svg").read_text(encoding="utf-8")
    assert "match rate 100.0%" in picture
    assert "no percentile of a population" in picture
    assert not (tmp_path / "first" / "ancestry.csv").exists()
    scored(tmp_path / "out", scores, vcf)
    assert not (tmp_path / "out" / "ancestry.csv").exists()


@pytest.mark.parametrize("change", ["fewer here", "another weight", "not told"])
def test_no_percentile_against_sums_over_other_variants(tmp_path: Path, change: str) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 60, 25)
    sums = [float(row["sum"]) for row in scored(tmp_path / "first", scores, vcf)]
    panel, mine = tables(tmp_path, sums)
    theirs = tmp_path / "first" / "matches.csv"
    if change == "fewer here":
        lines = gzip.decompress(vcf.read_bytes()).decode().splitlines(keepends=True)
        vcf.write_bytes(gzip.compress("".join(lines[:-1]).encode()))
    if change == "another weight":
        rows = theirs.read_text(encoding="utf-8").splitlines()
        cells = rows[5].split(",")
        cells[6] = str(float(cells[6]) + 1)
        theirs.write_text("\n".join([*rows[:5], ",".join(cells), *rows[6:]]) + "\n", encoding="utf-8")
    if change == "not told":
        theirs.write_text(theirs.read_text(encoding="utf-8").replace("SIM,", "OTHER,"), encoding="utf-8")
    words = ("--reference", panel, "--pcs", mine, "--components", 2, "--reference-variants", theirs)
    assert all(row["sum"] for row in scored(tmp_path / "out", scores, vcf, *words))
    rows = read_csv(tmp_path / "out" / "ancestry.csv")
    assert {
        row["percentile"] or row["z_norm1"] or row["z_norm2"] or row["z_most_similar"] for row in rows
    } == {""}
    told = "variants of the reference" if change == "not told" else "rest on other variants"
    assert all(told in row["refusal"] for row in rows)
    if change == "fewer here":
        assert "(60 there, 59 here, 1 there alone, 0 here alone)" in rows[0]["refusal"]


def test_tables_of_plink_are_read_and_scales_kept_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 60, 25)
    values = [float(row["sum"]) for row in scored(tmp_path / "first", scores, vcf)]
    panel, mine = tables(tmp_path, values)
    theirs = tmp_path / "first" / "matches.csv"
    words = ("--reference", panel, "--pcs", mine, "--components", 2, "--reference-variants", theirs)
    scored(tmp_path / "plain", scores, vcf, *words)
    expected = read_csv(tmp_path / "plain" / "ancestry.csv")
    text = mine.read_text(encoding="utf-8").replace("IID\tPC1\tPC2", "#IID\tPC1_AVG\tPC2_AVG")
    mine.write_text(text, encoding="utf-8")
    call = ["pgs", *map(str, (scores, vcf, *words)), "--out", str(tmp_path / "out")]
    assert main(call) == 2
    assert "another scale" in capsys.readouterr().err
    people = panel.read_text(encoding="utf-8")
    panel.write_text(people.replace("PC1,PC2", "PC1_AVG,PC2_AVG"), encoding="utf-8")
    scored(tmp_path / "out", scores, vcf, *words)
    assert read_csv(tmp_path / "out" / "ancestry.csv") == expected
    mine.write_text("#FID\tIID\tPC1_AVG\tPC1_SUM\tPC2_AVG\n0\ts3\t1\t2\t3\n", encoding="utf-8")
    assert main(call) == 2
    assert "several scales" in capsys.readouterr().err


def without_genotypes(vcf: Path, sample: int, every: int) -> None:
    """Genotypes of one sample go missing, in every so many records."""
    lines = gzip.decompress(vcf.read_bytes()).decode().splitlines()
    at = 0
    for n, line in enumerate(lines):
        if not line.startswith("#"):
            at += 1
            cells = line.split("\t")
            cells[9 + sample] = "./." if at % every == 0 else cells[9 + sample]
            lines[n] = "\t".join(cells)
    vcf.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))


def test_no_percentile_of_a_sum_that_lacks_genotypes(tmp_path: Path) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 60, 25)
    panel, mine = tables(tmp_path, [float(row["sum"]) for row in scored(tmp_path / "first", scores, vcf)])
    without_genotypes(vcf, 5, 3)
    without_genotypes(vcf, 6, 30)
    words = (
        scores, vcf, "--reference", panel, "--pcs", mine, "--components", 2,
        "--reference-variants", tmp_path / "first" / "matches.csv",
    )  # fmt: skip
    told = {}
    for policy in ("none", "cohort"):
        assert all(row["sum"] for row in scored(tmp_path / policy, *words, "--missing", policy))
        told[policy] = read_csv(tmp_path / policy / "ancestry.csv")
    assert [bool(row["percentile"]) for row in told["none"][4:8]] == [True, False, False, True]
    assert [bool(row["z_norm2"]) for row in told["none"][4:8]] == [True, False, False, True]
    assert "missing and count nothing" in told["none"][5]["refusal"]
    assert [bool(row["percentile"]) for row in told["cohort"][4:8]] == [True, False, True, True]
    assert "90% is asked for" in told["cohort"][5]["refusal"]


def test_no_percentile_without_reference(tmp_path: Path) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 40, 5)
    scored(tmp_path / "out", scores, vcf)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"pgs.csv", "pgs.json", "pgs.txt", "matches.csv"}
    assert "percentile" not in (tmp_path / "out" / "pgs.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", ["half", "few", "columns", "word", "population", "no matches"])
def test_unusable_tables_are_told(tmp_path: Path, change: str) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 40, 5)
    panel, mine = tables(tmp_path, [0.0, 1.0, 2.0, 3.0, 4.0])
    scored(tmp_path / "first", scores, vcf)
    theirs = tmp_path / "first" / ("pgs.csv" if change == "no matches" else "matches.csv")
    words = ["pgs", str(scores), str(vcf), "--out", str(tmp_path / "o"), "--reference", str(panel)]
    words += ["--reference-variants", str(theirs)]
    text = panel.read_text(encoding="utf-8")
    if change == "few":
        panel.write_text("\n".join(text.split("\n")[:10]), encoding="utf-8")
    if change == "population":
        panel.write_text(text.replace("A0,A,", "A0,,"), encoding="utf-8")
    if change == "word":
        panel.write_text(text.replace("A0,A,", "A0,A,x"), encoding="utf-8")
    wanted = (
        [] if change == "half" else ["--pcs", str(mine), "--components", "3" if change == "columns" else "2"]
    )
    assert main([*words, *wanted]) == 2


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_and_within(low: float, span: float) -> None:
    found = round_ticks(low, low + span)
    assert 2 <= len(found) <= 7
    steps = np.diff(found)
    assert steps == pytest.approx(steps[0], rel=1e-5)
    assert float(f"{steps[0]:.1e}"[:3]) in (1.0, 2.0, 5.0)
    assert all(low - 1e-6 * span <= value <= low + span * (1 + 1e-6) for value in found)
