"""`/api/v1/reports`: what was predicted, as record and files; sign-off by a pathologist."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from tumorcast.clinic.report.record import PatientReport
from tumorcast.lab import reports
from tumorcast.lab.errors import no_such
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import require
from tumorcast.web.api import PREFIX
from tumorcast.web.api.answers import fails
from tumorcast.web.api.models import Out, utc
from tumorcast.web.context import context_of
from tumorcast.web.headers import DOCUMENT_POLICY
from tumorcast.web.identity import ApiCaller

router = APIRouter(prefix=PREFIX + "/reports", tags=["reports"])
ReportId = Annotated[str, Path(pattern="^r[0-9a-f]{16}$", description="Id of a report.")]
Form = Literal["json", "html", "pdf", "fhir"]
_FORMS: dict[str, tuple[str, str]] = {
    "json": ("report.json", "application/json"),
    "html": ("report.html", "text/html; charset=utf-8"),
    "pdf": ("report.pdf", "application/pdf"),
    "fhir": ("fhir.json", "application/fhir+json"),
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {kind: {} for _, kind in _FORMS.values()}}
}


class VersionOut(Out):
    """One version of a report, and who stands for it."""

    version: int
    status: Literal["preliminary", "final", "amended", "withdrawn"]
    by: str
    by_name: str
    at: datetime
    comment: str


class ReportOut(Out):
    """A report with its versions, newest last."""

    id: str
    job_id: str
    version: int
    status: Literal["preliminary", "final", "amended", "withdrawn"]
    versions: list[VersionOut]

    @classmethod
    def of(cls, store: LabStore, report: reports.Report) -> ReportOut:
        """From the lab's."""
        versions = [
            VersionOut(version=v.version, status=v.status, by=v.by, by_name=v.by_name, at=utc(v.at), comment=v.comment)
            for v in reports.list_versions(store, report.id)
        ]  # fmt: skip
        return cls(
            id=report.id, job_id=report.job_id, version=report.version, status=report.status, versions=versions
        )  # fmt: skip


class Word(BaseModel):
    """What a pathologist says; `version` is the one that was read."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1)]
    comment: Annotated[str, Field(max_length=2000)] = ""


@router.get("/{report_id}", responses=fails(404))
def get_report(request: Request, caller: ApiCaller, report_id: ReportId) -> ReportOut:
    """Who stands for a report, in all its versions."""
    require(caller.user, "report.read")
    store = context_of(request).store
    return ReportOut.of(store, reports.get_report(store, report_id))


@router.get("/{report_id}/record", responses=fails(404))
def get_record(request: Request, caller: ApiCaller, report_id: ReportId) -> PatientReport:
    """All that the newest version says, as plain facts."""
    require(caller.user, "report.read")
    return reports.read_record(context_of(request).store, report_id)


@router.get("/{report_id}/files/{form}", responses=fails(404) | _FILES, response_class=Response)
def get_file(request: Request, caller: ApiCaller, report_id: ReportId, form: Form) -> Response:
    """The newest version as a file."""
    require(caller.user, "report.read")
    store = context_of(request).store
    name, kind = _FORMS[form]
    path = reports.version_folder(store, report_id) / name
    if not path.is_file():
        raise no_such("file of this report", form)
    reports.note_download(store, caller.user, report_id, form)
    headers = {"Content-Security-Policy": DOCUMENT_POLICY}
    return FileResponse(path, media_type=kind, filename=f"{report_id}-{name}", headers=headers)


@router.post("/{report_id}/sign", responses=fails(403, 404, 409))
def sign(request: Request, caller: ApiCaller, report_id: ReportId, word: Word) -> ReportOut:
    """A pathologist stands for the report: it is final."""
    store = context_of(request).store
    reports.sign(store, caller.user, report_id, word.version, word.comment)
    return ReportOut.of(store, reports.get_report(store, report_id))


@router.post("/{report_id}/amend", responses=fails(403, 404, 409))
def amend(request: Request, caller: ApiCaller, report_id: ReportId, word: Word) -> ReportOut:
    """A pathologist changes what is said of a signed report; the comment says what."""
    store = context_of(request).store
    reports.amend(store, caller.user, report_id, word.version, word.comment)
    return ReportOut.of(store, reports.get_report(store, report_id))


@router.post("/{report_id}/withdraw", responses=fails(403, 404, 409))
def withdraw(request: Request, caller: ApiCaller, report_id: ReportId, word: Word) -> ReportOut:
    """A pathologist takes a report back; the comment says why."""
    store = context_of(request).store
    reports.withdraw(store, caller.user, report_id, word.version, word.comment)
    return ReportOut.of(store, reports.get_report(store, report_id))
