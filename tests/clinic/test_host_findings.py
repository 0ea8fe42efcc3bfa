"""Pharmacogenes beside regimens: quoted, never moving a place; a no-call is unknown; old tables warn."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest

from toy_host import toy_pgx_record
from toy_ranking import candidate, toy_ranking
from tumorcast.clinic.pgx.findings import NOT_TESTED, STATEMENT, HostGuidance, host_findings
from tumorcast.clinic.ranking.html import html_of as ranking_page
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.record_json import from_json, text_of
from tumorcast.clinic.ranking.stated import Drug
from tumorcast.clinic.ranking.table import table_text
from tumorcast.clinic.report.panel_ranking import ranking_panel

DRUGS = ("fluorouracil", "irinotecan", "nivolumab")


def flat(text: str) -> str:
    """Without the breaks of lines."""
    return " ".join(text.split())


def with_host(host: HostGuidance) -> Ranking:
    """The toy ranking with a candidate of fluorouracil."""
    ranking = toy_ranking()
    drug = Drug("fluorouracil", "antimetabolite", ("TYMS",))
    own = replace(candidate("nivolumab", None), key="fluorouracil", name="fluorouracil", drugs=(drug,))
    return replace(ranking, candidates=(*ranking.candidates, own), host=host)


def test_guidance_is_quoted_with_source_and_date_and_only_of_the_drugs_at_hand() -> None:
    found = host_findings(toy_pgx_record(), DRUGS, "pgx.json")
    assert [one.drug for one in found.drugs] == ["fluorouracil", "irinotecan"]
    told = found.drugs[0]
    assert told.state == "present"
    assert "50%" in told.said
    assert told.date[:2] == "20"
    assert "CPIC" in told.source
    assert "a note on the call" in told.genes[0]
    assert "CYP2D6" not in str(found)


@pytest.mark.parametrize("phenotype", ["", "no call", "Indeterminate", "uncharacterised"])
def test_a_no_call_is_unknown_and_never_usual(phenotype: str) -> None:
    (told,) = host_findings(toy_pgx_record(phenotype=phenotype), ["capecitabine"], "pgx.json").drugs
    assert told.state == "not known"
    assert "label-recommended" not in told.said


def test_a_patient_who_was_not_tested_is_told_drug_by_drug() -> None:
    found = host_findings(None, DRUGS, "pgx.json")
    assert found.warnings[0] == NOT_TESTED
    assert {one.state for one in found.drugs} == {"not known"}
    assert "not tested" in found.drugs[0].genes[0]


def test_no_variant_found_does_not_say_that_the_usual_dose_is_tolerated() -> None:
    found = host_findings(toy_pgx_record(phenotype="Normal Metabolizer"), ["fluorouracil"], "pgx.json")
    ranking = with_host(found)
    assert found.drugs[0].state == "absent"
    for text in (table_text(ranking), ranking_page(ranking)):
        assert flat(STATEMENT) in flat(unescape(text)).replace("- ", "- ")
        assert "safe to" not in text


def test_tables_older_than_a_year_are_warned_of_on_the_first_page(
    pdf_pages: Callable[[bytes], list[str]],
) -> None:
    late = datetime.date(2099, 1, 1)
    told = "allele definitions of 2020-01-01: older than a year"
    found = host_findings(toy_pgx_record(warnings=(told,)), DRUGS, "pgx.json", late)
    assert found.warnings[0] == told
    assert "guidance of" in found.warnings[1]
    ranking = with_host(found)
    page = ranking_page(ranking)
    assert 0 < page.index(told) < page.index("Side by side</h2>")
    assert told in flat(table_text(ranking).split("\nGuideline standards ")[0])


def test_it_never_moves_a_regimen() -> None:
    plain = with_host(host_findings(None, (), "pgx.json"))
    other = with_host(host_findings(toy_pgx_record(), DRUGS, "pgx.json"))
    assert replace(other, host=None) == replace(plain, host=None)
    assert "pharmacogenes: fluorouracil [present]" in flat(table_text(other))
    assert "pharmacogenes: fluorouracil [present]" in ranking_panel(other).tables[0].rows[-1][-1]
    assert from_json(json.loads(text_of(other))) == other


def test_toxicities_and_access_stand_in_the_panel() -> None:
    own = ranking_panel(toy_ranking()).tables
    access = next(table for table in own if table.title.startswith("Toxicities"))
    assert {row[2] for row in access.rows} == {"availability: unknown; cost: unknown"}
    assert {row[1] for row in access.rows} == {"none known here"}
