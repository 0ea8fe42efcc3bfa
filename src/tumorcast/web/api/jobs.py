"""`/api/v1/jobs`: predictions of cases, in a queue that outlives the server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tumorcast.lab import jobs
from tumorcast.lab.jobs import State
from tumorcast.lab.reports import report_of_job
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import require
from tumorcast.web.api import PREFIX
from tumorcast.web.api.answers import fails
from tumorcast.web.api.cases import CaseId
from tumorcast.web.api.models import JobOut
from tumorcast.web.context import context_of
from tumorcast.web.identity import ApiCaller

router = APIRouter(prefix=PREFIX, tags=["jobs"])
JobId = Annotated[str, Path(pattern="^j[0-9a-f]{16}$", description="Id of a job.")]


class JobWish(BaseModel):
    """With which bundle; none: the active one."""

    model_config = ConfigDict(extra="forbid")

    bundle_id: Annotated[str, Field(max_length=100)] | None = None


@router.post("/cases/{case_id}/jobs", status_code=202, responses=fails(403, 404, 409))
def submit(request: Request, caller: ApiCaller, case_id: CaseId, wish: JobWish) -> JobOut:
    """Predict a case: put it into the queue."""
    context = context_of(request)
    options = {"demonstrate": True} if context.settings.demonstrate else {}
    return JobOut.of(jobs.submit(context.store, caller.user, case_id, wish.bundle_id, options=options), None)


@router.get("/jobs", responses=fails())
def list_jobs(
    request: Request,
    caller: ApiCaller,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[JobOut]:
    """Jobs, newest first."""
    require(caller.user, "case.read")
    store = context_of(request).store
    return [told_job(store, job) for job in jobs.list_jobs(store, None, state, limit)]


@router.get("/jobs/{job_id}", responses=fails(404))
def get_job(request: Request, caller: ApiCaller, job_id: JobId) -> JobOut:
    """One job: how far it is, what it came to."""
    require(caller.user, "case.read")
    store = context_of(request).store
    return told_job(store, jobs.get_job(store, job_id))


@router.delete("/jobs/{job_id}", responses=fails(403, 404, 409))
def cancel(request: Request, caller: ApiCaller, job_id: JobId) -> JobOut:
    """Stop a job that waits or runs."""
    store = context_of(request).store
    return told_job(store, jobs.cancel(store, caller.user, job_id))


def told_job(store: LabStore, job: jobs.Job) -> JobOut:
    """A job with the id of its report, where there is one."""
    report = report_of_job(store, job.id) if job.state == "done" else None
    return JobOut.of(job, report.id if report else None)
