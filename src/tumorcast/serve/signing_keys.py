"""Ed25519 keys of those who sign bundles: made, read, and used; a private key never leaves its file."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text
from tumorcast.serve.population import Section
from tumorcast.serve.signatures import key_id_of, now

PRIVATE_NAME, PUBLIC_NAME = "signing_key.pem", "public_key.json"


class PublicKey(Section):
    """`public_key.json`: what the owner of a key hands to those who are to trust it."""

    key_id: str = Field(pattern="^[0-9a-f]{32}$")
    public_key: str
    name: str = Field(min_length=1, max_length=200)
    created: AwareDatetime


@dataclass(frozen=True)
class SigningKey:
    """A private key that was read; `sign` gives base64."""

    private: Any
    key_id: str
    public_key: str

    def sign(self, message: bytes) -> str:
        """64 bytes over the message, in base64."""
        return base64.b64encode(self.private.sign(message)).decode()


def make_key(folder: Path, name: str, passphrase: str | None) -> PublicKey:
    """Write a new private key (PEM, readable by its owner alone where the system can) and its public part.

    Args:
        passphrase: the private key is encrypted with it; None: it is not.

    Raises:
        InputError: the folder holds a key already.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        hidden = serialization.BestAvailableEncryption(passphrase.encode())
    text = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    told = PublicKey(
        key_id=key_id_of(raw), public_key=base64.b64encode(raw).decode(), name=name, created=now()
    )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(folder / PRIVATE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InputError(
            f"{folder} holds a key already", got=PRIVATE_NAME, fix="make the new key in a folder of its own"
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    write_text(
        folder / PUBLIC_NAME, json.dumps(told.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    )
    return told


def read_private_key(path: Path, passphrase: str | None = None) -> SigningKey:
    """Read a private key.

    Raises:
        InputError: not there, not such a key, encrypted and no passphrase given, or another passphrase.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = None if passphrase is None else passphrase.encode()
    try:
        private = serialization.load_pem_private_key(
            path.read_bytes(), secret if needs_passphrase(path) else None
        )
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "encrypted, and no passphrase given" if isinstance(error, TypeError) else None
        raise InputError(
            f"{path.name} cannot be used to sign",
            got=why or str(error).splitlines()[0],
            expected=f"an Ed25519 private key that `tumorcast bundle keygen` wrote ({PRIVATE_NAME})",
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(
            f"{path.name} cannot be used to sign", got="a key of another kind", expected="Ed25519"
        )
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return SigningKey(private, key_id_of(raw), base64.b64encode(raw).decode())


def needs_passphrase(path: Path) -> bool:
    """True where the private key is encrypted; InputError where there is no such file."""
    try:
        return b"ENCRYPTED" in path.read_bytes().splitlines()[0]
    except (OSError, IndexError) as error:
        raise InputError(f"{path} is not a private key", got="no such file, or an empty one") from error


def read_public_key(path: Path) -> PublicKey:
    """Read `public_key.json`.

    Raises:
        InputError: not readable, or its id is not that of its key.
    """
    try:
        key = PublicKey.model_validate_json(path.read_bytes())
        raw = base64.b64decode(key.public_key, validate=True)
    except (OSError, ValidationError, ValueError) as error:
        raise InputError(
            f"{path.name} is not a public key",
            got=str(error).splitlines()[0],
            expected=f"{PUBLIC_NAME} of `tumorcast bundle keygen`",
        ) from error
    if len(raw) != 32 or key.key_id != key_id_of(raw):
        raise InputError(f"{path.name}: the key's id is not that of the key", got=key.key_id)
    return key
