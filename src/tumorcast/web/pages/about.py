"""What this is: the model, its card, licences, and how programs call it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tumorcast.clinic.report.notices import FUSION_OPEN
from tumorcast.lab.bundles import LabBundle, active_bundle, list_bundles
from tumorcast.lab.store import LabStore
from tumorcast.web.context import context_of
from tumorcast.web.identity import PageSession
from tumorcast.web.templating import page
from tumorcast.web.vendor import viewer_licence

router = APIRouter(include_in_schema=False)
_CARD = "model_card.md"


@router.get("/about")
def about(request: Request, session: PageSession) -> Response:
    """The model and its card."""
    store = context_of(request).store
    bundle = active_bundle(store)
    return page(
        request, "about.html", session, bundle=bundle, bundles=list_bundles(store), card=_card(store, bundle),
        viewer_licence=viewer_licence(), fusion_open=FUSION_OPEN,
    )  # fmt: skip


@router.get("/about/api")
def api(request: Request, session: PageSession) -> Response:
    """Addresses of the API."""
    routes = [
        (method.upper(), path, told.get("description", "").partition("\n")[0], _failures(told))
        for path, methods in request.app.openapi()["paths"].items()
        for method, told in methods.items()
    ]
    return page(request, "api.html", session, routes=routes)


def _failures(told: dict[str, Any]) -> str:
    return ", ".join(status for status in told["responses"] if status >= "4")


def _card(store: LabStore, bundle: LabBundle | None) -> str:
    if bundle is None:
        return ""
    path = store.bundle_folder(bundle.id) / _CARD
    return path.read_text(encoding="utf-8") if path.is_file() else ""
