"""Panels of a report: page and print say the same, with the safety words, and nothing where nothing may be said."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from toy_curves import toy_curves
from toy_ranking import toy_ranking, toy_refused_ranking
from toy_report import toy_record, toy_refusal
from toy_twin import toy_twin
from tumorcast.biology.regimens.advice import UNWANTED
from tumorcast.clinic.ranking.html import html_of as ranking_page
from tumorcast.clinic.ranking.stated import CautionFact, Cited, Entry
from tumorcast.clinic.ranking.table import table_text
from tumorcast.clinic.report.html import html_of
from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.panel_curves import curves_panel
from tumorcast.clinic.report.panel_ranking import ranking_panel
from tumorcast.clinic.report.panel_twin import twin_panel
from tumorcast.clinic.report.panels import panels_of
from tumorcast.clinic.report.pdf import pdf_of
from tumorcast.clinic.report.record_json import from_json, to_json
from tumorcast.clinic.twin.words import POPULATION_MARK
from tumorcast.domain.errors import InputError

_TAG = re.compile(r"<[^>]*>")
_PERCENT = re.compile(r"\d+\s*%")


def said(panel: Panel) -> list[str]:
    """All that a panel says, a text each."""
    cells = [cell for table in panel.tables for row in (table.head, *table.rows) for cell in row]
    titles = [text for table in panel.tables for text in (table.title, table.note)]
    whole = (panel.title, panel.statement, *panel.warnings, *panel.lines, *titles, *cells, *panel.notes)
    return [text for text in whole if text]


def squeezed(text: str) -> str:
    """Without white space, by which pages break lines."""
    return "".join(text.replace("\\", "").split())


PANELS = [ranking_panel(toy_ranking()), curves_panel(toy_curves()), twin_panel(toy_twin())]


@pytest.mark.parametrize("panel", PANELS, ids=lambda one: one.key)
def test_page_and_print_say_all_of_a_panel(pdf_pages, panel: Panel) -> None:
    record = replace(toy_record(), ranking=toy_ranking(), curves=toy_curves(), twin=toy_twin())
    assert [one.key for one in panels_of(record)] == ["ranking", "curves", "twin"]
    page = squeezed(unescape(_TAG.sub(" ", html_of(record))))
    printed = squeezed("\n".join(pdf_pages(pdf_of(record))))
    for text in said(panel):
        assert squeezed(text) in page
        assert squeezed(text) in printed
    chart = html_of(record).partition(f'id="{panel.key}-title"')[2].partition("<h3>")[0]
    assert "<svg" in chart
    assert "style=" not in chart


def test_numbers_and_what_is_not_known_in_words() -> None:
    texts = said(ranking_panel(toy_ranking()))
    assert {"43% (31% to 56%)", "no number", "46% (no interval)"} <= set(texts)
    assert any("independent action 41% (36% to 47%), no synergy assumed" in text for text in texts)
    own, other, silent = curves_panel(toy_curves()).tables[0].rows
    assert own[:3] == ("nivolumab, as recorded", "9.9 months", "82% (74% to 89%)")
    assert other[1] == "not reached"
    assert other[5] == "not known"
    assert silent[1:6] == ("none", *["not known"] * 4)
    assert silent[-1].startswith("no curve: no overlap")


def test_where_no_regimen_has_a_curve_there_is_no_picture() -> None:
    silent = replace(toy_curves(), curves=toy_curves().curves[2:])
    panel = curves_panel(silent)
    assert panel.chart is None
    assert "Given that the event has not happened by day 30 of treatment." in panel.lines


def test_the_twin_says_what_it_is_and_draws_the_last_value() -> None:
    panel = twin_panel(toy_twin())
    assert panel.statement.startswith("A simulation")
    assert panel.tables[0].rows[0][3] == "66"
    assert any("last value" in text for text in panel.notes)
    assert not [text for text in said(panel) if re.search(r"safe to|recommended|\bbest\b", text)]
    one_scan = twin_panel(toy_twin((0,), (80,)))
    assert one_scan.warnings[0] == POPULATION_MARK
    assert one_scan.tables[0].rows[0][3] == "80" or one_scan.tables[0].rows[0][3] == "no scan"
    refused = twin_panel(toy_twin((0, 42, 900), (80, 64, 66)))
    assert refused.tables == ()
    assert any("past_horizon" in text for text in refused.warnings)


def test_standards_stand_first_and_nothing_is_advised() -> None:
    panel = ranking_panel(toy_ranking())
    assert [table.title for table in panel.tables][:2] == ["Guideline standards", "Other regimens"]
    assert not [text for text in said(panel) if UNWANTED.search(text)]
    assert not [text for text in said(curves_panel(toy_curves())) if UNWANTED.search(text)]
    assert any("not advice" in text for text in said(panel))
    assert "caution: ipilimumab: autoimmune disease [present]" in panel.tables[1].rows[0][-1]
    assert panel.tables[0].rows[1][-1].startswith("no training patient")


def test_beside_a_name_stand_setting_biomarker_and_what_is_not_known_to_be_absent() -> None:
    ranking = toy_ranking()
    paper = Cited("Trial", "Doe et al., J Trials 2025", "", "2025")
    entry = Entry(
        "Nivolumab", "metastatic", (1,), ("MEL",), "PD-L1 at least 1%", None, (), (), paper, None, "own.yaml"
    )
    cautions = tuple(
        CautionFact("nivolumab", kind, f"{kind} {state or 'always'}", state, "label", "2025-01")
        for kind in ("contraindication", "caution")
        for state in ("absent", "not known", "present", "")
    )
    first = replace(
        ranking.candidates[0],
        cautions=cautions,
        entries=(entry, replace(entry, setting="adjuvant", biomarker="")),
    )
    ranking = replace(ranking, candidates=(first, *ranking.candidates[1:]))
    row = ranking_panel(ranking).tables[0].rows[0]
    where = "metastatic, PD-L1 at least 1%; adjuvant, no biomarker named"
    assert row[0] == f"nivolumab ({where})"
    assert f"described for: {where}" in table_text(ranking)
    assert table_text(ranking).count("described for: in no formulary") == 2
    for told in (row[-1], " ".join(table_text(ranking).split())):
        for state in ("present [present]", "not known [not known]", "always"):
            assert f"nivolumab: contraindication {state}" in told
        assert "nivolumab: caution present [present]" in told
        for state in ("contraindication absent", "caution absent", "caution not known", "caution always"):
            assert state not in told


def test_citations_that_nobody_compared_are_named_beside_their_regimen() -> None:
    ranking = toy_ranking()
    sure = Cited(
        "Sure", "Doe et al., 2025", "10.1000/a", "2025", "compared with the PubMed record, 2026-11-28"
    )
    typed = Cited("Typed", "Roe et al., 2024", "10.1000/b", "2024", "typed from memory, not verified")
    entry = Entry(
        "Nivolumab", "metastatic", (1,), ("MEL",), "", None, (), (), sure, typed, "embedded", "typed"
    )
    first = replace(ranking.candidates[0], entries=(entry,))
    ranking = replace(ranking, candidates=(first, *ranking.candidates[1:]))
    page = ranking_page(ranking)
    assert "citation compared with the PubMed record, 2026-11-28" in page
    assert "citation typed from memory, not verified" in page
    assert "(doses typed)" in page
    for told in (ranking_panel(ranking).tables[0].rows[0][-1], table_text(ranking)):
        assert "citation not verified: Typed" in told
        assert "Sure" not in told


def test_a_refused_ranking_has_its_reason_and_no_number() -> None:
    panel = ranking_panel(toy_refused_ranking())
    assert panel.chart is None
    assert panel.lines == ()
    assert "Refused: no candidate has a number; each says why." in panel.warnings
    assert not [text for text in said(panel) if _PERCENT.search(text)]


def test_without_an_order_that_is_said_first() -> None:
    changes = {
        "status": "no_order",
        "reason": "a single arm",
        "contrasts": (),
        "tie_groups": (),
        "prognosis": None,
    }
    panel = ranking_panel(replace(toy_ranking(), **changes))
    assert "No order: a single arm." in panel.warnings
    assert len(panel.tables) == 3


def test_a_report_without_a_number_carries_no_ranking() -> None:
    with pytest.raises(InputError, match="no number"):
        replace(toy_refusal(), ranking=toy_ranking())
    with pytest.raises(InputError, match="no number"):
        replace(toy_refusal(), curves=toy_curves())
    with pytest.raises(InputError, match="no number"):
        replace(toy_refusal(), twin=toy_twin())
    assert panels_of(toy_refusal()) == ()
    assert "ranking-title" not in html_of(toy_record())


def test_the_record_comes_back_with_its_panels_and_old_records_without() -> None:
    record = replace(toy_record(), ranking=toy_ranking(), curves=toy_curves(), twin=toy_twin())
    assert from_json(to_json(record)) == record
    old = to_json(toy_record())
    del old["ranking"], old["curves"], old["twin"]
    assert from_json(old) == toy_record()
