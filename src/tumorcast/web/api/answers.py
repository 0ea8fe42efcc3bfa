"""The failures that an address may answer with, for its description."""

from __future__ import annotations

from typing import Any

from tumorcast.web.errors import ErrorBody

_TOLD = {
    400: "the request is not understood, or sent to a foreign host name",
    401: "nobody is signed in, or the token has ended",
    403: "the role may not do this, or the request is not from a page of this session",
    404: "there is no such thing",
    409: "what is there stands against it",
    411: "the length of the body is not told",
    413: "too much",
    422: "a value or a file cannot be used",
    429: "too many failed tries",
    503: "not ready",
}


def fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Of a protected address: 400, 401, 413 and 422 always, and these."""
    return only(400, 401, 413, 422, *statuses)


def only(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These alone."""
    return {status: {"model": ErrorBody, "description": _TOLD[status]} for status in sorted(set(statuses))}
