"""`tumorcast pgx`: names on one side alone, samples twice, files that cannot be read, words that no table knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toy_pgx import write_vcf
from tumorcast.cli.main import main
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.domain.errors import InputError


def notes_of(folder: Path) -> dict[str, list[str]]:
    return json.loads((folder / "pgx.json").read_text(encoding="utf-8"))["file_notes"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_sample_in_two_files_is_refused_in_either_order(tmp_path: Path, order: tuple[str, str]) -> None:
    write_vcf(tmp_path / "a.vcf", {})
    write_vcf(tmp_path / "b.vcf", {"TPMT": {"rs1142345": "C/C"}})
    files = [tmp_path / f"{name}.vcf" for name in order]
    with pytest.raises(InputError, match=r"S1 in .*[ab]\.vcf and .*[ab]\.vcf"):
        write_pgx(files, tmp_path / "out", Request())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("option", "head"), [("comedication", "drug"), ("sex", "sex")])
def test_a_table_that_names_no_sample_is_refused_and_names_left_over_are_written(
    tmp_path: Path, option: str, head: str
) -> None:
    files = [write_vcf(tmp_path / f"{name}.vcf", {}, name) for name in ("S1", "S2")]
    table = tmp_path / "table.csv"
    given = table if option == "comedication" else str(table)
    value = "paroxetine" if option == "comedication" else "female"
    table.write_text(f"sample,{head}\ns1,{value}\n")
    with pytest.raises(InputError, match=r"got:\s+s1\n.*S1, S2"):
        write_pgx(files, tmp_path / "out", Request(**{option: given}))
    table.write_text(f"sample,{head}\nS1,{value}\ns2,{value}\n")
    told = write_pgx(files, tmp_path / "out", Request(**{option: given}))
    notes = " ".join(notes_of(tmp_path / "out")["table.csv"])
    text = " ".join((tmp_path / "out" / "pgx.txt").read_text(encoding="utf-8").split())
    for words in (notes, text, " ".join(told.lines)):
        assert "of 1 of 2 samples: S2" in words
        assert "in no file: s2" in words


def test_a_sex_that_is_no_word_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("sample\tsex\nS1\tX\n")
    write_pgx([write_vcf(tmp_path / "a.vcf", {})], tmp_path / "out", Request(sex=str(tmp_path / "t.tsv")))
    assert notes_of(tmp_path / "out")["t.tsv"] == ["no sex is read of S1 (X)"]


def test_a_vcf_that_was_left_out_ends_with_1_and_its_reason_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, out = write_vcf(tmp_path / "a.vcf", {}), tmp_path / "b.vcf", str(tmp_path / "out")
    bad.write_text("nothing\n")
    assert main(["pgx", str(good), str(bad), "--out", out]) == 1
    assert "left out: b.vcf is not a VCF file" in capsys.readouterr().err
    assert main(["pgx", str(good), "--out", out]) == 0


@pytest.mark.parametrize("text", ["CYP2D6 *1/*4\n", "", None])
def test_a_call_made_elsewhere_is_never_lost_beside_a_vcf(tmp_path: Path, text: str | None) -> None:
    calls = tmp_path / "calls.tsv"
    if text is not None:
        calls.write_text(text)
    with pytest.raises(InputError, match=r"calls\.tsv"):
        write_pgx([write_vcf(tmp_path / "a.vcf", {}), calls], tmp_path / "out", Request())
    assert not (tmp_path / "out").exists()


def test_calls_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    for name in ("A", "B"):
        write_pgx([write_vcf(tmp_path / "a.vcf", {}, name)], tmp_path / "out", Request())
    assert [one.name for one in (tmp_path / "out" / "calls").iterdir()] == ["B.tsv"]
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "calls",
        "pgx.csv",
        "pgx.json",
        "pgx.txt",
    ]


def test_a_word_that_no_table_knows_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "a.vcf", {})
    with pytest.raises(InputError, match="did you mean 'capecitabine'"):
        write_pgx([vcf], tmp_path / "out", Request(treatment="capecitabin"))
    told = write_pgx([vcf], tmp_path / "out", Request(treatment="capecitabin + irinotecan"))
    assert any("capecitabin; did you mean 'capecitabine'" in line for line in told.lines)
    assert not any(
        "known here" in line for line in write_pgx([vcf], tmp_path, Request(treatment="Codeine")).lines
    )
    guidance = json.loads((tmp_path / "pgx.json").read_text(encoding="utf-8"))["samples"][0]["guidance"]
    assert [one["drug"] for one in guidance] == ["codeine"]


def test_what_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "a.vcf", {})
    with pytest.raises(InputError, match=r"no\.vcf is not there"):
        write_pgx([tmp_path / "no.vcf"], tmp_path / "out", Request())
    with pytest.raises(InputError, match="is a folder"):
        write_pgx([tmp_path], tmp_path / "out", Request())
    with pytest.raises(InputError, match=r"no\.csv is not there"):
        write_pgx([vcf], tmp_path / "out", Request(comedication=tmp_path / "no.csv"))
    with pytest.raises(InputError, match="to mend"):
        write_pgx([vcf], tmp_path / "out", Request(definitions=tmp_path))


@pytest.mark.parametrize("day", ["01.02.2026", "nan"])
def test_a_day_that_is_none_is_told_with_the_format(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pgx", "a.vcf", "--out", "x", "--on", day])
    assert "YYYY-MM-DD" in capsys.readouterr().err
