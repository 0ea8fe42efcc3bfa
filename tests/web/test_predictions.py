"""From files over HTTP to a result: numbers only where they are allowed, reasons everywhere else."""

from __future__ import annotations

import threading

import pytest

from case_files import MAF, expression
from toy_lab import write_toy_slide
from tumorcast.lab.worker import work

FIELDS = {"response", "survival"}


def _predict(site, case_id: str) -> dict[str, object]:
    """The job, after a worker has done it."""
    asked = site.client.post(f"/api/v1/cases/{case_id}/jobs", json={}, headers=site.bearer("pathologist"))
    assert asked.status_code == 202, asked.text
    work(site.store, "w1", threading.Event(), most_jobs=1)
    return dict(site.client.get(f"/api/v1/jobs/{asked.json()['id']}", headers=site.bearer("viewer")).json())


def _record(site, job: dict[str, object]) -> dict[str, object]:
    answer = site.client.get(f"/api/v1/reports/{job['report_id']}/record", headers=site.bearer("viewer"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def real_case(tmp_path):
    """real_case(site) -> id of a case with a slide, mutations and expression that is not simulated."""

    def make(site) -> str:
        case_id = site.case(
            line=1, age=64, sex="female", specimen="biopsy", preparation="FFPE", biopsy_day=-5
        )
        write_toy_slide(tmp_path / "slide.svs", 1)
        for kind, name, content in (
            ("slide", "slide.svs", (tmp_path / "slide.svs").read_bytes()),
            ("variants", "a.maf", MAF),
            ("expression", "e.tsv", expression()),
        ):
            answer = site.put(case_id, kind, name, content)
            assert answer.status_code == 201, answer.text
        return case_id

    return make


def test_a_simulated_model_gives_no_number_for_a_real_case(site, real_case):
    job = _predict(site, real_case(site))
    assert job["state"] == "done", job["error"]
    record = _record(site, job)
    assert record["status"] == "refused"
    assert all(record[name] is None for name in FIELDS)
    text = site.browser("viewer").get(f"/results/{job['report_id']}").text
    assert "No number is given" in text
    assert "SIMULATED" in text
    assert 'id="probability"' not in text


def test_a_demonstration_is_watermarked_everywhere(new_site, real_case):
    site = new_site(demonstrate=True)
    job = _predict(site, real_case(site))
    assert job["state"] == "done", job["error"]
    record = _record(site, job)
    assert record["response"] is not None
    assert "SIMULATED" in record["watermark"]
    browser = site.browser("viewer")
    page = browser.get(f"/results/{job['report_id']}").text
    assert page.count(record["watermark"]) >= 2
    assert 'class="marked"' in page
    for at in ("/worklist", f"/cases/{job['case_id']}", f"/results/{job['report_id']}", "/sign-in"):
        assert "numbers come from a model of SIMULATED data" in browser.get(at).text
    slide = record["slides"][0]["slide_id"]
    told = browser.get(f"/api/v1/reports/{job['report_id']}/slides/{slide}").json()
    assert told["watermark"] == record["watermark"]
    tile = browser.get(f"/api/v1/reports/{job['report_id']}/slides/{slide}/tiles/0/0/0")
    assert tile.content.startswith(b"\xff\xd8")
    assert tile.headers["cache-control"].startswith("private")
    again = browser.get(tile.request.url.path, headers={"If-None-Match": tile.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert browser.get(f"/api/v1/reports/{job['report_id']}/slides/{slide}/tiles/9/0/0").status_code == 404
    for form, start in {"pdf": b"%PDF", "json": b"{", "fhir": b"{", "html": b"<!"}.items():
        file = browser.get(f"/api/v1/reports/{job['report_id']}/files/{form}")
        assert file.content.lstrip().startswith(start), form
        assert file.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("kind", "name", "content", "word"),
    [
        ("expression", "twelve.tsv", expression(n_genes=12), "genes"),
        ("expression", "mouse.tsv", expression().title().replace(b"P-77", b"P-77"), "mouse"),
    ],
)
def test_a_table_that_cannot_be_used_is_a_job_with_a_reason(new_site, kind, name, content, word):
    site = new_site(demonstrate=True)
    case_id = site.case()
    sent = site.put(case_id, kind, name, content)
    if sent.status_code != 201:
        assert word in sent.text.lower()
        return
    job = _predict(site, case_id)
    told = job["error"] if job["state"] == "failed" else _record(site, job)["reason"]
    assert word in str(told).lower(), told
    text = site.browser("viewer").get(f"/cases/{case_id}").text
    assert job["state"] == "done" or "It could not be done" in text


def test_a_case_without_a_layer_of_the_model_is_told(new_site):
    site = new_site(demonstrate=True)
    case_id = site.case(agents=["Nivolumab"])
    segments = b"ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nP-77\t1\t1\t1000000\t10\t0.1\n"
    assert site.put(case_id, "segments", "a.seg", segments).status_code == 201
    job = _predict(site, case_id)
    if job["state"] == "done":
        record = _record(site, job)
        assert record["status"] in ("not_predicted", "refused")
        assert record["response"] is None
        assert record["reason"]
    else:
        assert job["state"] == "failed"
        assert job["error"]
