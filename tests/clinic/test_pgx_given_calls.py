"""`tumorcast pgx` on calls made elsewhere: several of one gene, contradictions, scores as they were given."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tumorcast.clinic.pgx.cautions import pgx_cautions
from tumorcast.clinic.pgx.record import read_records
from tumorcast.clinic.pgx.write import Request, write_pgx


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "pgx.csv").open(encoding="utf-8", newline="") as file:
        return {row["gene"]: row for row in csv.DictReader(file)}


def loaded(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pgx.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("first", "second", "diplotype", "phenotype", "score"),
    [
        ("*1/*1", "*1/*2", "*1/*1 OR *1/*2", "Normal Metabolizer", "2.0"),
        ("*1/*4", "*4/*4", "*1/*4 OR *4/*4", "Intermediate Metabolizer OR Poor Metabolizer", ""),
        ("*1/*4", "*1/*4", "*1/*4", "Intermediate Metabolizer", "1.0"),
        ("./.", "*1/*4", "*1/*4", "Intermediate Metabolizer", "1.0"),
        ("*1/*1", "*1/*999", "*1/*1 OR *1/*999", "Normal Metabolizer OR Indeterminate", ""),
    ],
)
@pytest.mark.parametrize("is_one_file", [True, False])
def test_two_calls_of_a_gene_are_both_told_and_guidance_follows_neither_alone(
    tmp_path: Path, first: str, second: str, diplotype: str, phenotype: str, score: str, is_one_file: bool
) -> None:
    texts = [f"CYP2D6\t{one}\n" for one in (first, second)]
    files = ["".join(texts)] if is_one_file else texts
    for n, text in enumerate(files):
        (tmp_path / f"{n}.tsv").write_text(text)
    paths = [tmp_path / f"{n}.tsv" for n in range(len(files))]
    write_pgx(paths, tmp_path / "out", Request(treatment="tamoxifen"))
    row = rows(tmp_path / "out")["CYP2D6"]
    assert (row["diplotype"], row["phenotype"], row["activity_score"]) == (diplotype, phenotype, score)
    (advice,) = loaded(tmp_path / "out")["samples"][0]["guidance"]
    assert advice["is_refusal"] == (" OR " in phenotype)


@pytest.mark.parametrize("score", ["0.0", "0.125", "0.25", "1.0", "1.625", "2.25", "6.0"])
def test_a_score_is_shown_whole_and_read_back_as_it_was(tmp_path: Path, score: str) -> None:
    (tmp_path / "a.tsv").write_text(f"CYP2D6\t\t\t{score}\n")
    write_pgx([tmp_path / "a.tsv"], tmp_path / "out", Request())
    write_pgx([tmp_path / "out" / "calls" / "a.tsv"], tmp_path / "again", Request())
    first, second = (rows(tmp_path / name)["CYP2D6"] for name in ("out", "again"))
    assert first["activity_score"] == second["activity_score"] == score


@pytest.mark.parametrize(
    ("lines", "phenotype"),
    [
        (("\t*57:01 positive", "\t*58:01 negative"), "*57:01 positive; *58:01 negative"),
        (("\t*57:01 positive", "\t*57:01 negative"), "Indeterminate"),
    ],
)
def test_two_lines_on_hla_speak_of_their_own_alleles(
    tmp_path: Path, lines: tuple[str, str], phenotype: str
) -> None:
    (tmp_path / "a.tsv").write_text("".join(f"HLA-B\t{one}\n" for one in lines))
    write_pgx([tmp_path / "a.tsv"], tmp_path / "out", Request())
    assert rows(tmp_path / "out")["HLA-B"]["phenotype"] == phenotype


@pytest.mark.parametrize(
    "call", ["*4/*4\tNormal Metabolizer", "*4/*4\t\t2.0", "*1/*1\tPoor Metabolizer\t2.0", "\tPM\t1.5"]
)
def test_a_call_that_contradicts_itself_carries_a_caution(tmp_path: Path, call: str) -> None:
    (tmp_path / "a.tsv").write_text(f"CYP2D6\t{call}\n")
    write_pgx([tmp_path / "a.tsv"], tmp_path / "out", Request(treatment="tamoxifen"))
    (advice,) = loaded(tmp_path / "out")["samples"][0]["guidance"]
    assert "contradicts itself" in advice["caution"]
    for name in ("pgx.json", "pgx.csv"):
        (told,) = pgx_cautions(read_records(tmp_path / "out" / name)["a"], "tamoxifen")
        assert "contradicts itself" in told.caution


@pytest.mark.parametrize(
    ("given", "score", "shown", "lookup", "values"),
    [
        ("*1/*1x3", "4.0", "≥4.0", "*1/*1x≥3", ("1.0", "≥3.0")),
        ("*1/*1x5", "4.0", "≥4.0", "*1/*1x≥3", ("1.0", "≥3.0")),
        ("*2≥3/*41", "3.25", "≥3.25", "*2x≥3/*41", ("≥3.0", "0.25")),
        ("*1/*4x3", "1.0", "1.0", "*1/*4x≥3", ("1.0", "0.0")),
        ("*1/*1x2", "3.0", "3.0", "*1/*1x2", ("1.0", "2.0")),
    ],
)
def test_three_and_more_copies_are_written_as_cpic_names_them(
    tmp_path: Path, given: str, score: str, shown: str, lookup: str, values: tuple[str, str]
) -> None:
    (tmp_path / "a.tsv").write_text(f"CYP2D6\t{given}\n", encoding="utf-8")
    write_pgx([tmp_path / "a.tsv"], tmp_path / "out", Request())
    report = tmp_path / "out" / "calls" / "a.tsv"
    heads, row = (line.split("\t") for line in report.read_text(encoding="utf-8").splitlines()[1:])
    told = dict(zip(heads, row, strict=True))
    assert (told["Activity Score"], told["Recommendation Lookup Activity Score"]) == (shown, shown)
    assert told["Recommendation Lookup Diplotype"] == lookup
    assert (told["Haplotype 1 Activity Value"], told["Haplotype 2 Activity Value"]) == values
    write_pgx([report], tmp_path / "again", Request())
    tables = [(tmp_path / one / "pgx.csv").read_text(encoding="utf-8") for one in ("out", "again")]
    assert tables[0] == tables[1]
    assert f",{score}," in tables[0]
