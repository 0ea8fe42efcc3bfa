"""The API and the page about it say that fusion on real patients is open, and that all is research use."""

from __future__ import annotations

from tumorcast.clinic.report.notices import FUSION_OPEN, RESEARCH_USE


def test_the_description_of_the_api_says_so(site):
    told = site.client.app.openapi()["info"]["description"]
    assert FUSION_OPEN in told
    assert RESEARCH_USE in told


def test_the_page_about_it_says_so(site):
    text = site.browser("viewer").get("/about").text
    assert FUSION_OPEN in text
    assert "research use only" in text.lower()
