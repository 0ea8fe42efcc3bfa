"""The host in a report: only what is asked, unknown is never normal, a refusal has no number, page and print agree."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from toy_host_folder import edited, write_host
from toy_report import toy_record, toy_refusal
from tumorcast.clinic.host.findings import HostFindings
from tumorcast.clinic.host.read import read_host
from tumorcast.clinic.host.record import HostGene, HostRecord
from tumorcast.clinic.host.told import at_hand, told_of
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.host.words import DPYD_LIMIT, STATEMENT
from tumorcast.clinic.report.fhir import fhir_text
from tumorcast.clinic.report.html import html_of
from tumorcast.clinic.report.panel_host import host_flags, host_panel
from tumorcast.clinic.report.pdf import pdf_of
from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.record_json import from_json, json_schema, to_json
from tumorcast.clinic.report.tables import Table
from tumorcast.domain.errors import InputError

TODAY = datetime.date(2026, 12, 1)
WANTED = Wanted(also_called=("P1", "P1-T1"))
FOLFIRI = at_hand("FOLFIRI", "FOLFIRI", is_recorded=True)
TAMOXIFEN = at_hand("tamoxifen", ["tamoxifen"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_host(tmp_path_factory.mktemp("host") / "made")


@pytest.fixture(scope="module")
def found(made: Path) -> HostFindings:
    return read_host(made, WANTED)


@pytest.fixture(scope="module")
def host(found: HostFindings) -> HostRecord:
    return told_of(found, [FOLFIRI, TAMOXIFEN], WANTED, TODAY)


def changed(made: Path, folder: Path, change: Callable[[Any], None], name: str = "pgx") -> HostFindings:
    """With the JSON of one command changed."""
    shutil.copytree(made, folder / "copy")
    edited(folder / "copy" / name / f"{name}.json", change)
    return read_host(folder / "copy", WANTED)


def gene(told: Any, name: str) -> Any:
    return next(one for one in told["samples"][0]["genes"] if one["gene"] == name)


def table(host: HostRecord, title: str) -> Table:
    return next(one for one in host_panel(host).tables if one.title.startswith(title))


def said(host: HostRecord) -> str:
    panel = host_panel(host)
    cells = [
        cell for one in panel.tables for row in (one.head, *one.rows, (one.title, one.note)) for cell in row
    ]
    return "\n".join([panel.statement, *panel.warnings, *panel.lines, *cells, *panel.notes])


def with_host(report: PatientReport, host: HostRecord) -> PatientReport:
    return replace(report, host=host, flags=(*report.flags, *host_flags(host)))


def test_genes_of_the_regimens_at_hand_and_no_other(host: HostRecord) -> None:
    assert [one.gene for one in host.genes] == ["DPYD", "UGT1A1", "CYP2D6"]
    assert host.genes[0].drugs == ("fluorouracil",)
    assert host.without_guidance == ("leucovorin",)
    text = said(host) + json.dumps(to_json(with_host(toy_record(), host))["host"])
    for other in ("TPMT", "NUDT15", "CYP2C19", "SLCO1B1", "G6PD", "*1/*1A"):
        assert other not in text


def test_guidance_is_quoted_with_dose_strength_source_date_and_what_it_was_compared_with(
    host: HostRecord,
) -> None:
    drug, says, quoted, strength, source = table(host, "Guidance").rows[0]
    own = host.guidance[0]
    assert drug == "fluorouracil (recorded)"
    assert says == "lower dose"
    assert own.text in quoted
    assert f"Dose, quoted: {own.dose}" in quoted
    assert own.strength in strength
    assert (own.source in source, own.date in source, own.verification in source) == (True, True, True)
    assert "compared with" in source


def test_a_no_call_is_told_as_unknown_and_never_as_normal(host: HostRecord) -> None:
    row = table(host, "Genes").rows[2]
    assert row[:3] == ("CYP2D6", "tamoxifen", "none")
    assert row[3] == "not known (No call), which is not normal"
    assert row[4] == "none"
    refused = next(row for row in table(host, "Guidance").rows if row[0].startswith("tamoxifen"))
    assert refused[1] == "not known"
    assert "Dose" not in refused[2]
    assert refused[4] == "nothing is quoted"


def test_a_rare_loss_of_function_is_uncharacterised_and_never_normal(made: Path, tmp_path: Path) -> None:
    def change(told: Any) -> None:
        own = gene(told, "DPYD")
        own["uncharacterised"] = [{"variant": "chr1:97000000 A>T", "kind": "loss of function"}]
        own |= {"phenotype": "Uncharacterised", "activity_score": None}

    host = told_of(changed(made, tmp_path, change), [FOLFIRI], WANTED, TODAY)
    row = table(host, "Genes").rows[0]
    assert row[3] == "not known (Uncharacterised), which is not normal"
    assert "chr1:97000000 A>T" in row[5]
    assert "Normal" not in " ".join(row).replace("not normal", "")
    assert [one.code for one in host_flags(host)][-1] == "host_not_known"


def test_no_known_dpyd_variant_does_not_mean_safe_to_dose(
    made: Path, tmp_path: Path, pdf_pages: Callable[[bytes], list[str]]
) -> None:
    def change(told: Any) -> None:
        phenotype = {
            "phenotype": "Normal Metabolizer",
            "activity_score": 2.0,
            "diplotype": "Reference/Reference",
        }
        gene(told, "DPYD").update(phenotype)

    host = told_of(changed(made, tmp_path, change), [FOLFIRI], WANTED, TODAY)
    assert DPYD_LIMIT in host_panel(host).warnings
    report = with_host(toy_record(), host)
    for text in (html_of(report), "\n".join(pdf_pages(pdf_of(report)))):
        assert "".join(DPYD_LIMIT.split()) in "".join(text.split())
    silent = told_of(HostFindings(), [TAMOXIFEN], WANTED, TODAY)
    assert DPYD_LIMIT not in host_panel(silent).warnings


def test_tables_older_than_twelve_months_warn_on_the_first_page(
    found: HostFindings, pdf_pages: Callable[[bytes], list[str]]
) -> None:
    assert found.pgx is not None
    new = tuple(replace(one, date="2026-11-01") for one in found.pgx.tables)
    fresh = replace(found, pgx=replace(found.pgx, tables=new))
    assert told_of(fresh, [FOLFIRI], WANTED, TODAY).old_tables == ""
    host = told_of(fresh, [FOLFIRI], WANTED, datetime.date(2027, 12, 1))
    assert "older than 12 months" in host.old_tables
    assert "guidance (2026-09-29)" in host.old_tables
    report = with_host(toy_record(), host)
    first = "".join(pdf_pages(pdf_of(report))[0].replace("\\", "").split())
    assert "".join(host.old_tables.split()) in first
    assert html_of(report).index(host.old_tables) < html_of(report).index("What the number rests on")
    assert host.old_tables in fhir_text(report)


def test_of_a_tumour_no_age_and_no_number_of_a_refusal(host: HostRecord) -> None:
    tumour = table(host, "Epigenetic clocks: P1-T1")
    assert {row[0] for row in tumour.rows if row[1] != "none"} == {"EpiTOC1", "EpiTOC2"}
    assert all("years" not in row[1] for row in tumour.rows)
    assert any(row[4] == "no age is given of tumour tissue" for row in tumour.rows)
    blood = table(host, "Epigenetic clocks: P1, blood, 450k")
    assert any("years" in row[1] and row[2] == "100.0%" for row in blood.rows)


def test_no_percentile_outside_the_reference_ancestry(made: Path, tmp_path: Path) -> None:
    def change(told: Any) -> None:
        row = {"sample": "P1", "score": "PGS1", "most_similar": "EUR", "n_reference": 503, "percentile": None}
        told["ancestry"] = [row | {"refusal": "outside the reference ancestry"}]

    host = told_of(changed(made, tmp_path, change, "pgs"), [FOLFIRI], WANTED, TODAY)
    own, refused = table(host, "Polygenic").rows
    assert own[1:] == ("0.25", "100.0%", "100.0%", "none: outside the reference ancestry")
    assert refused[1].startswith("none: 2 of 11 variants matched")
    assert not re.search(r"\d", refused[4])


def test_a_percentile_stands_with_its_ancestry(made: Path, tmp_path: Path) -> None:
    def change(told: Any) -> None:
        row = {"sample": "P1", "score": "PGS1", "most_similar": "EUR", "n_reference": 503, "percentile": 54.0}
        told["ancestry"] = [row | {"refusal": None}]

    host = told_of(changed(made, tmp_path, change, "pgs"), [], WANTED, TODAY)
    assert table(host, "Polygenic").rows[0][4] == "54.0 within EUR (503 people)"


def test_without_pharmacogenes_nothing_is_normal_and_without_a_regimen_no_gene_is_shown(
    found: HostFindings,
) -> None:
    untested = told_of(replace(found, pgx=None), [FOLFIRI], WANTED, TODAY)
    assert "DPYD, UGT1A1 not tested, which is not normal" in untested.warnings[0]
    assert not any(one.is_known for one in untested.genes)
    assert {one.state for one in untested.guidance} == {"not known"}
    alone = told_of(found, [at_hand("nivolumab", ["nivolumab"])], WANTED, TODAY)
    assert (alone.genes, alone.guidance, alone.old_tables) == ((), (), "")
    assert "DPYD" not in said(alone)


def test_whose_sample_it_is_was_declared_where_its_name_does_not_say_so(found: HostFindings) -> None:
    other = told_of(found, [FOLFIRI], Wanted(also_called=("Q",)), TODAY)
    assert "sample P1: that it is this patient's was declared" in host_panel(other).lines[0]


def test_a_gene_that_is_not_known_has_no_score() -> None:
    with pytest.raises(InputError, match="not known and has a score"):
        HostGene("DPYD", (), "", "No call", 1.0, False, (), ())


def test_page_print_and_record_say_the_same_and_a_refusal_keeps_it(
    host: HostRecord, pdf_pages: Callable[[bytes], list[str]]
) -> None:
    for plain in (toy_record(), toy_refusal()):
        report = with_host(plain, host)
        fields = json.loads(json.dumps(to_json(report)))
        assert from_json(fields) == report
        jsonschema.validate(fields, json_schema())
        page = "".join(unescape(re.sub(r"<[^>]*>", " ", html_of(report))).split())
        printed = "".join("\n".join(pdf_pages(pdf_of(report))).replace("\\", "").split())
        for text in said(host).splitlines():
            assert "".join(text.split()) in page
            assert all("".join(part.split()) in printed for part in text.split("\N{MINUS SIGN}"))
        assert "".join(STATEMENT.split()) in page
    assert [one.code for one in host_flags(host)] == ["host_tables_old", "host_guidance"]
