"""Is the application alive, is it ready, and what does Prometheus read."""

from __future__ import annotations

import hmac
import shutil
import sqlite3

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tumorcast.domain.errors import TumorcastError
from tumorcast.lab.bundles import active_bundle
from tumorcast.lab.errors import SignInError
from tumorcast.lab.jobs import count_jobs, list_jobs
from tumorcast.lab.reports import count_results
from tumorcast.web.api.answers import only
from tumorcast.web.api.models import Out
from tumorcast.web.context import WebContext, context_of
from tumorcast.web.errors import RefusedError
from tumorcast.web.identity import address_of

router = APIRouter(tags=["health"])
_LOCAL = ("127.0.0.1", "::1")


class Alive(Out):
    """The process answers."""

    status: str = "alive"


class Ready(Out):
    """Each part: "ok", or what is wrong."""

    is_ready: bool
    database: str
    bundle: str
    worker: str
    disk: str


@router.get("/healthz")
def alive() -> Alive:
    """The process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready, "description": "Something is not ready."}})
def ready(request: Request, response: Response) -> Ready:
    """Can cases be taken and predicted: database, model, worker, room on the disk."""
    context = context_of(request)
    told = {
        "database": _database(context), "bundle": _bundle(context), "worker": _worker(context), "disk": _disk(context)
    }  # fmt: skip
    is_ready = all(each == "ok" for each in told.values())
    response.status_code = 200 if is_ready else 503
    return Ready(is_ready=is_ready, **told)


@router.get("/metrics", responses=only(401), response_class=Response)
def metrics(request: Request) -> Response:
    """Counters for Prometheus; with the token of the settings, or from this machine alone."""
    context = context_of(request)
    _check_reader(request, context.settings.metrics_token)
    waiting = list_jobs(context.store, state="queued", limit=10_000)
    age = max((context.store.clock() - job.submitted for job in waiting), default=0.0)
    text = context.metrics.text(count_jobs(context.store), count_results(context.store), age)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _check_reader(request: Request, token: str) -> None:
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise SignInError("the metrics need their token")
    elif address_of(request) not in _LOCAL:
        raise RefusedError(
            401, "the metrics are for this machine alone", fix="start with --metrics-token-file"
        )


def _database(context: WebContext) -> str:
    try:
        count_jobs(context.store)
    except sqlite3.Error as error:
        return type(error).__name__
    return "ok"


def _bundle(context: WebContext) -> str:
    try:
        bundle = active_bundle(context.store)
    except (sqlite3.Error, TumorcastError) as error:
        return type(error).__name__
    return "no bundle is active" if bundle is None else "ok"


def _worker(context: WebContext) -> str:
    if context.supervisor is None:
        return "ok"
    if context.supervisor.is_failing:
        return "the worker fails again and again"
    silent = context.supervisor.silent_seconds()
    return "ok" if silent < context.settings.worker_stale_s else "the worker is not running"


def _disk(context: WebContext) -> str:
    free = shutil.disk_usage(context.store.folder).free
    return "ok" if free >= context.settings.least_free_bytes else "the disk is nearly full"
