"""Polygenic scores of real people beside PLINK 2, and real scoring files that are refused."""

from __future__ import annotations

import csv
import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from toy_pgs import read_csv, scored, simulated, write_scores, write_vcf
from tumorcast.cli.main import main

LOW = ("--min-overlap", 0, "--min-weight", 0)


def plink_sums(
    vcf: Path,
    matches: Path,
    folder: Path,
    sexes: Path | None = None,
    *words: str,
    dosage: tuple[str, ...] = (),
) -> dict[str, float]:
    """Sums of the matched variants by PLINK 2, whose records are named as place and alleles."""
    if shutil.which("plink2") is None:
        pytest.skip("plink2 is not installed")
    lines = ["ID\tA\tW"]
    for row in read_csv(matches):
        if row["status"] == "matched":
            name = ":".join(row[key] for key in ("chromosome", "position", "ref", "alt"))
            lines.append(f"{name}\t{row['effect_allele']}\t{row['weight']}")
    (folder / "weights.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    at = next((n for n, word in enumerate(words) if word.startswith("--")), len(words))
    modifiers, options = words[:at], words[at:]
    call = [
        "plink2",
        "--vcf",
        str(vcf),
        *dosage,
        "--set-all-var-ids",
        "@:#:$r:$a",
        "--new-id-max-allele-len",
        "50",
    ]
    call += ["--update-sex", str(sexes)] if sexes else []
    call += ["--score", str(folder / "weights.txt"), "header", *modifiers, "cols=+scoresums", *options]
    subprocess.run([*call, "--out", str(folder / "plink")], check=True, capture_output=True)
    with (folder / "plink.sscore").open(encoding="utf-8", newline="") as file:
        return {row["#IID"]: float(row["SCORE1_SUM"]) for row in csv.DictReader(file, delimiter="\t")}


@pytest.mark.parametrize("words", [(), ("no-mean-imputation",)])
def test_equal_to_plink(tmp_path: Path, words: tuple[str, ...]) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 300, 80, missing=0.05)
    mine = scored(tmp_path / "out", scores, vcf, "--missing", "none" if words else "cohort")
    theirs = plink_sums(vcf, tmp_path / "out" / "matches.csv", tmp_path, None, *words)
    assert {row["sample"]: float(row["sum"]) for row in mine} == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("model", ["1", "2"])
def test_missing_on_x_equal_to_plink(tmp_path: Path, model: str) -> None:
    rng = np.random.default_rng(8)
    copies, is_man = rng.integers(0, 2, (30, 60, 2)), np.arange(60) % 2 == 1
    records, rows = [], []
    for n, variant in enumerate(copies):
        cells = [str(one) if man else f"{one}/{two}" for (one, two), man in zip(variant, is_man)]
        cells = ["." if rng.random() < 0.1 else cell for cell in cells]
        records.append(("X", 5_000_000 + n, "A", "G", "GT", *cells))
        rows.append(("X", 5_000_000 + n, "G", "A", round(rng.normal(), 4)))
    head = ("##fileformat=VCFv4.2", "##contig=<ID=X,length=156040895>")
    vcf = write_vcf(tmp_path / "g.vcf", records, head=head)
    sexes = tmp_path / "sex.txt"
    sexes.write_text(
        "#IID\tSEX\n" + "".join(f"s{n}\t{1 if man else 2}\n" for n, man in enumerate(is_man)),
        encoding="utf-8",
    )
    mine = scored(tmp_path / "o", write_scores(tmp_path / "A.txt", rows), vcf, "--haploid-x", model)
    theirs = plink_sums(vcf, tmp_path / "o" / "matches.csv", tmp_path, sexes, "--xchr-model", model)
    assert {row["sample"]: float(row["sum"]) for row in mine} == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("model", ["1", "2"])
