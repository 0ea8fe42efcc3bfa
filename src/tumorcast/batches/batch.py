"""`CourseBatch`: the one batch type, read by name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor

from tumorcast.cohort.packing import layer_input


class CourseInputs(NamedTuple):
    """B courses packed: T tiles, N nodes, E edges, D drugs in all; M modalities.

    `tiles` have the precision they are stored in (half or float32); the network widens them a chunk at a time.
    `tile_course`, `node_course` and `drug_course` say which course a tile, a node or a drug belongs to; they rise.
    `layers[i]` and
    `is_measured[i]` are [B, d_i] for the i-th numeric layer in the order of the modalities.
    """

    tiles: Float[Tensor, "t dim"]
    tile_course: Int[Tensor, " t"]
    node_gene: Int[Tensor, " n"]
    node_features: Float[Tensor, "n f"]
    node_course: Int[Tensor, " n"]
    edge_index: Int[Tensor, "2 e"]
    edge_type: Int[Tensor, " e"]
    edge_weight: Float[Tensor, " e"]
    burden: Float[Tensor, "b 3"]
    treatment: Float[Tensor, "b r"]
    drug_agent: Int[Tensor, " d"]
    drug_features: Float[Tensor, "d q"]
    drug_reach: Float[Tensor, "d 3"]
    drug_course: Int[Tensor, " d"]
    is_present: Bool[Tensor, "b m"]
    layers: tuple[Tensor, ...]
    is_measured: tuple[Tensor, ...]

    def to(self, device: torch.device) -> CourseInputs:
        """The same on another device; from pinned memory without waiting for it."""
        moved = {name: _to(x, device) for name, x in self._asdict().items() if isinstance(x, Tensor)}
        return self._replace(
            **moved,
            layers=tuple(_to(x, device) for x in self.layers),
            is_measured=tuple(_to(x, device) for x in self.is_measured),
        )


class CourseLabels(NamedTuple):
    """Labels of B courses; NaN where unknown.

    response: 1 responder, 0 not. ordinal: 0 worst .. K-1 best. time_days: PFS or OS. is_event: 1 happened.
    size_change: natural logarithm of the sum of diameters near week 8 over that at baseline.
    """

    response: Float[Tensor, " b"]
    ordinal: Float[Tensor, " b"]
    time_days: Float[Tensor, " b"]
    is_event: Float[Tensor, " b"]
    size_change: Float[Tensor, " b"]

    def to(self, device: torch.device) -> CourseLabels:
        """The same on another device."""
        return CourseLabels(*(_to(x, device) for x in self))


class CourseBatch(NamedTuple):
    """Inputs, labels, and each course's position in its dataset [B]."""

    inputs: CourseInputs
    labels: CourseLabels
    place: Int[Tensor, " b"]

    def to(self, device: torch.device) -> CourseBatch:
        """The same on another device."""
        return CourseBatch(self.inputs.to(device), self.labels.to(device), _to(self.place, device))


def _to(part: Tensor, device: torch.device) -> Tensor:
    return part.to(device, non_blocking=True)


def inputs_from(packed: dict[str, NDArray], layer_names: tuple[str, ...]) -> CourseInputs:
    """Tensors over the arrays of `cohort.packing.pack`."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in packed.items()}
    pairs = [layer_input(name) for name in layer_names]
    fixed = {name: tensors[name] for name in CourseInputs._fields if name in tensors}
    return CourseInputs(
        **fixed,
        layers=tuple(tensors[values] for values, _ in pairs),
        is_measured=tuple(tensors[mask] for _, mask in pairs),
    )
