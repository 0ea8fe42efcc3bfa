"""Sign-in by a provider: a small one in-process, honest and dishonest."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from tumorcast.domain.errors import ConfigError
from tumorcast.lab import users
from tumorcast.lab.users import SYSTEM
from tumorcast.web.oidc import HospitalSignIn, OidcConfig, read_oidc

pytest.importorskip("joserfc")
ISSUER = "https://login.example"
CONFIG = {
    "issuer": ISSUER, "client_id": "lab", "redirect_uri": "http://127.0.0.1/sign-in/hospital/back",
    "roles": {"doctors": "pathologist", "staff": "viewer"},
}  # fmt: skip


class Provider:
    """Answers as a provider does; `claims` go over those of an honest token."""

    def __init__(self) -> None:
        from joserfc.jwk import RSAKey

        self.key = self.published = RSAKey.generate_key(2048, parameters={"kid": "k"})
        self.claims: dict[str, object] = {}
        self.asked: dict[str, list[str]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={
                "authorization_endpoint": f"{ISSUER}/go", "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            })  # fmt: skip
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [self.published.as_dict(private=False)]})
        sent = parse_qs(request.content.decode())
        digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.asked["code_challenge"][0]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(
            200, json={"access_token": "a", "token_type": "Bearer", "id_token": self._token()}
        )

    def _token(self) -> str:
        from joserfc import jwt

        honest = {
            "iss": ISSUER, "aud": "lab", "sub": "42", "nonce": self.asked["nonce"][0], "exp": int(time.time()) + 300,
            "groups": ["doctors"], "name": "Dr. Ada Lovelace", "preferred_username": "Ada.L",
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "k"}, honest | self.claims, self.key)


@pytest.fixture
def provider() -> Provider:
    """An honest one."""
    return Provider()


def _browser(site, provider: Provider) -> TestClient:
    transport = httpx.MockTransport(provider)
    site.client.app.state.oidc = HospitalSignIn(OidcConfig.model_validate(CONFIG), "s", transport=transport)
    return TestClient(site.client.app, base_url="http://127.0.0.1", follow_redirects=False)


def _go(browser: TestClient, provider: Provider, **changed: str) -> httpx.Response:
    told = browser.get("/sign-in/hospital").headers["location"]
    assert told.startswith(f"{ISSUER}/go?")
    provider.asked = parse_qs(urlsplit(told).query)
    assert provider.asked["code_challenge_method"] == ["S256"]
    return browser.get(
        "/sign-in/hospital/back", params={"state": provider.asked["state"][0], "code": "c"} | changed
    )


def test_a_doctor_of_the_hospital_gets_in(site, provider):
    browser = _browser(site, provider)
    assert "hospital" in browser.get("/sign-in").text
    answer = _go(browser, provider)
    assert answer.status_code == 200, answer.text
    told = browser.get("/api/v1/me").json()
    assert (told["display_name"], told["role"]) == ("Dr. Ada Lovelace", "pathologist")
    assert told["id"].startswith("ada.l@")


def test_the_role_is_brought_up_to_date(site, provider):
    browser = _browser(site, provider)
    _go(browser, provider)
    provider.claims = {"groups": "staff"}
    _go(browser, provider)
    assert browser.get("/api/v1/me").json()["role"] == "viewer"
    assert len(users.list_users(site.store)) == 4


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"nonce": "old"}, {"exp": 1}, {"groups": ["visitors"]},
        {"groups": None}, {"sub": None},
    ],
)  # fmt: skip
def test_a_token_that_does_not_fit_is_refused(site, provider, claims):
    browser = _browser(site, provider)
    provider.claims = claims
    assert _go(browser, provider).status_code == 401
    assert browser.get("/api/v1/me").status_code == 401
    assert len(users.list_users(site.store)) == 3


def test_a_token_of_another_key_is_refused(site, provider):
    from joserfc.jwk import RSAKey

    browser = _browser(site, provider)
    provider.published = RSAKey.generate_key(2048, parameters={"kid": "k"})
    assert _go(browser, provider).status_code == 401


def test_a_sign_in_of_another_browser_is_refused(site, provider):
    begun = _browser(site, provider).get("/sign-in/hospital").headers["location"]
    other = TestClient(site.client.app, base_url="http://127.0.0.1", follow_redirects=False)
    provider.asked = parse_qs(urlsplit(begun).query)
    told = {"state": provider.asked["state"][0], "code": "c"}
    assert other.get("/sign-in/hospital/back", params=told).status_code == 401
    assert _go(_browser(site, provider), provider, state="made-up").status_code == 401


def test_who_was_disabled_stays_out(site, provider):
    browser = _browser(site, provider)
    _go(browser, provider)
    users.disable_user(site.store, SYSTEM, browser.get("/api/v1/me").json()["id"])
    assert _go(browser, provider).status_code == 401


def test_without_a_provider_there_is_no_such_page(site):
    assert site.client.get("/sign-in/hospital").status_code == 404


@pytest.mark.parametrize(
    "change", [{"issuer": "http://login.example"}, {"roles": {}}, {"secret": "x"}, {"client_id": 3}]
)
def test_a_wrong_configuration_is_told(tmp_path, change):
    path = tmp_path / "oidc.json"
    path.write_text(json.dumps(CONFIG | change), encoding="utf-8")
    with pytest.raises(ConfigError):
        read_oidc(path)
