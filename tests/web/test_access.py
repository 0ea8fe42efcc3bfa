"""Who gets in, what each role may do, and what a browser must show to change anything."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tumorcast.lab import tokens, users
from tumorcast.lab.users import SYSTEM
from tumorcast.web.app import API, PAGES
from tumorcast.web.sign_in_limit import SignInLimit

OPEN = {"/sign-in/hospital", "/sign-in/hospital/back", "/sign-in", "/api/v1/sessions", "/"}


def _addresses() -> list[tuple[str, str]]:
    ids = {
        "case_id": "c" + "0" * 16, "file_id": "f" + "0" * 16, "job_id": "j" + "0" * 16, "report_id": "r" + "0" * 16,
        "token_id": "t" + "0" * 12, "kind": "slide", "form": "json", "user_id": "viewer", "bundle_id": "b",
        "level": "0", "column": "0", "row": "0", "act": "sign", "name": "x",
    }  # fmt: skip
    paths = {
        (route.path, method) for router in API + PAGES for route in router.routes for method in route.methods
    }
    return sorted((method, path.format(**ids)) for path, method in paths if path not in OPEN)


def test_nobody_gets_in_without_signing_in(site):
    addresses = _addresses()
    assert len(addresses) > 40
    for method, at in addresses:
        answer = site.client.request(method, at)
        if at.startswith("/api/"):
            assert answer.status_code == 401, (method, at, answer.text)
            assert set(answer.json()) == {"what", "got", "expected", "fix"}
            assert answer.headers["www-authenticate"] == "Bearer"
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), (method, at)


@pytest.mark.parametrize(
    "header", ["Bearer tc_wrong", "Bearer ", "Basic YTpi", "bearer\ttc_x", "tc_x", "Bearer é"]
)
def test_a_wrong_token_is_refused(site, header):
    answer = site.client.get("/api/v1/me", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


def test_an_expired_or_revoked_token_says_so(site):
    user = users.get_user(site.store, "viewer")
    secret, kept = tokens.create_token(site.store, SYSTEM, user.id, days=1)
    site.store.clock = lambda: kept.expires + 1
    answer = site.client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["what"]) == (401, "the token has expired")
    assert site.client.post("/api/v1/sessions", json={"token": secret}).status_code == 401


def test_roles(site):
    case_id = site.case()
    allowed = {
        ("POST", "/api/v1/cases"): {"pathologist", "admin"},
        ("GET", "/api/v1/cases"): {"viewer", "pathologist", "admin"},
        ("GET", "/api/v1/users"): {"admin"},
        ("GET", "/api/v1/audit"): {"admin"},
        ("POST", f"/api/v1/cases/{case_id}/jobs"): {"pathologist", "admin"},
        ("GET", "/new-case"): {"pathologist", "admin"},
        ("GET", "/staff"): {"admin"},
        ("GET", "/audit"): {"admin"},
        ("GET", "/worklist"): {"viewer", "pathologist", "admin"},
    }
    for (method, at), may in allowed.items():
        for role in ("viewer", "pathologist", "admin"):
            body = {"patient_id": "x"} if at == "/api/v1/cases" else {}
            answer = site.browser(role).request(method, at, json=body if method == "POST" else None)
            assert (answer.status_code != 403) == (role in may), (method, at, role, answer.text)


def test_only_a_pathologist_signs(site):
    report_id = site.report(site.case())
    for role in ("viewer", "admin"):
        answer = site.browser(role).post(f"/api/v1/reports/{report_id}/sign", json={"version": 1})
        assert answer.status_code == 403
    signed = site.browser("pathologist").post(f"/api/v1/reports/{report_id}/sign", json={"version": 1})
    assert signed.status_code == 200
    assert signed.json()["status"] == "final"


@pytest.mark.parametrize("given", [None, "", "wrong"])
def test_a_browser_changes_nothing_without_its_secret(site, given):
    browser = site.browser("admin")
    del browser.headers["X-CSRF-Token"]
    headers = {} if given is None else {"X-CSRF-Token": given}
    assert browser.post("/api/v1/cases", json={"patient_id": "x"}, headers=headers).status_code == 403
    form = {} if given is None else {"csrf": given}
    assert (
        browser.post(
            "/staff", data=form | {"user_id": "eve", "display_name": "E", "role": "admin"}
        ).status_code
        == 403
    )
    assert [user.id for user in users.list_users(site.store)] == ["admin", "pathologist", "viewer"]
    assert browser.get("/api/v1/me").status_code == 200


def test_the_secret_of_another_session_does_not_count(site):
    one, other = site.browser("admin"), site.browser("pathologist")
    answer = one.post(
        "/api/v1/cases", json={"patient_id": "x"}, headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]}
    )
    assert answer.status_code == 403


def test_signing_out_ends_the_session(site):
    browser = site.browser("viewer")
    secret = browser.cookies["tumorcast_session"]
    assert browser.delete("/api/v1/sessions").status_code == 204
    other = TestClient(site.client.app, base_url="http://127.0.0.1", cookies={"tumorcast_session": secret})
    assert other.get("/api/v1/me").status_code == 401


def test_the_form_signs_in_and_out(site):
    browser = TestClient(site.client.app, base_url="http://127.0.0.1", follow_redirects=False)
    assert "not known" in browser.post("/sign-in", data={"token": "tc_nobody"}).text
    answer = browser.post("/sign-in", data={"token": site.tokens["viewer"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklist")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    text = browser.get("/worklist").text
    csrf = text.partition('data-csrf="')[2].partition('"')[0]
    assert browser.post("/sign-out", data={"csrf": csrf}).headers["location"] == "/sign-in"
    assert browser.get("/worklist").status_code == 303


def test_cookies_are_secure_where_tls_is(new_site):
    site = new_site(is_secure=True)
    answer = site.client.post("/api/v1/sessions", json={"token": site.tokens["viewer"]})
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"]


def test_guessing_is_slow(new_site):
    site = new_site(sign_in_tries=3)
    for _ in range(3):
        assert site.client.post("/api/v1/sessions", json={"token": "tc_guess"}).status_code == 401
    answer = site.client.post("/api/v1/sessions", json={"token": site.tokens["viewer"]})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert site.client.post("/sign-in", data={"token": "x"}).status_code == 429


def test_who_waited_may_try_again():
    now = [0.0]
    limit = SignInLimit(2, 1.0, lambda: now[0])
    for _ in range(2):
        limit.note_failure("a")
    assert limit.wait_seconds("a") == 60
    assert limit.wait_seconds("b") == 0
    now[0] = 61
    assert limit.wait_seconds("a") == 0
    limit.note_failure("a")
    limit.note_success("a")
    assert limit.wait_seconds("a") == 0
