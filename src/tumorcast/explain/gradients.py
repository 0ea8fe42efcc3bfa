"""Integrated gradients of a predictor's score with respect to everything that was measured of a course.

Sundararajan, Taly, Yan 2017 (arXiv:1703.01365), eq. 1, by the midpoint rule. The path starts at what the network sees
of a course of which every present modality says nothing: layers at the training mean, genes without alteration, tiles
at the training mean. Treatment and presence stay as they are. Attributions of a course add up to the difference of
the two scores (completeness).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs, inputs_from
from tumorcast.cohort.arrays import F32, CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.cohort.preprocess import Preprocessor

_STEPS = 32
_BATCH = 8


@dataclass(frozen=True)
class CourseAttribution:
    """What each measurement of one course adds to the score (logit, or log-risk); zero where not measured.

    layers: name -> [d]. genes: [N] a node of the graph each. burden: [3]. tiles: [T]. total: score less that of the
    start of the path, which all of them add up to.
    """

    layers: dict[str, F32]
    genes: F32
    burden: F32
    tiles: F32
    total: float


def attribute(
    model: nn.Module, prepared: Preprocessor, courses: Sequence[CourseArrays], steps: int = _STEPS
) -> list[CourseAttribution]:
    """Attributions of the first head's score, course by course."""
    model.eval()
    found: list[CourseAttribution] = []
    for start in range(0, len(courses), _BATCH):
        found += _attribute_batch(model, prepared, courses[start : start + _BATCH], steps)
    return found


def _attribute_batch(
    model: nn.Module, prepared: Preprocessor, courses: Sequence[CourseArrays], steps: int
) -> list[CourseAttribution]:
    inputs = inputs_from(pack(courses), tuple(courses[0].layers))
    end = (inputs.tiles, inputs.node_features, inputs.burden, *inputs.layers)
    begin = _starts(inputs, prepared)
    slopes = [torch.zeros_like(part) for part in end]
    for step in range(steps):
        share = (step + 0.5) / steps
        at = [(a + share * (b - a)).requires_grad_(True) for a, b in zip(begin, end, strict=True)]
        score = _score(model, inputs, at).sum()
        for total, slope in zip(slopes, torch.autograd.grad(score, at, allow_unused=True), strict=True):
            if slope is not None:
                total += slope / steps
    with torch.no_grad():
        change = _score(model, inputs, end) - _score(model, inputs, begin)
    added = [(b - a) * slope for a, b, slope in zip(begin, end, slopes, strict=True)]
    return _by_course(inputs, courses, added, change)


def _starts(inputs: CourseInputs, prepared: Preprocessor) -> tuple[Tensor, ...]:
    """Start of the path for tiles, nodes, burden and layers; a gene keeps what is known of it beforehand."""
    tiles = torch.zeros_like(inputs.tiles)
    if prepared.tiles is not None:
        tiles = tiles + torch.from_numpy(prepared.tiles.mean)
    nodes = torch.zeros_like(inputs.node_features)
    if prepared.graph is not None:
        prior = len(prepared.graph.prior_names)
        nodes[:, -prior:] = inputs.node_features[:, -prior:]
    return tiles, nodes, torch.zeros_like(inputs.burden), *(torch.zeros_like(x) for x in inputs.layers)


def _score(model: nn.Module, inputs: CourseInputs, parts: Sequence[Tensor]) -> Tensor:
    tiles, nodes, burden, *layers = parts
    own = inputs._replace(tiles=tiles, node_features=nodes, burden=burden, layers=tuple(layers))
    scores: Tensor = model(own).scores
    return scores[:, 0]


def _by_course(
    inputs: CourseInputs, courses: Sequence[CourseArrays], added: Sequence[Tensor], change: Tensor
) -> list[CourseAttribution]:
    tiles, nodes, burden, *layers = (part.detach().numpy().astype(np.float32) for part in added)
    by_tile, by_gene = tiles.sum(axis=1), nodes.sum(axis=1)
    of_tile, of_node = inputs.tile_course.numpy(), inputs.node_course.numpy()
    names = tuple(courses[0].layers)
    return [
        CourseAttribution(
            layers={name: layer[i] for name, layer in zip(names, layers, strict=True)},
            genes=by_gene[of_node == i],
            burden=burden[i],
            tiles=by_tile[of_tile == i],
            total=float(change[i]),
        )
        for i in range(len(courses))
    ]
