"""`/api/v1/cases`: cases and their files; a file is streamed to the disk as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from tumorcast.domain.errors import TumorcastError
from tumorcast.lab import cases
from tumorcast.lab.cases import CaseFacts, CaseFile, Kind
from tumorcast.lab.uploads import Upload
from tumorcast.lab.users import User, require
from tumorcast.web.api import PREFIX
from tumorcast.web.api.answers import fails
from tumorcast.web.api.models import CaseOut, CasesOut, FileOut
from tumorcast.web.context import WebContext, context_of
from tumorcast.web.errors import RefusedError
from tumorcast.web.identity import ApiCaller

router = APIRouter(prefix=PREFIX + "/cases", tags=["cases"])
CaseId = Annotated[str, Path(pattern="^c[0-9a-f]{16}$", description="Id of a case.")]
FileId = Annotated[str, Path(pattern="^f[0-9a-f]{16}$", description="Id of a file.")]
_AT_ONCE = 1 << 20
_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("", responses=fails())
def list_cases(
    request: Request,
    caller: ApiCaller,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> CasesOut:
    """The worklist, newest first."""
    require(caller.user, "case.read")
    store = context_of(request).store
    found = cases.list_cases(store, limit, offset)
    return CasesOut(total=cases.count_cases(store), cases=[CaseOut.of(case) for case in found])


@router.post("", status_code=201, responses=fails(403))
def create_case(request: Request, caller: ApiCaller, facts: CaseFacts) -> CaseOut:
    """A new case, without files."""
    return CaseOut.of(cases.create_case(context_of(request).store, caller.user, facts))


@router.get("/{case_id}", responses=fails(404))
def get_case(request: Request, caller: ApiCaller, case_id: CaseId) -> CaseOut:
    """One case."""
    require(caller.user, "case.read")
    return CaseOut.of(cases.get_case(context_of(request).store, case_id))


@router.put("/{case_id}", responses=fails(403, 404))
def change_case(request: Request, caller: ApiCaller, case_id: CaseId, facts: CaseFacts) -> CaseOut:
    """Other declared facts."""
    return CaseOut.of(cases.change_case(context_of(request).store, caller.user, case_id, facts))


@router.put("/{case_id}/files/{kind}", status_code=201, responses=fails(403, 404, 409), openapi_extra=_BYTES)
async def add_file(
    request: Request,
    caller: ApiCaller,
    case_id: CaseId,
    kind: Kind,
    name: Annotated[str, Query(min_length=1, max_length=300, description="What the file is called.")],
) -> FileOut:
    """Add a file: its bytes are the body. Each call adds one, also under a name that is there already."""
    context = context_of(request)
    try:
        file = await _taken_in(request, context, caller.user, case_id, kind, name)
    except TumorcastError:
        context.metrics.count_refused_upload()
        raise
    except ClientDisconnect:
        context.metrics.count_refused_upload()
        raise RefusedError(400, "the file was cut off on its way", fix="send it again") from None
    context.metrics.count_upload(file.size)
    return FileOut.of(file)


@router.delete("/{case_id}/files/{file_id}", status_code=204, responses=fails(403, 404, 409))
def remove_file(request: Request, caller: ApiCaller, case_id: CaseId, file_id: FileId) -> None:
    """Take a file out of a case and off the disk."""
    context = context_of(request)
    require(caller.user, "case.write")
    file = cases.get_file(context.store, case_id, file_id)
    context.slides.forget(context.store.case_folder(case_id))
    cases.remove_file(context.store, caller.user, case_id, file.id)


async def _taken_in(
    request: Request, context: WebContext, user: User, case_id: str, kind: Kind, name: str
) -> CaseFile:
    claimed = _claimed(request)
    upload = await run_in_threadpool(Upload, context.store, user, case_id, kind, name, claimed)
    try:
        async for piece in _pieces(request.stream()):
            await run_in_threadpool(upload.write, piece)
        return await run_in_threadpool(upload.keep)
    finally:
        await run_in_threadpool(upload.__exit__, None, None, None)


def _claimed(request: Request) -> int | None:
    told = request.headers.get("content-length")
    if told is None:
        return None
    if not told.isdigit():
        raise RefusedError(400, "Content-Length is not a number", got=told[:40])
    return int(told)


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of about a megabyte, so that few go to the disk at a time."""
    waiting = bytearray()
    async for chunk in stream:
        waiting += chunk
        if len(waiting) >= _AT_ONCE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
