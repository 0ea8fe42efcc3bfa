"""What every request of one application shares."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from tumorcast.lab.store import LabStore
from tumorcast.web.metrics import WebMetrics
from tumorcast.web.settings import WebSettings
from tumorcast.web.sign_in_limit import SignInLimit
from tumorcast.web.slide_cache import SlideCache
from tumorcast.web.supervisor import WorkerSupervisor


@dataclass(frozen=True)
class WebContext:
    """Store, caches and counters; `supervisor` is None where no worker is started here."""

    settings: WebSettings
    store: LabStore
    slides: SlideCache
    metrics: WebMetrics
    sign_ins: SignInLimit
    supervisor: WorkerSupervisor | None


def context_of(request: Request) -> WebContext:
    """The context of the application that got the request."""
    context: WebContext = request.app.state.context
    return context
