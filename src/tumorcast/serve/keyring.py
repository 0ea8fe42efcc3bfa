"""A keyring: whose signatures a lab trusts, from when to when; rotation and revocation."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text
from tumorcast.serve.population import Section
from tumorcast.serve.signatures import is_signed, key_id_of, now, statement
from tumorcast.serve.signing_keys import PublicKey, SigningKey

Reason = Literal["superseded", "retired", "compromised"]
_PURPOSE = "tumorcast key rotation 1"


class Endorsement(Section):
    """The old key's word for the new one: `signature` of key `by` over the new key, at a time."""

    by: str
    at: AwareDatetime
    key_id: str
    public_key: str
    signature: str

    def statement(self) -> bytes:
        """The bytes that are signed."""
        return statement(_PURPOSE, self.model_dump(mode="json", exclude={"signature"}))


class TrustedKey(Section):
    """A key of the keyring.

    Attributes:
        name: whose it is, as the lab knows them.
        valid_from, valid_until: signatures made outside of these times do not count; None: no end.
        revoked_at, revoked_for: signatures from then on do not count; none at all where "compromised".
        replaced_by: key id of the one that took its place.
        endorsement: by the key that it took the place of; None: the lab added it by itself.
    """

    key_id: str = Field(pattern="^[0-9a-f]{32}$")
    public_key: str
    name: str = Field(min_length=1, max_length=200)
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    revoked_for: Reason | None = None
    note: str = ""
    replaced_by: str | None = None
    endorsement: Endorsement | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if key_id_of(base64.b64decode(self.public_key, validate=True)) != self.key_id:
            raise ValueError("the key's id is not that of the key")
        if (self.revoked_at is None) != (self.revoked_for is None):
            raise ValueError("revoked_at and revoked_for belong together")
        return self


class Keyring(Section):
    """The keys that a lab trusts."""

    format: Literal[1] = 1
    keys: tuple[TrustedKey, ...] = ()

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        if len({key.key_id for key in self.keys}) != len(self.keys):
            raise ValueError("a key stands twice")
        return self

    def find(self, key_id: str) -> TrustedKey | None:
        """The key of this id."""
        return next((key for key in self.keys if key.key_id == key_id), None)


def read_keyring(path: Path) -> Keyring:
    """Read a keyring and check its endorsements.

    Raises:
        InputError: not there, not understood, or an endorsement is not genuine.
    """
    try:
        ring = Keyring.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        got = f"no {path}" if isinstance(error, FileNotFoundError) else str(error).splitlines()[-1].strip()
        raise InputError(
            f"{path.name} is not a keyring",
            got=got,
            expected="what `tumorcast bundle trust add --keyring FILE` wrote",
        ) from error
    for key in ring.keys:
        if key.endorsement is not None:
            _check_endorsement(ring, key.endorsement)
    return ring


def write_keyring(ring: Keyring, path: Path) -> None:
    """Write atomically."""
    write_text(path, json.dumps(ring.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")


def with_key(
    ring: Keyring, key: PublicKey, name: str | None = None, valid_from: datetime | None = None,
    valid_until: AwareDatetime | None = None,
) -> Keyring:  # fmt: skip
    """With one more key that the lab trusts by itself, valid from its making unless told otherwise."""
    if ring.find(key.key_id) is not None:
        raise InputError("the keyring has this key already", got=key.key_id)
    entry = TrustedKey(
        key_id=key.key_id,
        public_key=key.public_key,
        name=name or key.name,
        valid_from=valid_from or key.created,
        valid_until=valid_until,
    )
    return Keyring(keys=(*ring.keys, entry))


def without_trust_in(
    ring: Keyring, key_id: str, reason: Reason, at: datetime | None = None, note: str = ""
) -> Keyring:
    """With a key revoked; one that was revoked before is revoked from the earlier time, and for the graver reason."""
    key = _known(ring, key_id)
    when = at or now()
    if key.revoked_at is not None:
        when = min(when, key.revoked_at)
        reason = "compromised" if "compromised" in (reason, key.revoked_for) else reason
    return _with(ring, key, {"revoked_at": when, "revoked_for": reason, "note": note or key.note})


def endorse(old: SigningKey, new: PublicKey) -> Endorsement:
    """The old key's word for the new one."""
    unsigned = Endorsement(
        by=old.key_id, at=now(), key_id=new.key_id, public_key=new.public_key, signature=""
    )
    return unsigned.model_copy(update={"signature": old.sign(unsigned.statement())})


def rotated(ring: Keyring, endorsement: Endorsement, name: str | None = None) -> Keyring:
    """With the new key in the old one's place; the old one's signatures made until then count on.

    Raises:
        InputError: the old key is not in the keyring, is revoked or replaced, or did not endorse the new one.
    """
    _check_endorsement(ring, endorsement)
    old = _known(ring, endorsement.by)
    if old.revoked_at is not None or old.replaced_by is not None:
        raise InputError(
            "the old key may not name a new one",
            got="revoked" if old.revoked_at is not None else f"already replaced by {old.replaced_by}",
            fix="ask the owner for the new key by another way, and use `trust add`",
        )
    if old.valid_until is not None and endorsement.at > old.valid_until:
        raise InputError("the old key had expired when it endorsed the new one", got=endorsement.at)
    if ring.find(endorsement.key_id) is not None:
        raise InputError("the keyring has the new key already", got=endorsement.key_id)
    new = TrustedKey(
        key_id=endorsement.key_id,
        public_key=endorsement.public_key,
        name=name or old.name,
        valid_from=endorsement.at,
        endorsement=endorsement,
    )
    ring = _with(ring, old, {"valid_until": endorsement.at, "replaced_by": new.key_id})
    return Keyring(keys=(*ring.keys, new))


def _check_endorsement(ring: Keyring, told: Endorsement) -> None:
    old = _known(ring, told.by)
    if not is_signed(old.public_key, told.by, told.signature, told.statement()):
        raise InputError(
            "the endorsement of a key is not genuine",
            got=f"key {told.key_id}, said to be endorsed by {told.by}",
            fix="ask the owner for the new key by another way",
        )


def _known(ring: Keyring, key_id: str) -> TrustedKey:
    key = ring.find(key_id)
    if key is None:
        known = ", ".join(known.key_id for known in ring.keys)
        raise InputError("the keyring has no such key", got=key_id, expected=known or "the keyring is empty")
    return key


def _with(ring: Keyring, key: TrustedKey, changes: dict[str, object]) -> Keyring:
    changed = TrustedKey.model_validate({**key.model_dump(), **changes})
    return Keyring(keys=tuple(changed if one.key_id == key.key_id else one for one in ring.keys))
