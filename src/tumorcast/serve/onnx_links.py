"""Files that an ONNX graph names as holding its tensors, read from the file's own bytes, without the onnx package.

Message numbers are those of onnx.proto (field -> kind of message); what is not in the tables cannot hold a tensor.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from tumorcast.domain.errors import BundleError

_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "entry": {},
}
_KEY = b"location"


def external_files(path: Path) -> set[str]:
    """Names of the files in which tensors of the graph lie; empty where all are in the graph.

    Raises:
        BundleError: the file is not a graph.
    """
    if not path.stat().st_size:
        raise _not_a_graph(path)
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if view.find(_KEY) < 0:
            return set()
        try:
            return {value.decode() for value in _locations(view, 0, len(view), "model")}
        except (IndexError, ValueError, RecursionError) as error:
            raise _not_a_graph(path) from error


def _locations(view: mmap.mmap, start: int, end: int, kind: str) -> Iterator[bytes]:
    for number, first, last in _parts(view, start, end):
        inner = _FIELDS[kind].get(number)
        if inner == "entry":
            texts = {n: bytes(view[a:b]) for n, a, b in _parts(view, first, last)}
            if texts.get(1) == _KEY:
                yield texts.get(2, b"")
        elif inner is not None:
            yield from _locations(view, first, last, inner)


def _parts(view: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field, start, end) of a message's parts that are bytes; numbers are skipped."""
    while at < end:
        tag, at = _varint(view, at)
        match tag & 7:
            case 0:
                _, at = _varint(view, at)
            case 1:
                at += 8
            case 5:
                at += 4
            case 2:
                size, at = _varint(view, at)
                if at + size > end:
                    raise ValueError("a part is longer than its message")
                yield tag >> 3, at, at + size
                at += size
            case _:
                raise ValueError("no such kind of field")


def _varint(view: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number without an end")


def _not_a_graph(path: Path) -> BundleError:
    return BundleError(f"the bundle's {path.name} is not an ONNX graph", expected="a graph that export wrote")
