"""A report as a page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from tumorcast.clinic.report.notices import ATTENTION
from tumorcast.clinic.report.record import PatientReport
from tumorcast.lab import reports
from tumorcast.lab.users import allowed, require
from tumorcast.web.api.reports import ReportId
from tumorcast.web.charts import bar_chart, probability_scale
from tumorcast.web.context import context_of
from tumorcast.web.identity import FormSession, PageSession
from tumorcast.web.report_slides import case_of, slides_of
from tumorcast.web.templating import page

router = APIRouter(include_in_schema=False)
_PARTS = (
    ("answer", "Answer"), ("flags", "Flags"), ("slide", "Slide"), ("contributions", "Contributions"),
    ("missing", "Missing tests"), ("genes", "Genes"), ("programmes", "Programmes"), ("placement", "Placement"),
    ("limits", "Limits"), ("sign-off", "Sign-off"), ("provenance", "Provenance"),
)  # fmt: skip
_DOWNLOADS = {
    "pdf": ("report.pdf", "PDF"),
    "html": ("report.html", "HTML"),
    "json": ("report.json", "JSON"),
    "fhir": ("fhir.json", "FHIR"),
}
_OF_PREDICTIONS = ("contributions", "missing", "genes", "programmes", "placement")


def shown_report(report: PatientReport) -> dict[str, Any]:
    """What the page needs beside the record."""
    response = report.response
    scale = response and probability_scale(
        response.probability, response.low, response.high, response.base_rate
    )
    flags = [flag for flag in report.flags if flag.sentence != report.reason]
    empty = {
        "flags": not flags,
        "slide": not report.slides,
        "placement": not report.placements,
    }
    return {
        "report": report,
        "flags": flags,
        "scale": scale,
        "contributions": bar_chart([(c.modality, c.value, "absent") for c in report.contributions]),
        "attention": ATTENTION,
        "parts": [
            part
            for part in _PARTS
            if not empty.get(part[0]) and (report.is_predicted or part[0] not in _OF_PREDICTIONS)
        ],
    }


@router.get("/results/{report_id}")
def results(request: Request, session: PageSession, report_id: ReportId) -> Response:
    """The page of a report."""
    require(session.user, "report.read")
    store = context_of(request).store
    report, record = reports.get_report(store, report_id), reports.read_record(store, report_id)
    case = case_of(store, report)
    folder = reports.version_folder(store, report_id)
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
        shown_slides=slides_of(case, record),
        downloads=[(form, told) for form, (name, told) in _DOWNLOADS.items() if (folder / name).is_file()],
        **shown_report(record),
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
