"""The lab's page of a report and the printed one say the same, with the same charts, within the page's policy."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from toy_curves import toy_curves
from toy_host_folder import toy_host
from toy_ranking import toy_ranking
from toy_report import toy_record, toy_refusal
from toy_twin import toy_twin
from tumorcast.clinic.curves.record import BAND, NOTICE
from tumorcast.clinic.host.words import DPYD_LIMIT, TITLE
from tumorcast.clinic.ranking.words import LIMITS, STATEMENT
from tumorcast.clinic.report.html import html_of
from tumorcast.clinic.report.panel_host import host_flags
from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.twin.words import SIMULATION

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


class _Texts(HTMLParser):
    """Every piece of text of a page's main part."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.partition("<main")[2].partition("</main>")[0].partition(">")[2])

    def handle_data(self, data: str) -> None:
        if told := " ".join(data.split()):
            self.found.append(told)


def _record(answers: str = "R", probability: float = 0.69, **changes: object) -> PatientReport:
    """Without slides, which the two pages show each in its own way."""
    record = toy_record()
    assert record.response is not None
    response = replace(
        record.response,
        probability=probability,
        low=probability / 2,
        high=(1 + probability) / 2,
        answers=answers,
    )
    return replace(record, response=response, slides=(), tiles=(), **changes)


def _both(site, record: PatientReport) -> tuple[str, str]:
    """The printed page and the lab's."""
    report_id = site.report(site.case(), record)
    return html_of(record), site.browser("viewer").get(f"/results/{report_id}").text


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (_record("NR", 0.004), {"<1%", "No response"}),
        (_record("R", 0.996), {">99%", "Response", "\u22120.21", "Gene expression"}),
        (_record("both"), {"69%", "Response or no response: the model cannot tell"}),
        (_record("empty"), {"Neither answer: unlike the patients that the sets were learned from"}),
        (_record("unknown"), {"None given: unlike the training patients"}),
        (
            _record("", flags=()),
            {"None given", "Nothing was found. That the checks found nothing does not make it right."},
        ),
        (
            _record(ranking=toy_ranking()),
            {"Candidate regimens side by side", STATEMENT, *LIMITS, "43% (31% to 56%)", "no number"},
        ),
        (_record(curves=toy_curves()), {"PFS over time", NOTICE, BAND, "82% (74% to 89%)", "not reached"}),
        (_record(twin=toy_twin()), {"At the scans to come", SIMULATION, "Last value, mm"}),
        (toy_refusal(), {"No prediction", "Treatment unlike any of training: Imatinib"}),
    ],
)
def test_all_that_the_printed_page_says_stands_on_the_lab_s(site, record, told):
    printed, shown = _both(site, record)
    said = _Texts(printed.partition('<section class="appendix"')[0] + "</main>").found
    assert told <= set(said)
    assert [each for each in said if each not in _Texts(shown).found] == []
    assert [each for each in SVG.findall(printed) if each not in shown] == []
    drawn = 3 + sum(one is not None for one in (record.ranking, record.curves, record.twin))
    assert len(SVG.findall(printed)) == (drawn if record.is_predicted else 0)


@pytest.mark.parametrize("plain", [_record(), toy_refusal()])
def test_the_host_stands_in_the_same_words_on_both(site, tmp_path, plain):
    host = toy_host(tmp_path)
    record = replace(plain, host=host, flags=(*plain.flags, *host_flags(host)))
    printed, shown = _both(site, record)
    said = _Texts(printed.partition('<section class="appendix"')[0] + "</main>").found
    assert {TITLE, DPYD_LIMIT, host.old_tables, "not known (No call), which is not normal"} <= set(said)
    assert [each for each in said if each not in _Texts(shown).found] == []


def test_the_page_of_a_result_holds_nothing_inline(site):
    _, shown = _both(site, replace(toy_record(), ranking=toy_ranking(), curves=toy_curves(), twin=toy_twin()))
    assert "style=" not in shown
    assert "<style" not in shown
