"""`tumorcast pgx`: what stands in the folder, and that it never tells more than was tested."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from toy_pgx import write_vcf
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.cli.main import main
from tumorcast.clinic.pgx.tables import PHARMCAT_COLUMNS
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.domain.errors import InputError


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "pgx.csv").open(encoding="utf-8", newline="") as file:
        return {row["gene"]: row for row in csv.DictReader(file)}


def loaded(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pgx.json").read_text(encoding="utf-8"))


def test_the_command_writes_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vcf = write_vcf(tmp_path / "a.vcf", {"DPYD": {"rs67376798": "T/A"}, "TPMT": {"rs1142345": "C/C"}})
    calls = tmp_path / "calls.tsv"
    calls.write_text("CYP2D6\t*4/*41\n")
    assert main(["pgx", str(vcf), str(calls), "--out", str(tmp_path / "out")]) == 0
    told = rows(tmp_path / "out")
    assert list(next(iter(told.values()))) == [
        "sample",
        "gene",
        "diplotype",
        "activity_score",
        "phenotype",
        "note",
    ]
    assert (told["DPYD"]["diplotype"], told["DPYD"]["activity_score"]) == ("Reference/c.2846A>T", "1.5")
    assert told["TPMT"]["phenotype"] == "Poor Metabolizer"
    assert (told["CYP2D6"]["activity_score"], told["CYP2D6"]["phenotype"]) == (
        "0.25",
        "Intermediate Metabolizer",
    )
    lines = (tmp_path / "out" / "calls" / "S1.tsv").read_text(encoding="utf-8").splitlines()
    assert tuple(lines[1].split("\t")) == PHARMCAT_COLUMNS
    assert {len(one.split("\t")) for one in lines[1:]} == {16}
    assert re.search(
        r"^DPYD +Reference/c\.2846A>T +1\.5 +Intermediate Metabolizer$", capsys.readouterr().out, re.M
    )


def test_the_first_page_warns_of_old_tables_and_tells_what_is_not_in(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "a.vcf", {})
    write_pgx([vcf], tmp_path, Request(today=date(2026, 11, 27)))
    first = (tmp_path / "pgx.txt").read_text(encoding="utf-8").split("Sample S1")[0]
    assert "WARNING, older than 12 months: allele definitions" in first
    assert "2026-02-03 TPMT *45" in first.replace("\n    ", " ")
    assert "rows were not verified against their sources" in first
    assert "does not mean that a fluoropyrimidine is safe" in first
    write_pgx([vcf], tmp_path, Request(today=date(2023, 8, 1)))
    assert "WARNING" not in (tmp_path / "pgx.txt").read_text(encoding="utf-8")


def test_cyp2d6_is_not_called_from_a_vcf(tmp_path: Path) -> None:
    write_pgx([write_vcf(tmp_path / "a.vcf", {})], tmp_path, Request())
    assert rows(tmp_path)["CYP2D6"]["phenotype"] == "No call"
    assert "short-read" in rows(tmp_path)["CYP2D6"]["note"]


def test_absence_of_dpyd_variants_is_never_told_as_safe(tmp_path: Path) -> None:
    write_pgx([write_vcf(tmp_path / "a.vcf", {})], tmp_path, Request(treatment="FOLFOX"))
    assert "does not mean" in rows(tmp_path)["DPYD"]["note"]
    (advice,) = loaded(tmp_path)["samples"][0]["guidance"]
    assert advice["drug"] == "fluorouracil"
    assert "safe" not in advice["text"]


def test_what_was_not_typed_is_no_call_everywhere(tmp_path: Path) -> None:
    missing = {"ABCG2": {"rs2231142": "."}}
    write_pgx([write_vcf(tmp_path / "a.vcf", missing)], tmp_path, Request())
    assert (rows(tmp_path)["ABCG2"]["diplotype"], rows(tmp_path)["ABCG2"]["phenotype"]) == (
        "No call",
        "No call",
    )
    assert "ABCG2\tno call" in (tmp_path / "calls" / "S1.tsv").read_text(encoding="utf-8")
    gene = next(one for one in loaded(tmp_path)["samples"][0]["genes"] if one["gene"] == "ABCG2")
    assert (gene["is_called"], gene["diplotype"], gene["activity_score"]) == (False, None, None)


def test_comedication_converts_on_the_day_that_counts(tmp_path: Path) -> None:
    calls, drugs = tmp_path / "calls.tsv", tmp_path / "drugs.csv"
    calls.write_text("sample\tgene\tdiplotype\nA\tCYP2D6\t*1/*1\n")
    drugs.write_text("sample,drug,start,stop,source\nA,paroxetine,2026-01-01,2026-02-01,chart\n")
    doses = []
    for day in (date(2026, 1, 15), date(2026, 3, 1)):
        write_pgx([calls], tmp_path, Request(treatment="tamoxifen", comedication=drugs, on=day))
        doses.append(loaded(tmp_path)["samples"][0]["guidance"][0]["dose"])
        assert rows(tmp_path)["CYP2D6"]["phenotype"] == "Normal Metabolizer"
    assert doses[0].startswith("40 mg/day")
    assert doses[1] == "20 mg/day"


def test_a_bad_file_among_several_is_told_and_the_others_are_called(tmp_path: Path) -> None:
    good, bad = write_vcf(tmp_path / "a.vcf", {}), tmp_path / "b.vcf"
    bad.write_text("nothing\n")
    told = write_pgx([good, bad], tmp_path, Request())
    assert any("b.vcf" in one for one in told.left_out)
    assert rows(tmp_path)["TPMT"]["diplotype"] == "*1/*1"
    with pytest.raises(InputError, match=r"b\.vcf"):
        write_pgx([bad], tmp_path, Request())


def test_a_mistake_ends_the_command_in_a_few_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "hg19.vcf"
    bad.write_text("##reference=hg19\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n")
    assert main(["pgx", str(bad), "--out", str(tmp_path / "out")]) == 2
    assert "GRCh37" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_calls_without_a_sample_need_one_sample(tmp_path: Path) -> None:
    calls = tmp_path / "calls.tsv"
    calls.write_text("CYP2D6\t*1/*1\n")
    files = [write_vcf(tmp_path / f"{name}.vcf", {}, name) for name in "AB"]
    with pytest.raises(InputError, match="name no sample"):
        write_pgx([*files, calls], tmp_path, Request())


def test_names_that_are_no_file_names_do_not_leave_the_folder(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "a.vcf", {}, "../../up")
    write_pgx([vcf], tmp_path / "out", Request())
    assert [one.name for one in (tmp_path / "out" / "calls").iterdir()] == ["sample-1.tsv"]


def test_no_refusal_carries_a_dose(tmp_path: Path) -> None:
    write_pgx([write_vcf(tmp_path / "a.vcf", {"DPYD": {"rs3918290": "."}})], tmp_path, Request())
    advice = loaded(tmp_path)["samples"][0]["guidance"]
    assert all(one["dose"] is None and one["text"] for one in advice if one["is_refusal"])
    assert any(one["is_refusal"] and one["drug"] == "capecitabine" for one in advice)


def test_guidance_that_was_not_verified_says_so_in_text_and_json(tmp_path: Path) -> None:
    calls = tmp_path / "calls.tsv"
    calls.write_text("UGT1A1\t*28/*28\nDPYD\tReference/c.2846A>T\n")
    write_pgx([calls], tmp_path, Request(treatment="nilotinib + capecitabine"))
    told = {one["drug"]: one for one in loaded(tmp_path)["samples"][0]["guidance"]}
    assert told["nilotinib"]["is_verified"] is False
    assert told["nilotinib"]["verification"] == "not verified against its source"
    assert told["capecitabine"]["is_verified"] is True
    assert loaded(tmp_path)["not_verified"]["pgx_guidance"]["n_not_verified"] > 0
    text = (tmp_path / "pgx.txt").read_text(encoding="utf-8").replace("\n    ", " ")
    assert text.count("; not verified against its source") == 1
    assert text.count("; compared with ") == 1


ROUND = {
    "DPYD": {"rs3918290": "C/T", "rs1801159": "T/C", "rs56038477": "C/T", "rs75017182": "G/C"},
    "TPMT": {"rs1142345": "T/C", "rs1800460": "C/T"},
    "CYP2C9": {"rs1057910": "A/C"},
    "UGT1A1": {"rs4148323": "."},
    "ABCG2": {"rs2231142": "."},
}


def test_the_calls_file_reads_back_as_the_same_calls(tmp_path: Path) -> None:
    write_pgx([write_vcf(tmp_path / "a.vcf", ROUND)], tmp_path / "one", Request())
    write_pgx([tmp_path / "one" / "calls" / "S1.tsv"], tmp_path / "two", Request())
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert set(one) == set(two)
    for gene, row in one.items():
        for column in ("diplotype", "activity_score", "phenotype"):
            assert row[column] == two[gene][column], (gene, column)
    told = [loaded(tmp_path / name)["samples"][0]["guidance"] for name in ("one", "two")]
    assert [(one["drug"], one["text"], one["dose"]) for one in told[0]] == [
        (one["drug"], one["text"], one["dose"]) for one in told[1]
    ]


def test_what_may_lower_a_function_stands_beside_the_guidance(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "a.vcf", ROUND | {"DPYD": {"rs67376798": "T/A", "rs3918290": "."}})
    write_pgx([vcf], tmp_path, Request(treatment="capecitabine + mercaptopurine"))
    told = {one["drug"]: one for one in loaded(tmp_path)["samples"][0]["guidance"]}
    assert "DPYD: key positions were not typed: rs3918290" in told["capecitabine"]["caution"]
    assert "TPMT: not ruled out without phase: *3B/*3C" in told["mercaptopurine"]["caution"]
    assert "caution: function may be lower than called" in (tmp_path / "pgx.txt").read_text(encoding="utf-8")


def test_drugs_without_guidance_are_named(tmp_path: Path) -> None:
    write_pgx([write_vcf(tmp_path / "a.vcf", {})], tmp_path, Request(treatment="capecitabine + oxaliplatin"))
    assert loaded(tmp_path)["samples"][0]["without_guidance"] == ["oxaliplatin"]
    assert "No guidance here speaks of: oxaliplatin" in (tmp_path / "pgx.txt").read_text(encoding="utf-8")


def test_a_sex_that_is_neither_a_word_nor_a_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither known nor a table"):
        write_pgx([write_vcf(tmp_path / "a.vcf", {})], tmp_path, Request(sex="unknown"))


def test_reading_a_large_file_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tumorcast.readers.germline_vcf._EACH", 100)
    told: list[str] = []
    write_pgx([write_vcf(tmp_path / "a.vcf", {})], tmp_path, Request(on_progress=told.append))
    assert told[0] == "a.vcf: 100 records read"


def test_a_file_that_was_left_out_is_told_in_every_output(tmp_path: Path) -> None:
    (tmp_path / "bad.vcf").write_text("garbage")
    write_pgx([write_vcf(tmp_path / "a.vcf", {}), tmp_path / "bad.vcf"], tmp_path, Request())
    assert loaded(tmp_path)["file_notes"]["bad.vcf"] == ["left out: bad.vcf is not a VCF file"]
    assert "left out: bad.vcf is not a VCF file" in (tmp_path / "pgx.txt").read_text(encoding="utf-8")


def test_genes_that_no_table_has_are_shown_as_given(tmp_path: Path) -> None:
    (tmp_path / "calls.tsv").write_text("RYR1\tReference/Reference\tUncertain Susceptibility\n")
    write_pgx([tmp_path / "calls.tsv"], tmp_path, Request())
    row = rows(tmp_path)["RYR1"]
    assert (row["diplotype"], row["phenotype"]) == ("Reference/Reference", "Uncertain Susceptibility")
    assert row["note"] == "RYR1 is not among the genes of the tables"


def test_a_call_made_elsewhere_hides_no_loss_of_function_in_the_vcf(tmp_path: Path) -> None:
    vcf, calls = write_vcf(tmp_path / "a.vcf", {}), tmp_path / "calls.tsv"
    exon = embedded_definitions().genes["TPMT"].exons[4][0] + 5
    with vcf.open("a", encoding="utf-8") as file:
        file.write(f"chr6\t{exon}\t.\tC\tT\t.\t.\tANN=T|stop_gained|HIGH|TPMT|x\tGT\t0/1\n")
    calls.write_text("TPMT\t*1/*1\n")
    write_pgx([vcf, calls], tmp_path / "out", Request(treatment="mercaptopurine"))
    row = rows(tmp_path / "out")["TPMT"]
    assert row["phenotype"] == "Uncharacterised"
    assert "stop_gained" in row["note"]
    assert all(one["is_refusal"] for one in loaded(tmp_path / "out")["samples"][0]["guidance"])


@pytest.mark.parametrize("given", ["*1/*1", "*1/*1\tNormal Metabolizer"])
def test_a_call_made_elsewhere_hides_no_lower_function_by_the_vcf(tmp_path: Path, given: str) -> None:
    vcf = write_vcf(tmp_path / "a.vcf", {"TPMT": {"rs1142345": "C/C", "rs1800460": "T/T"}})
    calls = tmp_path / "calls.tsv"
    calls.write_text(f"TPMT\t{given}\n")
    write_pgx([vcf, calls], tmp_path / "out", Request(treatment="mercaptopurine"))
    says = "by the VCF, which was not used: *3A/*3A (Poor Metabolizer)"
    row = rows(tmp_path / "out")["TPMT"]
    assert row["phenotype"] == "Normal Metabolizer"
    assert says in row["note"]
    assert all(says in one["caution"] for one in loaded(tmp_path / "out")["samples"][0]["guidance"])


def test_a_higher_function_by_the_vcf_is_told_and_no_caution(tmp_path: Path) -> None:
    calls = tmp_path / "calls.tsv"
    calls.write_text("TPMT\t*3A/*3A\n")
    write_pgx([write_vcf(tmp_path / "a.vcf", {}), calls], tmp_path, Request(treatment="mercaptopurine"))
    assert "was not used: *1/*1 (Normal Metabolizer)" in rows(tmp_path)["TPMT"]["note"]
    assert all(one["caution"] is None for one in loaded(tmp_path)["samples"][0]["guidance"])


def test_a_salt_of_an_inhibitor_converts_and_other_drugs_are_named(tmp_path: Path) -> None:
    calls, drugs = tmp_path / "calls.tsv", tmp_path / "drugs.csv"
    calls.write_text("sample\tgene\tdiplotype\nA\tCYP2D6\t*1/*1\n")
    drugs.write_text("sample,drug\nA,Paroxetine hydrochloride 20 mg\nA,Metformin\n")
    write_pgx([calls], tmp_path, Request(treatment="tamoxifen", comedication=drugs))
    (sample,) = loaded(tmp_path)["samples"]
    assert sample["genes"][0]["phenoconversion"]["phenotype"] == "Poor Metabolizer"
    assert sample["comedication_not_looked_up"] == ["metformin"]
    assert "not looked up: metformin" in (tmp_path / "pgx.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("seen", "word"), [("./C", "one strand of rs1142345"), ("T/A", "undocumented variant")]
)
def test_a_call_made_elsewhere_hides_no_variant_that_the_vcf_could_not_call(
    tmp_path: Path, seen: str, word: str
) -> None:
    calls = tmp_path / "calls.tsv"
    calls.write_text("TPMT\t*1/*1\n")
    vcf = write_vcf(tmp_path / "a.vcf", {"TPMT": {"rs1142345": seen}})
    write_pgx([vcf, calls], tmp_path, Request(treatment="mercaptopurine"))
    assert all(word in one["caution"] for one in loaded(tmp_path)["samples"][0]["guidance"])
