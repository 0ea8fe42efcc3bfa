"""Pharmacogenes beside regimens: quoted, never moving a place, in the words of a report; a no-call is unknown."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest

from toy_host import toy_pgx_record
from toy_ranking import candidate, toy_ranking
from toy_report import toy_record
from tumorcast.clinic.host.findings import HostFindings, PgxFindings, TableUsed
from tumorcast.clinic.host.record import HostRecord
from tumorcast.clinic.host.told import at_hand, told_of
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.host.words import DPYD_LIMIT, STATEMENT, guidance_line, quoted, says, source_of
from tumorcast.clinic.ranking.html import html_of as ranking_page
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.record_json import from_json, text_of
from tumorcast.clinic.ranking.stated import Drug
from tumorcast.clinic.ranking.table import table_text
from tumorcast.clinic.report.html import html_of as report_page
from tumorcast.clinic.report.panel_host import host_panel
from tumorcast.clinic.report.panel_ranking import ranking_panel
from tumorcast.clinic.report.pdf import pdf_of

DRUGS = ("fluorouracil", "irinotecan", "nivolumab")
TODAY = datetime.date(2026, 12, 1)
DATED = TableUsed("pgx_alleles", "a source", "1", "2026-09-01")


def flat(text: str) -> str:
    """Without the breaks of lines."""
    return " ".join(text.split())


def host_of(
    phenotype: str | None = "Intermediate Metabolizer", today: datetime.date = TODAY, table: TableUsed = DATED
) -> HostRecord:
    """What is said of the drugs; None: no pharmacogenes were given."""
    found = HostFindings()
    if phenotype is not None:
        record = toy_pgx_record(phenotype=phenotype)
        found = HostFindings(PgxFindings(record.sample, record, {}, (table,), ()))
    return told_of(found, [at_hand("all", DRUGS)], Wanted(also_called=("P-0042",)), today)


def with_host(host: HostRecord | None) -> Ranking:
    """The toy ranking with a candidate of fluorouracil."""
    ranking = toy_ranking()
    drug = Drug("fluorouracil", "antimetabolite", ("TYMS",))
    own = replace(candidate("nivolumab", None), key="fluorouracil", name="fluorouracil", drugs=(drug,))
    return replace(ranking, candidates=(*ranking.candidates, own), host=host)


def test_guidance_is_quoted_with_source_and_date_and_only_of_the_drugs_at_hand() -> None:
    host = host_of()
    assert [one.drug for one in host.about(DRUGS)] == ["fluorouracil", "irinotecan"]
    line = guidance_line(host, host.about(["fluorouracil"])[0])
    for part in ("[lower dose]", "50%", "CPIC", ", 20", "a note on the call", "compared with"):
        assert part in line
    assert "CYP2D6" not in text_of(with_host(host))


@pytest.mark.parametrize("phenotype", ["", "No call", "Indeterminate", "Uncharacterised"])
def test_a_no_call_is_unknown_and_never_usual(phenotype: str) -> None:
    host = host_of(phenotype)
    (told,) = host.about(["fluorouracil"])
    assert (told.state, told.dose) == ("not known", "")
    line = guidance_line(host, told)
    assert "which is not normal" in line
    assert "label-recommended" not in line


def test_a_patient_who_was_not_tested_is_told_drug_by_drug() -> None:
    host = host_of(None)
    assert "DPYD, UGT1A1 not tested, which is not normal" in host.warnings[0]
    assert {one.state for one in host.guidance} == {"not known"}
    assert "not known (not tested)" in guidance_line(host, host.guidance[0])


def test_no_variant_found_does_not_say_that_the_usual_dose_is_tolerated() -> None:
    host = host_of("Normal Metabolizer")
    assert host.about(["fluorouracil"])[0].state == "absent"
    for text in (table_text(with_host(host)), ranking_page(with_host(host))):
        plain = flat(unescape(text))
        assert flat(STATEMENT) in plain
        assert DPYD_LIMIT in plain
        assert "safe to" not in plain.replace(DPYD_LIMIT, "")


def test_tables_older_than_a_year_are_warned_of_on_the_first_page() -> None:
    host = host_of(today=datetime.date(2027, 11, 1), table=replace(DATED, date="2020-01-01"))
    assert "alleles (2020-01-01)" in host.old_tables
    assert "guidance (" in host.old_tables
    page = unescape(ranking_page(with_host(host)))
    assert 0 < page.index(host.old_tables) < page.index("Side by side</h2>")
    assert host.old_tables in flat(table_text(with_host(host)).split("\nGuideline standards ")[0])


def test_it_never_moves_a_regimen() -> None:
    plain, other = with_host(host_of(None)), with_host(host_of())
    assert replace(other, host=None) == replace(plain, host=None)
    assert "pharmacogenes: fluorouracil [lower dose]" in flat(table_text(other))
    assert "pharmacogenes: fluorouracil [lower dose]" in ranking_panel(other).tables[0].rows[-1][-1]
    assert from_json(json.loads(text_of(other))) == other


@pytest.mark.parametrize("phenotype", ["Intermediate Metabolizer", "Normal Metabolizer", "No call", None])
def test_ranking_report_and_print_say_the_same_words(
    phenotype: str | None, pdf_pages: Callable[[bytes], list[str]]
) -> None:
    host = host_of(phenotype)
    ranking = with_host(host)
    report = replace(toy_record(), host=host, ranking=ranking)
    one = host.about(["fluorouracil"])[0]
    page = "".join(unescape(report_page(report)).split())
    printed = "".join("\n".join(pdf_pages(pdf_of(report))).replace("\\", "").split())
    terminal, side = (
        "".join(unescape(text).split()) for text in (table_text(ranking), ranking_page(ranking))
    )
    for told in (says(one), quoted(one), source_of(one), *host_panel(host).warnings, STATEMENT):
        for where in (terminal, side, page, printed):
            assert "".join(told.split()) in where


def test_toxicities_and_access_stand_in_the_panel() -> None:
    own = ranking_panel(toy_ranking()).tables
    access = next(table for table in own if table.title.startswith("Toxicities"))
    assert {row[2] for row in access.rows} == {"availability: unknown; cost: unknown"}
    assert {row[1] for row in access.rows} == {"none known here"}
