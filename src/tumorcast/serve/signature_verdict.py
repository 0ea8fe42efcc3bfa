"""Whether a bundle's signatures are to be trusted, by a keyring; a reason for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from tumorcast.domain.errors import BundleError
from tumorcast.serve.keyring import Keyring, TrustedKey
from tumorcast.serve.manifest import Manifest
from tumorcast.serve.signatures import Signature, is_genuine, now

Code = Literal[
    "trusted", "unsigned", "no_keyring", "unknown_key", "wrong_signature", "other_bundle", "compromised", "revoked",
    "expired", "not_yet_valid", "in_the_future",
]  # fmt: skip
_CLOCK_SKEW = timedelta(days=1)
_NOT_KNOWN: tuple[Code, ...] = ("unsigned", "no_keyring", "unknown_key")
"""What a policy may allow: nobody whom the lab knows spoke for or against the bundle."""


class Signed(Protocol):
    """What is judged: a `Bundle` or its `CheckedFiles`."""

    @property
    def manifest(self) -> Manifest: ...
    @property
    def manifest_sha256(self) -> str: ...
    @property
    def signatures(self) -> tuple[Signature, ...]: ...


@dataclass(frozen=True)
class SignatureCheck:
    """One signature: `code` is stable, `sentence` is for people."""

    key_id: str
    by: str
    signed_at: datetime
    code: Code
    sentence: str


@dataclass(frozen=True)
class SignatureVerdict:
    """Of a bundle: that of its best signature. `sentence` may stand in a report ("signed by NAME, verified")."""

    code: Code
    sentence: str
    checks: tuple[SignatureCheck, ...] = ()

    @property
    def is_trusted(self) -> bool:
        """True where a key that the lab trusts signed this very bundle."""
        return self.code == "trusted"


UNSIGNED = SignatureVerdict("unsigned", "unsigned")


def check_signatures(bundle: Signed, keyring: Keyring | None, at: datetime | None = None) -> SignatureVerdict:
    """Judge a bundle's signatures; one that is trusted is enough.

    Args:
        bundle: opened by `load_bundle` (or `check_files`), so that its files are those of its manifest.
        keyring: None: no key is known.
        at: now.
    """
    if not bundle.signatures:
        return UNSIGNED
    checks = tuple(_check(bundle, signature, keyring, at or now()) for signature in bundle.signatures)
    order = ("trusted", "compromised", "wrong_signature", "other_bundle", "revoked", "expired", "not_yet_valid",
             "in_the_future", "unknown_key", "no_keyring")  # fmt: skip
    best = min(checks, key=lambda check: order.index(check.code))
    return SignatureVerdict(best.code, best.sentence, checks)


def require_signature(verdict: SignatureVerdict, is_required: bool) -> SignatureVerdict:
    """The policy of a lab.

    Args:
        is_required: only bundles with a trusted signature; else unsigned ones too and those of unknown signers, but
            never one whose signature is false, revoked or expired.

    Raises:
        BundleError: the bundle may not be used.
    """
    if verdict.is_trusted or (not is_required and verdict.code in _NOT_KNOWN):
        return verdict
    raise BundleError(
        "the bundle may not be used here",
        got=verdict.sentence,
        expected="a signature by a key of the keyring" if is_required else "no signature, or a sound one",
        fix="get a bundle that is signed by a trusted key, or add the signer's key (`tumorcast bundle trust add`)",
    )


def _check(bundle: Signed, signature: Signature, keyring: Keyring | None, at: datetime) -> SignatureCheck:
    code, why = _judge(bundle, signature, keyring, at)
    return SignatureCheck(signature.key_id, signature.by, signature.signed_at, code, why)


def _judge(bundle: Signed, told: Signature, keyring: Keyring | None, at: datetime) -> tuple[Code, str]:
    short = told.key_id[:8]
    if not is_genuine(told):
        return "wrong_signature", f"the signature of key {short} is false: it or what it signs was changed"
    if told.manifest_sha256 != bundle.manifest_sha256 or told.seal != bundle.manifest.seal:
        return (
            "other_bundle",
            f"the signature of key {short} is of another bundle, or the bundle was changed since",
        )
    if keyring is None:
        return "no_keyring", f"signed by key {short} ({told.by}), not checked: no keyring was given"
    key = keyring.find(told.key_id)
    if key is None or key.public_key != told.public_key:
        return "unknown_key", f"signed by key {short} ({told.by}), which is not in the keyring"
    return _of_key(key, told.signed_at, {key.key_id: key for key in keyring.keys}, at)


def _of_key(
    key: TrustedKey, signed_at: datetime, keys: Mapping[str, TrustedKey], at: datetime
) -> tuple[Code, str]:
    who, day = f"{key.name}, key {key.key_id[:8]}", signed_at.date().isoformat()
    stolen = _compromised(key, keys)
    if stolen is not None:
        what = (
            "is compromised"
            if stolen is key
            else f"was named by key {stolen.key_id[:8]}, which is compromised"
        )
        return "compromised", f"signed by {who}, which {what}: none of its signatures counts"
    if signed_at > at + _CLOCK_SKEW:
        return "in_the_future", f"signed by {who} on {day}, which is in the future"
    if key.revoked_at is not None and signed_at >= key.revoked_at:
        return (
            "revoked",
            f"signed by {who} on {day}; the key was revoked on {key.revoked_at.date().isoformat()}",
        )
    if signed_at < key.valid_from:
        return "not_yet_valid", f"signed by {who} on {day}, before the key was valid"
    if key.valid_until is not None and signed_at > key.valid_until:
        return "expired", f"signed by {who} on {day}; the key expired on {key.valid_until.date().isoformat()}"
    return "trusted", f"signed by {who} on {day}, verified"


def _compromised(key: TrustedKey, keys: Mapping[str, TrustedKey]) -> TrustedKey | None:
    """The key itself or one on whose word it rests; None where all of them are sound."""
    seen: set[str] = set()
    current: TrustedKey | None = key
    while current is not None and current.key_id not in seen:
        if current.revoked_for == "compromised":
            return current
        seen.add(current.key_id)
        current = None if current.endorsement is None else keys.get(current.endorsement.by)
    return None
