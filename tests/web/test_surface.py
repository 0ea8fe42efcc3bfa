"""What every answer carries, what the log says, health and metrics."""

from __future__ import annotations

import logging

import pytest
from fastapi.testclient import TestClient

from tumorcast.lab.errors import NotFoundError
from tumorcast.web.pages import worklist

PAGES = ("/sign-in", "/worklist", "/new-case", "/about", "/about/api", "/staff", "/audit")


@pytest.mark.parametrize(
    "at", [*PAGES, "/healthz", "/api/v1/me", "/nowhere", "/static/house.css", "/openapi.json"]
)
def test_headers_of_every_answer(site, at):
    answer = site.browser("admin").get(at)
    headers = answer.headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers
    if not at.startswith("/static"):
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("at", PAGES)
def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(site, at):
    text = site.browser("admin").get(at).text
    assert "<main" in text
    assert "style=" not in text
    assert "<style" not in text
    assert " on" + "click=" not in text
    for part in text.split("<script")[1:]:
        assert part.split(">")[1].startswith("</script"), part[:200]
    assert "http://" not in text
    assert "https://" not in text


def test_pages_escape_what_people_type(site):
    case_id = site.case(title="<script>alert(1)</script>", regimen='"><img src=x onerror=1>', agents=[])
    browser = site.browser("viewer")
    for at in ("/worklist", f"/cases/{case_id}", "/worklist?q=%3Cscript%3E%22%27"):
        text = browser.get(at).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<script>&" not in text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io", "[::2]"])
def test_a_foreign_host_name_is_refused(site, host):
    answer = site.client.get("/healthz", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]:8765", "[::1]"])
def test_this_machine_is_known(site, host):
    assert site.client.get("/healthz", headers={"Host": host}).status_code == 200


def test_the_log_names_nobody(site, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpx2"):
        monkeypatch.setattr(logging.getLogger(name), "disabled", True)
    case_id = site.case(patient_id="P-SECRET", title="Agatha-Secret")
    site.put(case_id, "variants", "Agatha-Secret.maf", b"not a maf")
    site.browser("viewer").get("/worklist?q=P-SECRET")
    site.client.get("/Agatha-Secret/page?name=P-SECRET", headers=site.bearer("viewer"))
    site.client.get(f"/api/v1/cases/{case_id}", headers=site.bearer("viewer"))
    text = caplog.text
    assert "/api/v1/cases/{case_id}" in text
    for word in ("SECRET", "Secret", case_id, "q=", site.tokens["viewer"]):
        assert word not in text, text


def test_an_unforeseen_failure_tells_nothing(site, caplog, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("Agatha-Secret /home/x")

    monkeypatch.setattr(worklist, "entries", fail)
    monkeypatch.setattr("tumorcast.lab.cases.get_case", fail)
    page = site.browser("viewer").get("/worklist")
    api = site.client.get("/api/v1/cases/c0123456789abcdef", headers=site.bearer("viewer"))
    assert (page.status_code, api.status_code) == (500, 500)
    number = api.json()["got"].removeprefix("failure ")
    assert number in caplog.text
    for text in (page.text, api.text, caplog.text):
        assert "Agatha" not in text
        assert "/home" not in text
    assert page.headers["content-security-policy"] == api.headers["content-security-policy"]


def test_pages_tell_failures_to_people(site):
    browser = site.browser("viewer")
    missing, forbidden = browser.get("/cases/c0000000000000000"), browser.get("/staff")
    assert (missing.status_code, forbidden.status_code) == (404, 403)
    assert "there is no such case" in missing.text
    assert "your role may not do this" in forbidden.text
    assert browser.get("/nowhere").status_code == 404
    assert browser.get("/cases/x' OR 1=1").status_code == 422


def test_ready_only_with_a_bundle_and_room(new_site, monkeypatch):
    site = new_site()
    assert site.client.get("/readyz").json()["is_ready"] is True
    crowded = new_site(least_free_bytes=1 << 60)
    answer = crowded.client.get("/readyz")
    assert (answer.status_code, answer.json()["disk"]) == (503, "the disk is nearly full")
    with site.store.transaction() as connection:
        connection.execute("UPDATE bundles SET state = 'retired'")
    assert site.client.get("/readyz").json()["bundle"] == "no bundle is active"
    assert site.client.get("/healthz").json() == {"status": "alive"}


def test_metrics_count_and_name_nobody(site):
    site.case()
    site.client.post("/api/v1/sessions", json={"token": "tc_nobody"})
    app = TestClient(site.client.app, base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    text = app.get("/metrics").text
    assert 'tumorcast_requests_total{method="POST",route="/api/v1/cases",status="201"} 1.0' in text
    assert "tumorcast_sign_ins_failed_total 1.0" in text
    assert 'tumorcast_jobs{state="queued"} 0.0' in text
    assert "P-77" not in text


def test_metrics_are_for_this_machine_or_for_who_has_the_token(new_site):
    far = TestClient(new_site().client.app, base_url="http://127.0.0.1", client=("10.0.0.9", 1))
    assert far.get("/metrics").status_code == 401
    app = new_site(metrics_token="m" * 20).client.app
    far = TestClient(app, base_url="http://127.0.0.1", client=("10.0.0.9", 1))
    assert far.get("/metrics").status_code == 401
    assert far.get("/metrics", headers={"Authorization": "Bearer " + "m" * 20}).status_code == 200


def test_there_is_no_lab(tmp_path):
    from tumorcast.web.app import create_app
    from tumorcast.web.settings import WebSettings

    with pytest.raises(NotFoundError, match="there is no lab"):
        create_app(WebSettings(tmp_path))