def test_dosages_on_x_equal_to_plink(tmp_path: Path, model: str) -> None:
    cells = ("0/1:1", "1/1:1.9", "./.:0.3", "1:0.95", ".:0.95", "0:0.1", "./.:0.95")
    head = (
        "##fileformat=VCFv4.2", "##contig=<ID=X,length=156040895>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
        '##FORMAT=<ID=DS,Number=A,Type=Float,Description="x">',
    )  # fmt: skip
    vcf = write_vcf(tmp_path / "g.vcf", [("X", 5_000_000, "A", "G", "GT:DS", *cells)], head=head)
    sexes = tmp_path / "sex.txt"
    lines = (f"s{n}\t{1 if cell.find(':') == 1 else 2}\n" for n, cell in enumerate(cells))
    sexes.write_text("#IID\tSEX\n" + "".join(lines), encoding="utf-8")
    scores = write_scores(tmp_path / "A.txt", [("X", 5_000_000, "G", "A", 1)])
    mine = scored(tmp_path / "o", scores, vcf, "--haploid-x", model)
    words = ("no-mean-imputation", "--xchr-model", model, "--bad-freqs")
    theirs = plink_sums(vcf, tmp_path / "o" / "matches.csv", tmp_path, sexes, *words, dosage=("dosage=DS",))
    assert {row["sample"]: float(row["sum"]) for row in mine} == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("kind", ["dominant", "recessive"])
def test_effect_types_equal_to_plink(tmp_path: Path, kind: str) -> None:
    scores, vcf, _, _ = simulated(tmp_path, 200, 60, missing=0.05, seed=4)
    lines = gzip.decompress(scores.read_bytes()).decode().splitlines()
    text = [line + ("\teffect_type" if line.startswith("chr_name") else f"\t{kind}") for line in lines[2:]]
    scores.write_bytes(gzip.compress("\n".join([*lines[:2], *text]).encode()))
    mine = scored(tmp_path / "out", scores, vcf)
    theirs = plink_sums(vcf, tmp_path / "out" / "matches.csv", tmp_path, None, kind)
    assert {row["sample"]: float(row["sum"]) for row in mine} == pytest.approx(theirs, abs=1e-5)


@pytest.mark.heavy
def test_thousand_genomes(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "PGS"
    vcf = folder / "tiny1000G" / "tiny1000G.vcf.gz"
    mine = scored(tmp_path / "out", folder / "PGS001229_hmPOS_GRCh38.txt.gz", vcf, *LOW)
    assert len(mine) == 3202
    rows = read_csv(tmp_path / "out" / "matches.csv")
    matched = [row for row in rows if row["status"] == "matched"]
    assert len(matched) == 917
    assert sum(row["chromosome"] == "X" for row in matched) == 35
    assert sum("ambiguous" in row["reason"] for row in rows) == 66
    assert sum(row["reason"] == "strand flip" for row in rows) == 3
    sexes = tmp_path / "sex.txt"
    sexes.write_text("#IID\tSEX\n" + "".join(f"{n}\t{s}\n" for n, s in _sexes(vcf).items()), encoding="utf-8")
    theirs = plink_sums(vcf, tmp_path / "out" / "matches.csv", tmp_path, sexes)
    assert {row["sample"]: float(row["sum"]) for row in mine} == pytest.approx(theirs, abs=1e-5)


def test_a_bed_of_plink_gives_what_its_vcf_gave(tmp_path: Path) -> None:
    if shutil.which("plink2") is None:
        pytest.skip("plink2 is not installed")
    scores, vcf, _, _ = simulated(tmp_path, 90, 57, missing=0.05)
    expected = [row["sum"] for row in scored(tmp_path / "vcf", scores, vcf)]
    call = ["plink2", "--vcf", str(vcf), "--make-bed", "--out", str(tmp_path / "set")]
    subprocess.run(call, check=True, capture_output=True)
    found = scored(tmp_path / "bed", tmp_path / "set.bed", scores)
    assert [float(row["sum"]) for row in found] == pytest.approx(list(map(float, expected)), abs=1e-9)


def _sexes(vcf: Path) -> dict[str, int]:
    """Male where the first record on X is haploid."""
    with gzip.open(vcf, "rt") as file:
        names: list[str] = []
        for line in file:
            fields = line.split()
            if line.startswith("#CHROM"):
                names = fields[9:]
            elif fields[0] == "X":
                return {name: 1 if len(cell) == 1 else 2 for name, cell in zip(names, fields[9:])}
    raise AssertionError


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bad_harmonised.txt", "harmonisation failed"),
        ("invalid_scorefile.txt", "3 rows: line 16 . T: no position"),
        ("complex_variants_PGS000021.txt", "HLA serotype"),
        ("complex_variants_PGS004239.txt", "HLA-DQB1*02:01"),
    ],
)
def test_real_files_that_are_refused(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, told: str
) -> None:
    folder = shared_data / "PGS"
    vcf = folder / "tiny1000G" / "tiny1000G.vcf.gz"
    assert main(["pgs", str(folder / name), str(vcf), "--out", str(tmp_path / "o")]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert name in error
