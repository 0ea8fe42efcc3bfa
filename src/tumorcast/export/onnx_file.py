"""What every export shares: a silent exporter, and graphs written without its traces."""

from __future__ import annotations

import contextlib
import io
import logging
import os
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


def save_graph(graph: onnx.ModelProto, path: Path) -> None:
    """Write atomically, without the exporter's traces: they name source files of the exporting machine."""
    for node in [*graph.graph.node, *(node for function in graph.functions for node in function.node)]:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.value_info):
        del value.metadata_props[:]
    del graph.graph.metadata_props[:]
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        onnx.save(graph, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
