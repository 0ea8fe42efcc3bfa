"""What every export shares: a silent exporter, and graphs written without its traces."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """The exporter's notes on itself, which a user cannot act on, are kept from the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


_MOST_BYTES = 1_800_000_000
"""A protobuf message ends at 2 GiB; larger graphs keep their tensors in a second file."""


def tensors_beside(path: Path) -> Path:
    """Where the tensors of a large graph lie: `NAME.onnx.data`, the name that the graph itself holds."""
    return path.with_name(f"{path.name}.data")


def save_graph(graph: onnx.ModelProto, path: Path, most_bytes: int = _MOST_BYTES) -> None:
    """Write atomically, without the exporter's traces: they name source files of the exporting machine.

    Graphs whose tensors have more than `most_bytes` keep them in `tensors_beside(path)`.
    """
    for node in [*graph.graph.node, *(node for function in graph.functions for node in function.node)]:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.value_info):
        del value.metadata_props[:]
    del graph.graph.metadata_props[:]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as work:
        written, data = Path(work) / path.name, tensors_beside(path)
        large = sum(len(tensor.raw_data) for tensor in graph.graph.initializer) > most_bytes
        if large:
            onnx.save(graph, written, save_as_external_data=True, location=data.name)
            tensors_beside(written).chmod(written.stat().st_mode)
            os.replace(tensors_beside(written), data)
        else:
            onnx.save(graph, written)
        os.replace(written, path)
