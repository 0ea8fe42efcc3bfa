"""Is a model verified and signed for at this site: verification, sign-off, amendment, withdrawal, go-live state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tumorcast.clinic.report.record import Flag, SignOff
from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import Detail, utc
from tumorcast.lab.errors import ConflictError
from tumorcast.lab.site.records import Kind, SiteRecord, get_record, keep, records
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User

if TYPE_CHECKING:
    from tumorcast.lab.site.verify import Verification

State = Literal["live", "technical", "unsigned", "not_passed", "withdrawn", "none"]
_MOST_COMMENT = 2000


@dataclass(frozen=True)
class GoLive:
    """How far a model is at this site.

    Attributes:
        state: "live": a clinical verification passed and is signed; "technical": only a technical one is; "unsigned":
            passed, not signed; "not_passed": the newest did not pass, or its criteria changed after a look;
            "withdrawn": the newest signed one was withdrawn; "none": never verified.
        verification: the one that decides; "" without one.
        by, at: who signed, when (UTC); "" without a signature.
    """

    state: State
    sentence: str
    verification: str = ""
    by: str = ""
    at: str = ""

    @property
    def is_live(self) -> bool:
        """Whether jobs may run as other than verification."""
        return self.state == "live"

    def flag(self) -> Flag | None:
        """For reports: None where the model is live."""
        return None if self.is_live else Flag("warning", "site_not_verified", self.sentence)


def keep_verification(store: LabStore, user: User, made: Verification) -> SiteRecord:
    """Into the lab, unsigned."""
    from tumorcast.lab.site.verification_record import as_record

    detail: Detail = {
        "verdict": made.verdict.replace(" ", "_"),
        "kind": made.kind,
        "cases": made.cases.courses,
    }
    return keep(store, user, "verification", (made.model_id, made.seal), as_record(made), detail=detail)


def sign(store: LabStore, user: User, verification_id: str, comment: str = "") -> SiteRecord:
    """A named pathologist stands for a verification, whatever its verdict.

    Raises:
        NotFoundError: no such verification.
        NotAllowedError: the user is no pathologist.
        ConflictError: it is signed already, or was withdrawn.
    """
    made = get_verification(store, verification_id)
    now = sign_off_of(store, verification_id)
    if now.status != "preliminary":
        raise ConflictError("the verification is signed already or was withdrawn", got=now.status)
    content = {"comment": _comment(comment), "sha256": made.sha256}
    return keep(store, user, "sign_off", (made.model_id, made.seal), content, verification_id)


def amend(store: LabStore, user: User, verification_id: str, comment: str) -> SiteRecord:
    """Add a remark to a signed verification; what was signed stays as it is.

    Raises:
        InputError: no remark. ConflictError: it is not signed, or was withdrawn.
    """
    return _after_signing(store, user, verification_id, comment, "amendment")


def withdraw(store: LabStore, user: User, verification_id: str, comment: str) -> SiteRecord:
    """Take a signed verification back: the model is no longer live by it.

    Raises:
        InputError: no reason. ConflictError: it is not signed, or was withdrawn before.
    """
    return _after_signing(store, user, verification_id, comment, "withdrawal")


def sign_off_of(store: LabStore, verification_id: str) -> SignOff:
    """Who stands for a verification now."""
    kinds: tuple[Kind, ...] = ("withdrawal", "amendment", "sign_off")
    status: dict[Kind, Literal["withdrawn", "amended", "final"]] = {
        "withdrawal": "withdrawn", "amendment": "amended", "sign_off": "final",
    }  # fmt: skip
    for kind in kinds:
        found = records(store, kind, about=verification_id)
        if found:
            last = found[-1]
            return SignOff(status[kind], last.by_name, utc(last.at), str(last.content.get("comment", "")))
    return SignOff("preliminary", "", "", "")


def go_live_status(store: LabStore, model_id: str, seal: str) -> GoLive:
    """Of one bundle, known by its seal: a recalibrated copy of a model is another. The newest verification that is
    not technical decides."""
    of_model = records(store, "verification", model_id)
    found = [one for one in of_model if one.seal == seal]
    if not found:
        told = "; another copy of it (another seal) was" if of_model else ""
        return GoLive("none", f"This model was never verified at this site{told}.")
    technical: GoLive | None = None
    for one in reversed(found):
        said = _status(store, one)
        if said.state != "technical":
            return said
        technical = technical or said
    assert technical is not None
    return technical


def _status(store: LabStore, one: SiteRecord) -> GoLive:
    signed = sign_off_of(store, one.id)
    day = utc(one.at)[:10]
    if signed.status == "withdrawn":
        told = f"The verification of {day} was withdrawn by {signed.by} on {signed.at[:10]}."
        return GoLive("withdrawn", told, one.id)
    if one.content["verdict"] != "pass" or not one.content["is_confirmatory"]:
        why = one.content["verdict"] if one.content["is_confirmatory"] else "criteria changed after a look"
        return GoLive(
            "not_passed", f"The newest verification at this site, of {day}, did not pass: {why}.", one.id
        )
    if one.content["kind"] == "technical":
        told = f"Only a technical verification, of {day}, exists at this site: no outcome was compared."
        return GoLive("technical", told, one.id, signed.by, signed.at)
    if signed.status == "preliminary":
        return GoLive(
            "unsigned", f"The verification of {day} passed, but no pathologist has signed it.", one.id
        )
    told = f"Verified at this site on {day}, signed by {signed.by} on {signed.at[:10]}."
    return GoLive("live", told, one.id, signed.by, signed.at)


def _after_signing(store: LabStore, user: User, verification_id: str, comment: str, kind: Kind) -> SiteRecord:
    made = get_verification(store, verification_id)
    if not comment.strip():
        raise InputError(f"a {kind} needs a reason", expected="a sentence")
    status = sign_off_of(store, verification_id).status
    if status not in ("final", "amended"):
        raise ConflictError("only a signed verification can be amended or withdrawn", got=status)
    content = {"comment": _comment(comment), "sha256": made.sha256}
    return keep(store, user, kind, (made.model_id, made.seal), content, verification_id)


def get_verification(store: LabStore, verification_id: str) -> SiteRecord:
    """The kept record.

    Raises:
        NotFoundError: no such record. InputError: it is of another kind.
    """
    made = get_record(store, verification_id)
    if made.kind != "verification":
        raise InputError("that is no verification", got=made.kind, expected="the id of a verification")
    return made


def _comment(text: str) -> str:
    if len(text) > _MOST_COMMENT:
        raise InputError(
            "the comment is too long", got=f"{len(text)} characters", expected=f"{_MOST_COMMENT}"
        )
    return text.strip()
