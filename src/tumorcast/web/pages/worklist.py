"""The worklist: cases, how far they are, and what they came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tumorcast.lab.cases import Case, list_cases
from tumorcast.lab.jobs import Job, list_jobs
from tumorcast.lab.reports import Report, list_reports
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import require
from tumorcast.web.context import context_of
from tumorcast.web.identity import PageSession
from tumorcast.web.templating import page

router = APIRouter(include_in_schema=False)
_MOST_CASES, _MOST_JOBS = 500, 2000
STATES = {
    "": "All",
    "open": "Waiting or running",
    "preliminary": "To be signed",
    "final": "Signed",
    "failed": "Failed",
    "none": "Not predicted yet",
}


@dataclass(frozen=True)
class Entry:
    """A line of the worklist: a case with its newest job and report."""

    case: Case
    job: Job | None
    report: Report | None

    @property
    def state(self) -> str:
        """The filter that it belongs to."""
        if self.job is None or self.job.state == "cancelled":
            return "none"
        if self.job.state in ("queued", "running"):
            return "open"
        if self.job.state == "failed":
            return "failed"
        return "final" if self.report is not None and self.report.status != "preliminary" else "preliminary"

    def holds(self, words: str) -> bool:
        """Whether all words stand somewhere in patient, title, regimen or cancer type."""
        facts = self.case.facts
        text = " ".join(
            (facts.patient_id, facts.title, facts.regimen, facts.cancer_type, *facts.agents, self.case.id)
        )
        return all(word in text.lower() for word in words.lower().split())


Words = Annotated[str, Query(max_length=200)]


@router.get("/worklist")
def worklist(request: Request, session: PageSession, q: Words = "", state: Words = "") -> Response:
    """The page."""
    return page(request, "worklist.html", session, **_shown(request, session, q, state))


@router.get("/worklist/rows")
def rows(request: Request, session: PageSession, q: Words = "", state: Words = "") -> Response:
    """The rows alone, for the page to bring itself up to date."""
    return page(request, "worklist_rows.html", session, **_shown(request, session, q, state))


def entries(store: LabStore) -> list[Entry]:
    """The newest cases."""
    newest: dict[str, Job] = {}
    for job in list_jobs(store, limit=_MOST_JOBS):
        if job.kind == "predict":
            newest.setdefault(job.case_id, job)
    reports = {report.job_id: report for report in list_reports(store)}
    found = []
    for case in list_cases(store, _MOST_CASES):
        last = newest.get(case.id)
        found.append(Entry(case, last, reports.get(last.id) if last else None))
    return found


def _shown(request: Request, session: PageSession, q: str, state: str) -> dict[str, Any]:
    require(session.user, "case.read")
    all_of_them = entries(context_of(request).store)
    chosen = [entry for entry in all_of_them if entry.holds(q) and state in ("", entry.state)]
    query = request.url.query
    return {
        "entries": chosen,
        "n_cases": len(all_of_them),
        "is_over": all(entry.state != "open" for entry in chosen),
        "q": q,
        "state": state,
        "states": STATES,
        "rows_at": f"/worklist/rows?{query}" if query else "/worklist/rows",
    }
