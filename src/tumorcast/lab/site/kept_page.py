"""A kept verification as a document, with who signed, amended or withdrew it."""

from __future__ import annotations

import hashlib
import json

from tumorcast.lab.audit import utc
from tumorcast.lab.errors import ConflictError, NotFoundError
from tumorcast.lab.site.document import Act, Document, Signature
from tumorcast.lab.site.golive import get_verification, sign_off_of
from tumorcast.lab.site.records import Kind, SiteRecord, records
from tumorcast.lab.site.verification_page import verification_page
from tumorcast.lab.store import LabStore

_ACTS: dict[Kind, str] = {"sign_off": "Signed", "amendment": "Amended", "withdrawal": "Withdrawn"}


def newest_verification(store: LabStore) -> SiteRecord:
    """Of the lab, of whatever bundle.

    Raises:
        NotFoundError: none was kept.
    """
    found = records(store, "verification")
    if not found:
        raise NotFoundError("no verification was kept", fix="`tumorcast site verify ... --lab FOLDER`")
    return found[-1]


def kept_page(store: LabStore, verification_id: str) -> Document:
    """The verification's page, drawn from its record alone.

    Raises:
        NotFoundError: no such verification. ConflictError: the record is not what was kept or signed, or is of an
            earlier version.
    """
    made = get_verification(store, verification_id)
    acts = _acts(store, verification_id)
    text = json.dumps(made.content, sort_keys=True, allow_nan=False)
    digests = {hashlib.sha256(text.encode()).hexdigest()} | {str(one.content["sha256"]) for one in acts}
    if digests != {made.sha256}:
        raise ConflictError(
            "the record was changed",
            got=verification_id,
            expected=made.sha256,
            fix="restore the lab's backup",
        )
    if "statuses" not in made.content:
        raise ConflictError(
            "the record holds too little to be drawn", got=verification_id, fix="verify the model anew"
        )
    signed = tuple(
        Act(_ACTS[one.kind], one.by_name, utc(one.at), str(one.content["comment"])) for one in acts
    )
    signature = Signature(sign_off_of(store, verification_id).status, signed)
    return verification_page(made.content, signature, identity=(made.id, made.sha256))


def _acts(store: LabStore, verification_id: str) -> list[SiteRecord]:
    found = [one for kind in _ACTS for one in records(store, kind, about=verification_id)]
    return sorted(found, key=lambda one: one.at)
