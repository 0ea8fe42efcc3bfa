"""Page, PDF and FHIR say what the record says: all of it, nothing else, and nothing where there is no number."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fhir.resources.R4B.bundle import Bundle

from toy_report import toy_record, toy_refusal
from tumorcast.clinic.report.charts import contributions_chart, missing_chart, probability_scale, svg_of
from tumorcast.clinic.report.fhir import fhir_of, fhir_text
from tumorcast.clinic.report.html import html_of
from tumorcast.clinic.report.notices import ATTENTION, RESEARCH_USE
from tumorcast.clinic.report.pdf import pdf_of
from tumorcast.clinic.report.record import SignOff
from tumorcast.clinic.report.record_json import read_report
from tumorcast.clinic.report.words import interval_note, percent, when
from tumorcast.clinic.report.write import file_name, write_report

_PROBABILITY = re.compile(r"\d+(\.\d+)?\s*%|\b0?\.\d+\b")
"""Anything that could be read as a chance."""
_VOID = {"meta", "img", "br", "link", "hr", "line", "rect", "path"}


class _Page(HTMLParser):
    """Tags, attributes and the text outside style and provenance."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._open = "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" not in self._open and "title" not in self._open:
            self.text += data


def without_versions(text: str) -> str:
    """Up to the appendix, without the times."""
    return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*", "", text.split("Appendix")[0])


def test_the_page_is_self_contained_and_readable_by_machines_that_read_aloud():
    page = _Page(html_of(toy_record()))
    names = [tag for tag, _ in page.tags]
    assert {"header", "main", "footer", "h1"} <= set(names)
    assert names.count("h1") == 1
    assert "script" not in names
    assert all(own.get("alt") for tag, own in page.tags if tag == "img")
    sources = [own[key] for _, own in page.tags for key in ("src", "href") if key in own]
    assert all(str(source).startswith("data:image/jpeg;base64,") for source in sources)
    assert dict(page.tags[0][1])["lang"] == "en"
    assert all("scope" in own for tag, own in page.tags if tag == "th")
    for wanted in (
        "P-0042",
        "Pembrolizumab + Cisplatin",
        "69%",
        "55% to 80%",
        "TP53",
        ATTENTION,
        RESEARCH_USE,
    ):
        assert wanted in page.text
    assert "SIMULATED MODEL - NOT A PREDICTION" in page.text


def test_the_pdf_carries_patient_model_count_notice_and_watermark_on_every_page(pdf_pages):
    pages = pdf_pages(pdf_of(toy_record()))
    assert len(pages) >= 2
    for number, text in enumerate(pages, start=1):
        assert "Patient P-0042" in text
        assert "toy-12345678" in text
        assert f"Page {number} of {len(pages)}" in text
        assert RESEARCH_USE in text
        assert "SIMULATED MODEL - NOT A PREDICTION" in text
    assert "69%" in pages[0]
    assert "SIMULATED" not in "".join(pdf_pages(pdf_of(replace(toy_record(""), limits=()))))


@pytest.mark.parametrize("status", ["refused", "not_predicted"])
def test_a_refusal_is_large_and_without_any_number_that_could_be_a_chance(pdf_pages, status):
    refusal = replace(toy_refusal(), status=status, never_tested=())
    page = without_versions(_Page(html_of(refusal)).text)
    pdf = without_versions("\n".join(pdf_pages(pdf_of(refusal))))
    fhir = without_versions(fhir_text(replace(refusal, provenance=replace(refusal.provenance, tumorcast=""))))
    for text in (page, pdf, fhir):
        assert "treatment unlike any of training: imatinib" in text.lower()
        assert not _PROBABILITY.search(text)
    assert "No prediction" in page
    assert '"valueQuantity"' not in fhir
    assert _PROBABILITY.search(without_versions(_Page(html_of(toy_record())).text))


