"""`signatures.json` of a bundle: Ed25519 signatures over its manifest, which holds the digest of every other file.

What is signed is a statement: the manifest's sha256 and seal, by which key, by whom, when. So none of these can be
changed, and a signature cannot be moved to another bundle.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from tumorcast.domain.errors import BundleError
from tumorcast.serve.manifest import SIGNATURES_NAME
from tumorcast.serve.population import Section

SIGNATURE_FORMAT = 1
MOST_BYTES = 1 << 20
_PURPOSE = "tumorcast bundle signature 1"


class Signature(Section):
    """One signature.

    Attributes:
        key_id: of the key (`key_id_of`); public_key: its 32 bytes, base64.
        by: who signed, as they wrote it; a keyring says who that key belongs to.
        signed_at: UTC, ISO 8601, as the signer's clock said.
        seal, manifest_sha256: of the manifest that was signed.
        signature: 64 bytes, base64, over `statement`.
    """

    key_id: str = Field(pattern="^[0-9a-f]{32}$")
    public_key: str
    by: str = Field(max_length=200)
    signed_at: AwareDatetime
    seal: str
    manifest_sha256: str
    signature: str

    def statement(self) -> bytes:
        """The bytes that are signed."""
        return statement(_PURPOSE, self.model_dump(mode="json", exclude={"signature"}))


class _SignatureFile(Section):
    format: int
    signatures: tuple[Signature, ...]


def statement(purpose: str, fields: dict[str, Any]) -> bytes:
    """Fields in one form of bytes, under a purpose, so that no signature can serve for another."""
    return f"{purpose}\n{json.dumps(fields, sort_keys=True, separators=(',', ':'))}".encode()


def key_id_of(public_key: bytes) -> str:
    """The name of a public key: the first 128 bits of its sha256, in hex."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def read_signatures(folder: Path) -> tuple[Signature, ...]:
    """The signatures beside a manifest, none of them judged; empty where there is no file.

    Raises:
        BundleError: not readable, or of a newer format.
    """
    path = folder / SIGNATURES_NAME
    if not path.is_file():
        return ()
    if path.stat().st_size > MOST_BYTES:
        raise _unreadable("more than a megabyte")
    return parse_signatures(path.read_bytes())


def parse_signatures(text: bytes) -> tuple[Signature, ...]:
    """As `read_signatures`, of a file's bytes."""
    try:
        version = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable("no signatures that can be read") from error
    if version != SIGNATURE_FORMAT:
        raise BundleError(
            "the bundle's signatures are of another format",
            got=version,
            expected=SIGNATURE_FORMAT,
            fix="update tumorcast on this machine",
        )
    try:
        return _SignatureFile.model_validate_json(text).signatures
    except ValidationError as error:
        first = error.errors()[0]
        raise _unreadable(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def signatures_text(signatures: tuple[Signature, ...]) -> str:
    """`signatures.json`."""
    told = _SignatureFile(format=SIGNATURE_FORMAT, signatures=signatures)
    return json.dumps(told.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def is_genuine(signature: Signature) -> bool:
    """True where the signature is of its own public key over its own statement; says nothing of trust."""
    return is_signed(signature.public_key, signature.key_id, signature.signature, signature.statement())


def is_signed(public_key: str, key_id: str, signature: str, message: bytes) -> bool:
    """True where `signature` (base64) is that key's over the message and `key_id` is the key's name."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(public_key, validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature, validate=True), message)
    except (ValueError, InvalidSignature):
        return False
    return key_id == key_id_of(raw)


def now() -> datetime:
    """UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def _unreadable(got: str) -> BundleError:
    return BundleError(
        f"the bundle's {SIGNATURES_NAME} is not readable",
        got=got,
        expected="what `tumorcast bundle sign` wrote",
        fix="get the bundle again, or remove the file and sign the bundle anew",
    )
