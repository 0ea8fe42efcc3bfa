"""A report as a page."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from tumorcast.clinic.report.html import shown
from tumorcast.clinic.report.record import PatientReport
from tumorcast.lab import reports
from tumorcast.lab.users import allowed, require
from tumorcast.web.api.reports import ReportId
from tumorcast.web.context import context_of
from tumorcast.web.identity import FormSession, PageSession
from tumorcast.web.report_slides import case_of, slides_of
from tumorcast.web.templating import page

router = APIRouter(include_in_schema=False)
_PARTS = (
    ("answer", "Result"), ("flags", "Flags"), ("slide", "Slide"), ("contributions", "Layers"),
    ("missing", "Missing layers"), ("genes", "Genes"), ("programmes", "Programmes"), ("placements", "Placement"),
    ("ranking", "Regimens"), ("host", "Host"), ("curves", "Curves"), ("twin", "Tumour size"),
    ("limits", "Limits"),
    ("sign-off", "Sign-off"), ("provenance", "Provenance"),
)  # fmt: skip
_DOWNLOADS = {
    "pdf": ("report.pdf", "PDF"),
    "html": ("report.html", "HTML"),
    "json": ("report.json", "JSON"),
    "fhir": ("fhir.json", "FHIR"),
}


def parts_of(report: PatientReport, has_slides: bool) -> list[tuple[str, str]]:
    """Anchor and name of the parts that the page has; most are fields of the record."""
    has = {"flags": report.flags or report.is_predicted, "slide": report.slides or has_slides}
    return [part for part in _PARTS if has.get(part[0], getattr(report, part[0], True))]


@router.get("/results/{report_id}")
def results(request: Request, session: PageSession, report_id: ReportId) -> Response:
    """The page of a report."""
    require(session.user, "report.read")
    store = context_of(request).store
    report, record = reports.get_report(store, report_id), reports.read_record(store, report_id)
    case = case_of(store, report)
    folder, slides = reports.version_folder(store, report_id), slides_of(case, record)
    return page(
        request,
        "results.html",
        session,
        report_id=report_id,
        report_version=report.version,
        case_id=case.id,
        sign_off=record.sign_off,
        versions=reports.list_versions(store, report_id),
        may_sign=allowed(session.user, "report.sign"),
        has_viewer=bool(request.app.state.viewer),
        shown_slides=slides,
        parts=parts_of(record, bool(slides)),
        downloads=[(form, told) for form, (name, told) in _DOWNLOADS.items() if (folder / name).is_file()],
        **shown(record),
    )


@router.post("/reports/{report_id}/{act}")
def act_on(
    request: Request,
    session: FormSession,
    report_id: ReportId,
    act: Literal["sign", "amend", "withdraw"],
    version: Annotated[int, Form(ge=1)],
    comment: Annotated[str, Form(max_length=2000)] = "",
) -> RedirectResponse:
    """A pathologist signs, amends or withdraws the version that was shown."""
    store = context_of(request).store
    match act:
        case "sign":
            reports.sign(store, session.user, report_id, version, comment)
        case "amend":
            reports.amend(store, session.user, report_id, version, comment)
        case "withdraw":
            reports.withdraw(store, session.user, report_id, version, comment)
    return RedirectResponse(f"/results/{report_id}#sign-off", 303)
