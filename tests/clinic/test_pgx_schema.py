"""pgx.json against its schema: every kind of output is valid, and what must not be written is not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from toy_pgx import write_vcf
from tumorcast.clinic.pgx.write import Request, write_pgx

SCHEMA = json.loads((resources.files("tumorcast.clinic.pgx") / "pgx_schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA)
GENOTYPES = {
    "DPYD": {"rs67376798": "T/A", "rs1801159": "T/C", "rs3918290": "."},
    "TPMT": {"rs1142345": "T/C", "rs1800460": "C/T"},
    "ABCG2": {"rs2231142": "."},
    "G6PD": {"rs1050828": "C/T"},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("schema")
    calls, drugs = folder / "calls.tsv", folder / "drugs.tsv"
    calls.write_text("CYP2D6\t*1/*4\nHLA-B\t*57:01/*07:02\nXYZ\t*1/*2\nCYP2B6\tno call\n")
    drugs.write_text("sample\tdrug\nS1\tparoxetine\nS1\tterbinafine\nS1\tfluconazole\n")
    vcf = write_vcf(folder / "a.vcf", GENOTYPES)
    write_pgx([vcf, calls], folder, Request(comedication=drugs))
    loaded: dict[str, Any] = json.loads((folder / "pgx.json").read_text(encoding="utf-8"))
    return loaded


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")


def test_outputs_are_valid(told: dict[str, Any], tmp_path: Path) -> None:
    CHECK.validate(told)
    assert told["samples"][0]["guidance"]
    for name, given in (("one", "DPYD\t\tNormal Metabolizer\n"), ("two", "CYP2C9\t\t\t2.0\n")):
        (tmp_path / f"{name}.tsv").write_text(given)
        write_pgx([tmp_path / f"{name}.tsv"], tmp_path / name, Request(treatment="FOLFOX"))
        CHECK.validate(json.loads((tmp_path / name / "pgx.json").read_text(encoding="utf-8")))


def gene(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["samples"][0]["genes"] if one["gene"] == name)


def advice(told: dict[str, Any], is_refusal: bool) -> dict[str, Any]:
    return next(one for one in told["samples"][0]["guidance"] if one["is_refusal"] == is_refusal)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: gene(told, "ABCG2").update(activity_score=2.0),
        lambda told: gene(told, "ABCG2").update(phenotype="Normal Function"),
        lambda told: gene(told, "ABCG2").update(diplotype="*1/*1"),
        lambda told: gene(told, "TPMT").update(activity_score=1.0),
        lambda told: advice(told, True).update(dose="50%"),
        lambda told: advice(told, False).update(source=None),
        lambda told: advice(told, False).update(action="recommended"),
        lambda told: told.update(research_use_only=False),
        lambda told: told.update(patient="name"),
        lambda told: told.pop("absent_changes"),
    ],
)
def test_what_must_not_be_written_is_invalid(
    told: dict[str, Any], spoil: Callable[[dict[str, Any]], object]
) -> None:
    spoilt = copy.deepcopy(told)
    spoil(spoilt)
    assert not CHECK.is_valid(spoilt)
