"""A case: made, its files, its jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from tumorcast.lab import jobs
from tumorcast.lab.cases import CaseFacts, change_case, facts_from, get_case
from tumorcast.lab.reports import list_reports
from tumorcast.lab.slide_size import FIELD
from tumorcast.lab.users import allowed, require
from tumorcast.web.api.cases import CaseId
from tumorcast.web.api.jobs import JobId
from tumorcast.web.context import context_of
from tumorcast.web.identity import FormSession, PageSession
from tumorcast.web.templating import page

router = APIRouter(include_in_schema=False)
KINDS = {
    "slide": "Slide",
    "variants": "Mutations (MAF or VCF)",
    "expression": "Gene expression",
    "segments": "Copy number segments",
    "clinical": "Clinical table",
    "lesions": "Lesions or sizes over time",
    "pharmacogenes": "Pharmacogenes (pgx.json or pgx.csv)",
    "polygenic_scores": "Polygenic scores (pgs.json)",
    "clocks": "Epigenetic clocks (clock.json)",
    "exposures": "Smoking, weight, other drugs (timeline of exposures)",
}


@router.get("/new-case")
def new_case(request: Request, session: PageSession) -> Response:
    """The form of a new case."""
    require(session.user, "case.write")
    limits = context_of(request).store.config.limits
    return page(
        request, "new_case.html", session, kinds=KINDS, limits=limits, facts=CaseFacts(patient_id="x"), case_id="",
        size_field=FIELD,
    )  # fmt: skip


@router.get("/cases/{case_id}")
def case_page(request: Request, session: PageSession, case_id: CaseId) -> Response:
    """The page of a case."""
    return page(request, "case.html", session, **_shown(request, session, case_id))


@router.get("/cases/{case_id}/jobs")
def case_jobs(request: Request, session: PageSession, case_id: CaseId) -> Response:
    """The jobs alone, for the page to bring itself up to date."""
    return page(request, "case_jobs.html", session, **_shown(request, session, case_id))


@router.post("/cases/{case_id}/predict")
def predict(request: Request, session: FormSession, case_id: CaseId) -> RedirectResponse:
    """Put the case into the queue."""
    context = context_of(request)
    options = {"demonstrate": True} if context.settings.demonstrate else {}
    jobs.submit(context.store, session.user, case_id, options=options)
    return RedirectResponse(f"/cases/{case_id}", 303)


@router.post("/cases/{case_id}/slide-mpp")
def set_pixel_size(
    request: Request,
    session: FormSession,
    case_id: CaseId,
    slide_mpp: Annotated[str, Form(max_length=20)] = "",
) -> RedirectResponse:
    """Declare the pixel size of slides whose file does not say it; empty: not known."""
    store = context_of(request).store
    facts = get_case(store, case_id).facts.model_dump() | {"slide_mpp": slide_mpp.strip() or None}
    change_case(store, session.user, case_id, facts_from(facts))
    return RedirectResponse(f"/cases/{case_id}", 303)


@router.post("/cases/{case_id}/jobs/{job_id}/cancel")
def cancel(request: Request, session: FormSession, case_id: CaseId, job_id: JobId) -> RedirectResponse:
    """Stop a job."""
    jobs.cancel(context_of(request).store, session.user, job_id)
    return RedirectResponse(f"/cases/{case_id}", 303)


def _shown(request: Request, session: PageSession, case_id: str) -> dict[str, Any]:
    require(session.user, "case.read")
    store = context_of(request).store
    case = get_case(store, case_id)
    found = [job for job in jobs.list_jobs(store, case_id) if job.kind == "predict"]
    reports = {report.job_id: report for report in list_reports(store)}
    return {
        "case": case,
        "facts": _told(case.facts),
        "jobs": [(job, reports.get(job.id)) for job in found],
        "is_over": all(job.state not in ("queued", "running") for job in found),
        "may_write": allowed(session.user, "case.write"),
        "kinds": KINDS,
        "size_field": FIELD,
        "has_slide": any(file.kind == "slide" for file in case.files),
        "limits": store.config.limits,
    }


def _told(facts: CaseFacts) -> list[tuple[str, str]]:
    """What is declared, in words; what is not known is left out."""
    named = {
        "Cancer type": facts.cancer_type,
        "Organ": facts.organ,
        "Regimen": facts.regimen or " + ".join(facts.agents),
        "Line of treatment": facts.line,
        "Tissue taken": None if facts.biopsy_day is None else f"day {facts.biopsy_day} of treatment",
        "Specimen": facts.specimen,
        "Stain": facts.stain,
        "Preparation": facts.preparation,
        FIELD: None if facts.slide_mpp is None else f"{facts.slide_mpp:g}",
        "Tumour cells": None if facts.tumour_purity is None else f"{100 * facts.tumour_purity:.0f}%",
        "Panel": None if facts.panel_mb is None else f"{facts.panel_mb:g} Mb",
        "Sex": facts.sex,
        "Age": None if facts.age is None else f"{facts.age:g} years",
        "Genome build": facts.build,
        "Simulated": "yes, made up for demonstration" if facts.is_simulated else None,
    }
    return [(name, str(value)) for name, value in named.items() if value not in (None, "", "unknown")]
