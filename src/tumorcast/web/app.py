"""The application: pages and API over one lab."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from tumorcast import __version__
from tumorcast.clinic.report.notices import FUSION_OPEN, RESEARCH_USE
from tumorcast.lab.store import LabStore
from tumorcast.web import health
from tumorcast.web.access_log import AccessLog
from tumorcast.web.api import cases, jobs, reports, sessions, slides, staff
from tumorcast.web.body_limit import BodyLimit
from tumorcast.web.context import WebContext
from tumorcast.web.errors import add_error_handlers
from tumorcast.web.failures import Failures
from tumorcast.web.headers import SecurityHeaders
from tumorcast.web.hosts import KnownHosts
from tumorcast.web.identity import ApiCaller
from tumorcast.web.metrics import WebMetrics
from tumorcast.web.oidc import HospitalSignIn
from tumorcast.web.pages import about, case, hospital, results, sign_in, worklist
from tumorcast.web.pages import staff as staff_pages
from tumorcast.web.settings import WebSettings
from tumorcast.web.sign_in_limit import SignInLimit
from tumorcast.web.slide_cache import SlideCache
from tumorcast.web.supervisor import WorkerSupervisor
from tumorcast.web.vendor import installed_viewer

API = tuple(module.router for module in (sessions, cases, jobs, reports, slides, staff))
PAGES = tuple(module.router for module in (sign_in, hospital, worklist, case, results, staff_pages, about))
ABOUT = (
    "Cases, predictions and reports of one lab. A failure is {what, got, expected, fix}. "
    f"{RESEARCH_USE} {FUSION_OPEN}"
)
"""Stands at the head of the API's description."""


def create_app(settings: WebSettings, oidc: HospitalSignIn | None = None) -> FastAPI:
    """The application of a lab that exists; its worker runs while the application does.

    Raises:
        NotFoundError: there is no lab in the folder.
    """
    metrics, store = WebMetrics(), LabStore.open(settings.lab)
    supervisor = None
    if settings.with_worker:
        supervisor = WorkerSupervisor(worker_command(settings.lab), metrics.count_restart)
    limit = SignInLimit(settings.sign_in_tries, settings.sign_in_minutes)
    context = WebContext(settings, store, SlideCache(), metrics, limit, supervisor)
    app = FastAPI(
        title="tumorcast lab", version=__version__, description=ABOUT, openapi_url=None, redirect_slashes=False,
        lifespan=_running,
    )  # fmt: skip
    app.state.context = context
    app.state.oidc = oidc
    app.state.viewer = installed_viewer()
    _add_routes(app)
    add_error_handlers(app)
    # the last added is the outermost
    app.add_middleware(Failures)
    app.add_middleware(BodyLimit, most=settings.most_body_bytes)
    app.add_middleware(KnownHosts, names=settings.host_names)
    app.add_middleware(SecurityHeaders, is_secure=settings.is_secure)
    app.add_middleware(AccessLog, metrics=metrics)
    return app


def worker_command(lab: Path) -> list[str]:
    """How the worker of a lab is started."""
    return [sys.executable, "-m", "tumorcast.lab.worker", str(lab)]


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """The worker runs, and the store is open, between start and stop."""
    context: WebContext = app.state.context
    if context.supervisor is not None:
        context.supervisor.start()
    try:
        yield
    finally:
        if context.supervisor is not None:
            context.supervisor.stop()
        context.slides.close()
        context.store.close()


def _add_routes(app: FastAPI) -> None:
    for router in (*API, health.router, *PAGES, _files):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=str(files("tumorcast.web").joinpath("static"))), name="static")


_files = APIRouter(include_in_schema=False)


@_files.get("/static/vendor/{name}")
def vendored(request: Request, name: str) -> Response:
    """The viewer and its licence."""
    path = request.app.state.viewer.get(name)
    if path is None:
        raise HTTPException(404)
    kind = "text/javascript" if name.endswith(".js") else "text/plain; charset=utf-8"
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "private, max-age=86400"})


@_files.get("/openapi.json")
def openapi(request: Request, caller: ApiCaller) -> dict[str, Any]:
    """The API's description."""
    told: dict[str, Any] = request.app.openapi()
    return told
