"""What the API sends: times in UTC, ids of the lab."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tumorcast.lab.audit import AuditRow
from tumorcast.lab.bundles import LabBundle
from tumorcast.lab.cases import Case, CaseFacts, CaseFile
from tumorcast.lab.jobs import Job
from tumorcast.lab.tokens import Token
from tumorcast.lab.users import User


class Out(BaseModel):
    """Base of what is sent."""

    model_config = ConfigDict(frozen=True)


class UserOut(Out):
    """Someone who works in the lab."""

    id: str
    display_name: str
    role: Literal["viewer", "pathologist", "admin"]
    is_active: bool

    @classmethod
    def of(cls, user: User) -> UserOut:
        """From the lab's."""
        return cls(id=user.id, display_name=user.display_name, role=user.role, is_active=user.is_active)


class TokenOut(Out):
    """What is kept of a token; `token` is the token itself, sent once, when it is made."""

    id: str
    user_id: str
    label: str
    created: datetime
    expires: datetime
    revoked: datetime | None
    token: str | None = None

    @classmethod
    def of(cls, token: Token, secret: str | None = None) -> TokenOut:
        """From the lab's."""
        return cls(
            id=token.id, user_id=token.user_id, label=token.label, created=utc(token.created),
            expires=utc(token.expires), revoked=maybe_utc(token.revoked), token=secret,
        )  # fmt: skip


class FileOut(Out):
    """A file of a case; `name` is what its sender called it."""

    id: str
    kind: str
    name: str
    size: int
    sha256: str
    added: datetime
    added_by: str

    @classmethod
    def of(cls, file: CaseFile) -> FileOut:
        """From the lab's."""
        return cls(
            id=file.id, kind=file.kind, name=file.name, size=file.size, sha256=file.sha256,
            added=utc(file.added), added_by=file.added_by,
        )  # fmt: skip


class CaseOut(Out):
    """A case with its files."""

    id: str
    facts: CaseFacts
    created: datetime
    created_by: str
    changed: datetime
    files: list[FileOut]

    @classmethod
    def of(cls, case: Case) -> CaseOut:
        """From the lab's."""
        return cls(
            id=case.id, facts=case.facts, created=utc(case.created), created_by=case.created_by,
            changed=utc(case.changed), files=[FileOut.of(file) for file in case.files],
        )  # fmt: skip


class CasesOut(Out):
    """A page of the worklist; `total` counts all cases of the lab."""

    total: int
    cases: list[CaseOut]


class JobOut(Out):
    """A prediction that waits, runs or has ended; `total` 0: how much there is to do is not known yet."""

    id: str
    case_id: str
    bundle_id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    stage: str
    done: int
    total: int
    attempts: int
    error_code: str
    error: str
    submitted: datetime
    submitted_by: str
    started: datetime | None
    ended: datetime | None
    report_id: str | None

    @classmethod
    def of(cls, job: Job, report_id: str | None) -> JobOut:
        """From the lab's."""
        told = {name: getattr(job, name) for name in cls.model_fields if hasattr(job, name)}
        times = {
            "submitted": utc(job.submitted), "started": maybe_utc(job.started), "ended": maybe_utc(job.ended),
        }  # fmt: skip
        return cls(**told | times, report_id=report_id)


class BundleOut(Out):
    """A model that the lab has."""

    id: str
    model_id: str
    seal: str
    training_data: str
    signed_by: str
    state: Literal["added", "active", "retired", "revoked"]
    added: datetime
    added_by: str

    @classmethod
    def of(cls, bundle: LabBundle) -> BundleOut:
        """From the lab's."""
        told = {name: getattr(bundle, name) for name in cls.model_fields if name != "added"}
        return cls(**told, added=utc(bundle.added))


class AuditOut(Out):
    """One thing that was done; `hash` is of this row and the one before."""

    n: int
    at: str
    user_id: str
    action: str
    objects: str
    model_id: str
    seal: str
    detail: str
    previous: str
    hash: str

    @classmethod
    def of(cls, row: AuditRow) -> AuditOut:
        """From the lab's."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class HeatOut(Out):
    """Tiles: corner in level-0 pixels, attention relative to the mean tile."""

    x: list[int]
    y: list[int]
    value: list[float]


class SlideOut(Out):
    """A slide of a report as deep-zoom levels, with its heatmap; `watermark` as in the report."""

    file_id: str
    mpp: float
    width: int
    height: int
    tile_px: int
    finest: int
    side_px: float | None
    heat: HeatOut
    watermark: str


def utc(at: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(at, UTC)


def maybe_utc(at: float | None) -> datetime | None:
    """None stays None."""
    return None if at is None else utc(at)
