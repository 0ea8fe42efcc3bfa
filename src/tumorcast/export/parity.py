"""Does the ONNX graph say what the torch model says? Tried where exporters go wrong: at other sizes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.domain.errors import BundleError
from tumorcast.export.predictor import FlatPredictor, network_inputs
from tumorcast.export.probes import MANY_TILES, probe_batches
from tumorcast.metrics.logistic import expit
from tumorcast.serve.graphs import PredictorGraphs
from tumorcast.serve.manifest import PREDICTOR_NAME, TILES_NAME

TOLERANCE = 1e-4
"""Largest accepted difference, in probability and in attention weight."""

_CHUNK = 1000
"""Tiles at a time: some of the bags that are tried end within a chunk."""


@dataclass(frozen=True)
class Parity:
    """Largest differences over all that was tried, and how much that was."""

    max_difference: float
    worst: str
    n_batches: int


def compare(
    model: nn.Module,
    prepared: Preprocessor,
    heads: Sequence[str],
    folder: Path,
    courses: Sequence[CourseArrays] = (),
    many_tiles: int = MANY_TILES,
) -> Parity:
    """Largest difference between torch and ONNX Runtime, in probability (attention weights count too).

    Tried: the given courses, every subset of modalities, one course alone, no, one and many tiles, no and
    one mutation. Scores of every head are compared through the logistic function; a number that is not
    finite counts as an infinite difference.
    """
    flat = FlatPredictor(copy.deepcopy(model).cpu(), prepared, heads).eval()
    graphs = PredictorGraphs(
        folder / PREDICTOR_NAME,
        None if prepared.tiles is None else folder / TILES_NAME,
        chunk=_CHUNK,
    )
    worst, where = 0.0, ""
    batches = probe_batches(prepared, courses, many_tiles)
    for name, batch in batches.items():
        packed = pack(batch)
        fed = {key: packed[key] for key in network_inputs(prepared)}
        with torch.inference_mode():
            expected = flat(**{key: torch.from_numpy(np.ascontiguousarray(v)) for key, v in fed.items()})
        given = graphs.run(batch)
        for output, one in zip(flat.outputs, expected, strict=True):
            difference = _difference(output, one.numpy(), given[output])
            if not difference <= worst:
                worst, where = difference, f"{output} of '{name}'"
    return Parity(worst, where, len(batches))


def check_parity(parity: Parity) -> None:
    """Raise BundleError where the graph is not the model."""
    if not parity.max_difference <= TOLERANCE:
        raise BundleError(
            "the exported graph does not say what the trained model says",
            got=f"a difference of {parity.max_difference:.2g} in {parity.worst}",
            expected=f"at most {TOLERANCE:g} in probability",
            fix="export again with the library versions of requirements, or report the model's configuration",
        )


def _difference(output: str, one: NDArray, other: NDArray) -> float:
    if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
        return float("inf")
    if one.size == 0:
        return 0.0
    if not output.endswith("attention"):
        one, other = expit(one), expit(other)
    return float(np.abs(one.astype(np.float64) - other).max())