@pytest.mark.parametrize("report", [toy_record(), toy_refusal()])
@pytest.mark.parametrize(
    ("status", "code"),
    [("preliminary", "preliminary"), ("final", "final"), ("withdrawn", "entered-in-error")],
)
def test_fhir_is_valid_r4(report, status, code):
    told = fhir_of(replace(report, sign_off=SignOff(status, "Dr A", "2026-01-03", "seen")))
    read = Bundle.model_validate_json(json.dumps(told))
    diagnostic, *observations = [entry.resource for entry in read.entry]
    assert diagnostic.status == code
    assert {each.reference for each in diagnostic.result} == {entry.fullUrl for entry in read.entry[1:]}
    assert len(observations) == len(diagnostic.result)
    first = observations[0]
    if report.is_predicted:
        assert float(first.valueQuantity.value) == pytest.approx(0.69)
        bounds = {
            part.code.coding[0].code: part.valueQuantity for part in first.component if part.valueQuantity
        }
        assert float(bounds["interval-low"].value) == pytest.approx(0.55)
        assert float(bounds["interval-high"].value) == pytest.approx(0.8)
        assert {label.code for label in read.meta.security} == {"HTEST"}
    else:
        assert first.valueQuantity is None
        assert first.dataAbsentReason.coding[0].code == "unsupported"


def test_names_from_files_are_text_and_never_markup(pdf_pages, tmp_path):
    nasty = "<script>alert(1)</script>&<b>"
    record = toy_record()
    record = replace(
        record,
        subject=replace(record.subject, patient_id=nasty, regimen="Ω-mab </p>", clinical=((nasty, nasty),)),
        slides=tuple(replace(slide, slide_id="../" + nasty) for slide in record.slides),
        genes=tuple(replace(gene, gene=nasty) for gene in record.genes),
    )
    files = write_report(record, tmp_path / "report")
    page = files.html.read_text(encoding="utf-8")
    assert "<script" not in page
    assert nasty in _Page(page).text
    assert all(path.parent == tmp_path / "report" for path in files.geojsons)
    assert "alert" in "".join(pdf_pages(files.pdf.read_bytes()))
    assert read_report(files.json) == record


def test_what_lies_in_the_folder_is_the_record_and_its_heatmap(tmp_path):
    files = write_report(toy_record(), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.json", "report.html", "report.pdf", "fhir.json", "heatmap_S1.geojson"}
    (heatmap,) = files.geojsons
    features = json.loads(heatmap.read_text(encoding="utf-8"))["features"]
    assert [each["geometry"]["coordinates"][0][0] for each in features] == [[100, 200], [300, 200]]
    assert not write_report(toy_refusal(), tmp_path / "refusal").geojsons


def test_names_of_files_are_safe_and_their_own():
    given = ["P1", "../P1", "P/1", "P 1", "P:1", "Ωmega", "ωmega", "CON", "a" * 300, "a" * 301, ".", ""]
    made = [file_name(name) for name in given]
    assert made[0] == "P1"
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name) and len(name) < 100 for name in made)


def test_charts_are_drawn_alike_and_scale():
    svg = svg_of(contributions_chart(toy_record().contributions), "one", 'told "so"')
    assert svg.startswith("<svg viewBox=")
    assert "width=" not in svg[: svg.index(">")]
    assert 'aria-label="told &#34;so&#34;"' in svg
    assert "style=" not in svg
    assert set(re.findall(r"url\(#(.*?)\)", svg)) <= set(re.findall(r'\bid="(.*?)"', svg))
    for wanted in ("Gene expression", "not measured", "All together"):
        assert wanted in svg


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_no_label_of_a_chart_is_cut_off(share):
    record = toy_record()
    response = replace(record.response, probability=share, low=share, high=share, base_rate=share)
    for drawing in (probability_scale(response), missing_chart(record.missing, share)):
        left, _, right, _ = drawing.getBounds()
        assert -1e-6 < left < right < drawing.width + 1e-6


def test_no_model_is_certain():
    assert [percent(value) for value in (0.0, 0.004, 0.01, 0.5, 0.994, 1.0)] == [
        "<1%", "<1%", "1%", "50%", ">99%", ">99%",
    ]  # fmt: skip


def test_a_number_without_an_interval_says_so_once():
    response = replace(toy_record().response, low=None, high=None, interval_method="No interval: too few.")
    assert interval_note(response) == "No interval: too few. 45% of the training patients responded."
    assert interval_note(toy_record().response).startswith("Interval: from inner folds")


def test_times_are_told_in_utc_and_nothing_is_made_of_what_is_no_time():
    given = ("2026-01-02T03:04:05.678+02:00", "2026-01-03", "yesterday", "")
    assert list(map(when, given)) == ["2026-01-02 01:04 UTC", "2026-01-03", "yesterday", ""]
