"""`/api/v1/reports/ID/slides`: deep-zoom tiles of a report's slides, with the heatmap that belongs to them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, Response

from tumorcast.lab import reports
from tumorcast.lab.cases import Case, CaseFile
from tumorcast.lab.errors import NotFoundError
from tumorcast.lab.slide_size import field_named
from tumorcast.lab.uploads import stored_path
from tumorcast.lab.users import require
from tumorcast.slides.show.pyramid import TILE_PX
from tumorcast.web.api import PREFIX
from tumorcast.web.api.answers import fails
from tumorcast.web.api.cases import FileId
from tumorcast.web.api.models import HeatOut, SlideOut
from tumorcast.web.api.reports import ReportId
from tumorcast.web.context import context_of
from tumorcast.web.identity import ApiCaller
from tumorcast.web.report_slides import case_of, find_slide, path_of

router = APIRouter(prefix=PREFIX + "/reports/{report_id}/slides/{file_id}", tags=["reports"])
Index = Annotated[int, Path(ge=0, le=1_000_000)]
_KEPT = "private, max-age=3600"
_GEOJSON: dict[int | str, dict[str, Any]] = {
    200: {"description": "Tiles with their scores.", "content": {"application/geo+json": {}}}
}
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"description": "A tile.", "content": {"image/jpeg": {}}},
    304: {"description": "The tile is as it was."},
}


@router.get("", responses=fails(404))
def get_slide(request: Request, caller: ApiCaller, report_id: ReportId, file_id: FileId) -> SlideOut:
    """Size and levels of a slide, and its heatmap."""
    require(caller.user, "report.read")
    context = context_of(request)
    report = reports.get_report(context.store, report_id)
    record = reports.read_record(context.store, report_id)
    case = case_of(context.store, report)
    slide = find_slide(case, record, file_id)
    with field_named():
        pyramid, opened = context.slides.pyramid(path_of(context.store, slide), case.facts.slide_mpp)
    heat = slide.picture.heat if slide.picture else ()
    return SlideOut(
        file_id=file_id, mpp=opened.mpp, width=pyramid.width, height=pyramid.height, tile_px=TILE_PX,
        finest=pyramid.finest, side_px=slide.picture.side_px if slide.picture else None,
        heat=HeatOut(x=[x for x, _, _ in heat], y=[y for _, y, _ in heat], value=[value for _, _, value in heat]),
        watermark=record.watermark,
    )  # fmt: skip


@router.get("/heatmap", responses=fails(404) | _GEOJSON, response_class=Response)
def get_heatmap(request: Request, caller: ApiCaller, report_id: ReportId, file_id: FileId) -> Response:
    """The heatmap as GeoJSON, which QuPath imports."""
    require(caller.user, "report.read")
    store = context_of(request).store
    name = f"heatmap_{file_id}.geojson"
    path = reports.version_folder(store, report_id) / name
    if not path.is_file():
        raise NotFoundError("this slide has no heatmap", got=file_id)
    reports.note_download(store, caller.user, report_id, "geojson")
    return FileResponse(path, media_type="application/geo+json", filename=f"{report_id}-{name}")


@router.get("/tiles/{level}/{column}/{row}", responses=fails(404) | _JPEG, response_class=Response)
def get_tile(
    request: Request,
    caller: ApiCaller,
    report_id: ReportId,
    file_id: FileId,
    level: Index,
    column: Index,
    row: Index,
) -> Response:
    """A tile of at most 512 x 512 pixels."""
    require(caller.user, "report.read")
    context = context_of(request)
    case = case_of(context.store, reports.get_report(context.store, report_id))
    file = _file(case, file_id)
    headers = {"ETag": f'"{file.sha256[:24]}-{level}-{column}-{row}"', "Cache-Control": _KEPT}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    path = stored_path(context.store, file)
    with field_named():
        tile = context.slides.tile(path, case.facts.slide_mpp, level, column, row)
    if tile is None:
        raise NotFoundError("the slide has no such tile", got=f"level {level}, column {column}, row {row}")
    return Response(tile, media_type="image/jpeg", headers=headers)


def _file(case: Case, file_id: str) -> CaseFile:
    """The slide, by the case alone: tiles are asked for by the hundred, and the record is large."""
    for file in case.files:
        if file.id == file_id and file.kind == "slide":
            return file
    raise NotFoundError("the case has no such slide", got=file_id)
