"""Courses -> one flat dictionary of arrays: the network's inputs, and those of its ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.arrays import CourseArrays

FIXED_INPUTS = (
    "tiles", "tile_course", "node_gene", "node_features", "node_course", "edge_index", "edge_type", "edge_weight",
    "burden", "treatment", "drug_agent", "drug_features", "drug_reach", "drug_course", "is_present",
)  # fmt: skip


def layer_input(name: str) -> tuple[str, str]:
    """Names of the two inputs of a numeric layer: values and mask."""
    return f"layer_{name}", f"layer_{name}_measured"


def pack(courses: Sequence[CourseArrays]) -> dict[str, NDArray]:
    """B courses packed without padding (shapes in docs/architecture.md, "Predictor inputs").

    Tiles keep their precision where all that have any are stored in half; otherwise they are float32.
    """
    owner = np.repeat(np.arange(len(courses)), [len(course.tiles) for course in courses])
    return {"tiles": _tiles_of(courses), "tile_course": owner, **pack_but_tiles(courses)}


def _tiles_of(courses: Sequence[CourseArrays]) -> NDArray:
    """[T, dim], written once: tiles are read from where they lie into their place."""
    stored = {np.dtype(getattr(course.tiles, "dtype", np.float32)) for course in courses if len(course.tiles)}
    precision = np.float16 if stored == {np.dtype(np.float16)} else np.float32
    count, width = sum(len(course.tiles) for course in courses), courses[0].tiles.shape[1]
    tiles = np.empty((count, width), precision)
    start = 0
    for course in courses:
        tiles[start : start + len(course.tiles)] = course.tiles[:]
        start += len(course.tiles)
    return tiles


def pack_but_tiles(courses: Sequence[CourseArrays]) -> dict[str, NDArray]:
    """The same, without tiles."""
    graphs = [course.graph for course in courses]
    n_nodes = [len(graph.node_gene) for graph in graphs]
    offsets = np.cumsum([0, *n_nodes[:-1]])
    order = np.arange(len(courses))
    packed: dict[str, NDArray] = {
        "node_gene": np.concatenate([graph.node_gene for graph in graphs]),
        "node_features": np.concatenate([graph.node_features for graph in graphs]),
        "node_course": np.repeat(order, n_nodes),
        "edge_index": np.concatenate(
            [g.edge_index + o for g, o in zip(graphs, offsets, strict=True)], axis=1
        ),
        "edge_type": np.concatenate([graph.edge_type for graph in graphs]),
        "edge_weight": np.concatenate([graph.edge_weight for graph in graphs]),
        "burden": np.stack([course.burden for course in courses]),
        "treatment": np.stack([course.treatment for course in courses]),
        "drug_agent": np.concatenate([course.drugs.agent for course in courses]),
        "drug_features": np.concatenate([course.drugs.features for course in courses]),
        "drug_reach": np.concatenate([course.drugs.reach for course in courses]),
        "drug_course": np.repeat(order, [len(course.drugs.agent) for course in courses]),
        "is_present": np.stack([course.is_present for course in courses]),
    }
    for name in courses[0].layers:
        values, mask = layer_input(name)
        packed[values] = np.stack([course.layers[name] for course in courses])
        packed[mask] = np.stack([course.is_measured[name] for course in courses])
    return packed
