"""pgx.txt: a table of genes, what is alike told once, nothing lost by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toy_pgx import write_vcf
from tumorcast.clinic.pgx.write import Request, write_pgx

CARRIER = {"DPYD": {"rs67376798": "T/A"}, "UGT1A1": {"rs4148323": "G/A"}}
TREATMENT = "fluorouracil + capecitabine + irinotecan + mercaptopurine + thioguanine + tamoxifen"


def test_drugs_of_which_the_same_is_said_stand_together_and_none_is_lost(tmp_path: Path) -> None:
    text, told = _written(tmp_path)
    assert "\n  fluorouracil, capecitabine (DPYD Intermediate Metabolizer)\n" in text
    _, _, guidance = text.partition("\nGuidance\n")
    for one in told["guidance"]:
        assert one["drug"] in guidance
        for name in ("text", "dose", "caution", "source", "verification"):
            assert one[name] is None or _words(one[name]) in _words(guidance), (one["drug"], name)


def test_a_source_of_its_own_stays_with_its_drug(tmp_path: Path) -> None:
    text, told = _written(tmp_path)
    sources = {one["drug"]: one["verification"] for one in told["guidance"]}
    assert sources["fluorouracil"] != sources["capecitabine"]
    for drug in ("fluorouracil", "capecitabine"):
        own = text.split(f"source of {drug}: ", 1)[1].split("\n    source", 1)[0]
        assert _words(sources[drug]) in _words(own)


def test_refusals_stand_apart_from_guidance(tmp_path: Path) -> None:
    text, _ = _written(tmp_path)
    guidance, refusals = text.split("\nNo guidance\n")
    assert "tamoxifen: no guidance without a phenotype: CYP2D6" in refusals
    assert "no guidance" not in guidance.split("\nGuidance\n")[1]


def test_genes_that_were_not_typed_are_one_line_and_all_others_a_row(tmp_path: Path) -> None:
    vcf = tmp_path / "one_position.vcf"
    whole = write_vcf(tmp_path / "a.vcf", {}).read_text(encoding="utf-8").splitlines()
    vcf.write_text(
        "\n".join(one for one in whole if one[0] == "#" or "\t97082391\t" in one) + "\n", encoding="utf-8"
    )
    write_pgx([vcf], tmp_path, Request())
    text = (tmp_path / "pgx.txt").read_text(encoding="utf-8")
    (line,) = [one for one in text.replace("\n    ", " ").splitlines() if one.startswith("No call, none of")]
    untyped = {one.strip() for one in line.split(": ")[1].split(",")}
    rows = {one.split()[0] for one in text.partition("\n------")[2].splitlines()[1:] if one[:1].isalpha()}
    genes = {one["gene"] for one in json.loads((tmp_path / "pgx.json").read_text())["samples"][0]["genes"]}
    assert genes - untyped == {"DPYD", "CYP2D6"} <= rows
    assert untyped <= genes


def _written(folder: Path) -> tuple[str, dict[str, Any]]:
    write_pgx([write_vcf(folder / "a.vcf", CARRIER)], folder, Request(treatment=TREATMENT))
    told = json.loads((folder / "pgx.json").read_text(encoding="utf-8"))["samples"][0]
    return (folder / "pgx.txt").read_text(encoding="utf-8"), told


def _words(text: str) -> str:
    return " ".join(text.split())
