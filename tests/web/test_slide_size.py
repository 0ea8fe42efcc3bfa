"""A slide that does not say its pixel size, over HTTP: refused, mended by the field, zoomed; else its picture."""

from __future__ import annotations

import threading
from html import unescape

import pytest

from case_files import MAF
from toy_lab import toy_flat_tiff
from toy_report import toy_record
from tumorcast.lab.slide_size import FIELD
from tumorcast.lab.worker import work


def _case(site, **facts: object) -> str:
    case_id = site.case(is_simulated=True, **facts)
    assert site.put(case_id, "slide", "flat.tif", toy_flat_tiff(1)).status_code == 201
    return str(case_id)


def _predict(site, case_id: str) -> dict[str, object]:
    asked = site.client.post(f"/api/v1/cases/{case_id}/jobs", json={}, headers=site.bearer("pathologist"))
    work(site.store, "w1", threading.Event(), most_jobs=1)
    return dict(site.client.get(f"/api/v1/jobs/{asked.json()['id']}", headers=site.bearer("viewer")).json())


def _save(site, case_id: str, size: str):
    browser = site.browser("pathologist")
    form = {"csrf": browser.headers["X-CSRF-Token"], "slide_mpp": size}
    return browser.post(f"/cases/{case_id}/slide-mpp", data=form)


def test_refused_then_mended_on_the_page_of_the_case(new_site):
    site = new_site(demonstrate=True)
    case_id = _case(site)
    job = _predict(site, case_id)
    assert job["state"] == "failed"
    assert FIELD in job["error"]
    page = unescape(site.browser("pathologist").get(f"/cases/{case_id}").text)
    assert page.count(FIELD) >= 2, "in the failure and over the field"
    assert _save(site, case_id, "1.0").status_code == 303
    job = _predict(site, case_id)
    assert job["state"] == "done", job["error"]
    at = f"/api/v1/reports/{job['report_id']}/slides"
    record = site.client.get(
        f"/api/v1/reports/{job['report_id']}/record", headers=site.bearer("viewer")
    ).json()
    at += f"/{record['slides'][0]['slide_id']}"
    told = site.client.get(at, headers=site.bearer("viewer")).json()
    assert (told["mpp"], told["width"], told["side_px"]) == (1.0, 512, 64.0)
    assert site.client.get(f"{at}/tiles/0/0/0", headers=site.bearer("viewer")).content[:2] == b"\xff\xd8"


def test_a_slide_that_cannot_be_zoomed_says_what_mends_it_and_the_page_holds_its_picture(new_site):
    site = new_site()
    site.client.app.state.viewer = site.client.app.state.viewer or {"openseadragon.min.js": b""}
    case_id = _case(site)
    report_id = site.report(case_id)
    browser = site.browser("viewer")
    file_id = browser.get(f"/api/v1/cases/{case_id}").json()["files"][0]["id"]
    for rest in ("", "/tiles/0/0/0"):
        answer = browser.get(f"/api/v1/reports/{report_id}/slides/{file_id}{rest}")
        assert answer.status_code == 422
        assert FIELD in answer.json()["fix"]
    text = browser.get(f"/results/{report_id}").text
    instead = text.split('class="instead" hidden')[1].split("</div>")[0]
    assert toy_record().slides[0].image in instead


def test_the_picture_stays_where_the_file_is_gone(new_site):
    site = new_site()
    site.client.app.state.viewer = site.client.app.state.viewer or {"openseadragon.min.js": b""}
    case_id = _case(site)
    report_id = site.report(case_id)
    first = site.client.get(f"/api/v1/cases/{case_id}", headers=site.bearer("viewer")).json()["files"][0][
        "id"
    ]
    assert site.put(case_id, "slide", "other.tif", toy_flat_tiff(2)).status_code == 201
    site.client.delete(f"/api/v1/cases/{case_id}/files/{first}", headers=site.bearer("pathologist"))
    text = site.browser("viewer").get(f"/results/{report_id}").text
    assert f"{first} cannot be zoomed" in text
    assert toy_record().slides[0].image in text


@pytest.mark.parametrize("size", ["0", "x", "50"])
def test_a_size_that_cannot_be_is_not_saved(site, size):
    case_id = _case(site)
    assert _save(site, case_id, size).status_code == 422
    told = site.client.get(f"/api/v1/cases/{case_id}", headers=site.bearer("viewer")).json()
    assert told["facts"]["slide_mpp"] is None


def test_an_empty_field_is_not_known_and_needs_no_slide(site):
    case_id = _case(site, slide_mpp=0.5)
    assert _save(site, case_id, "").status_code == 303
    told = site.client.get(f"/api/v1/cases/{case_id}", headers=site.bearer("viewer")).json()
    assert told["facts"]["slide_mpp"] is None
    bare = site.case()
    assert site.put(bare, "variants", "a.maf", MAF).status_code == 201
    assert "/slide-mpp" not in site.browser("pathologist").get(f"/cases/{bare}").text
