"""Sign-in by the hospital's OpenID Connect provider: code flow with PKCE, role from a claim (extra `oidc`)."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tumorcast.domain.errors import ConfigError
from tumorcast.lab.errors import SignInError
from tumorcast.lab.roles import Role
from tumorcast.web.errors import RefusedError
from tumorcast.web.settings import LOOPBACK

if TYPE_CHECKING:
    import httpx

_TIMEOUT_S = 15.0
_BEGUN_S, _MOST_BEGUN, _LEEWAY_S = 600.0, 1000, 60
_ALGORITHMS = ["RS256", "PS256", "ES256"]


class OidcConfig(BaseModel):
    """What the hospital's provider is; `roles`: value of the claim -> role, the first that fits counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    redirect_uri: str
    role_claim: str = "groups"
    roles: Annotated[dict[str, Role], Field(min_length=1)]
    name_claim: str = "name"
    scopes: str = "openid profile email"


@dataclass(frozen=True)
class Person:
    """Whom the provider names."""

    subject: str
    name: str
    login: str
    role: Role


@dataclass(frozen=True)
class _Begun:
    """A sign-in that was begun."""

    verifier: str
    nonce: str
    at: float


class HospitalSignIn:
    """Conversations with one provider.

    Args:
        config: of the provider.
        secret: of the client, "" where it is a public one.
        options: of the HTTP client.
    """

    def __init__(self, config: OidcConfig, secret: str = "", **options: Any) -> None:
        self._config, self._secret, self._options = config, secret, options
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._found: dict[str, Any] | None = None
        self._lock = Lock()

    def begin(self) -> tuple[str, str]:
        """(address of the provider to go to, state that must come back).

        Raises:
            RefusedError: 503, the provider does not answer.
        """
        from httpx import HTTPError

        begun = _Begun(secrets.token_urlsafe(48), secrets.token_urlsafe(24), time.monotonic())
        state = secrets.token_urlsafe(24)
        try:
            with self._client() as client:
                at = str(self._provider(client)["authorization_endpoint"])
        except (HTTPError, KeyError, ValueError):
            raise RefusedError(503, "the hospital's sign-in does not answer", fix="use a token") from None
        digest = hashlib.sha256(begun.verifier.encode()).digest()
        asked = {
            "response_type": "code", "client_id": self._config.client_id, "scope": self._config.scopes,
            "redirect_uri": self._config.redirect_uri, "state": state, "nonce": begun.nonce,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        with self._lock:
            self._begun[state] = begun
            while len(self._begun) > _MOST_BEGUN:
                self._begun.popitem(last=False)
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}", state

    def finish(self, state: str, code: str) -> Person:
        """Whom the provider names.

        Raises:
            SignInError: the sign-in was not begun here, took too long, is not the provider's, or has no role.
        """
        with self._lock:
            begun = self._begun.pop(state, None)
        if begun is None or time.monotonic() - begun.at > _BEGUN_S:
            raise SignInError("this sign-in was not begun here, or too long ago", fix="sign in again")
        return self._person(self._claims(code, begun))

    def _claims(self, code: str, begun: _Begun) -> dict[str, Any]:
        from httpx import HTTPError
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            with self._client() as client:
                found = self._provider(client)
                told = self._exchanged(client, found["token_endpoint"], code, begun)
                keys = KeySet.import_key_set(client.get(found["jwks_uri"]).raise_for_status().json())
            token = jwt.decode(told["id_token"], keys, algorithms=_ALGORITHMS)
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_S,
                iss={"essential": True, "value": self._config.issuer},
                aud={"essential": True, "value": self._config.client_id},
                nonce={"essential": True, "value": begun.nonce},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(token.claims)
        except (JoseError, HTTPError, KeyError, ValueError) as error:
            raise SignInError(
                "the hospital's sign-in was not confirmed", got=type(error).__name__, fix="sign in again"
            ) from None
        return dict(token.claims)

    def _person(self, claims: dict[str, Any]) -> Person:
        held = claims.get(self._config.role_claim, [])
        values = [held] if isinstance(held, str) else [str(value) for value in held or []]
        role = next((role for value, role in self._config.roles.items() if value in values), None)
        if role is None:
            raise SignInError(
                "your hospital account has no role in this lab", fix="ask the lab's administrator"
            )
        login = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
        name = str(claims.get(self._config.name_claim) or login)
        return Person(f"{self._config.issuer}|{claims['sub']}", name, login, role)

    def _exchanged(self, client: httpx.Client, at: str, code: str, begun: _Begun) -> dict[str, Any]:
        """The provider's tokens for a code."""
        config = self._config
        sent = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": config.redirect_uri,
            "client_id": config.client_id, "code_verifier": begun.verifier,
        }  # fmt: skip
        auth: dict[str, Any] = {"auth": (config.client_id, self._secret)} if self._secret else {}
        return dict(client.post(at, data=sent, **auth).raise_for_status().json())

    def _provider(self, client: httpx.Client) -> dict[str, Any]:
        """The provider's own description, asked for once."""
        if self._found is None:
            at = self._config.issuer.rstrip("/") + "/.well-known/openid-configuration"
            self._found = dict(client.get(at).raise_for_status().json())
        return self._found

    def _client(self) -> httpx.Client:
        from httpx import Client

        return Client(timeout=_TIMEOUT_S, **self._options)


def read_oidc(path: Path) -> HospitalSignIn:
    """From the file of `--oidc`.

    Raises:
        ConfigError: not there, not understood, not encrypted, or the extra is not installed.
    """
    try:
        import httpx  # noqa: F401
        import joserfc  # noqa: F401
    except ImportError:
        raise ConfigError(
            "sign-in by a provider is not installed", fix="pip install 'tumorcast[oidc]'"
        ) from None
    try:
        config = OidcConfig.model_validate_json(path.read_text(encoding="utf-8"))
        secret = config.client_secret_file
        told = "" if secret is None else (path.parent / secret).read_text(encoding="utf-8").strip()
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path.name} is not understood", got=error, expected="see docs/serve.md") from None
    address = urlsplit(config.issuer)
    if address.scheme != "https" and address.hostname not in LOOPBACK:
        raise ConfigError("the provider must be reached over TLS", got=config.issuer, expected="https://...")
    return HospitalSignIn(config, told)
