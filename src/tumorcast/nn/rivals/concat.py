"""Early concatenation: the mean tile and every other number of a course side by side, into one perceptron."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.predictor import PredictorOutput
from tumorcast.nn.rivals.answer import Answer, answered
from tumorcast.nn.rivals.bags import StandardTiles
from tumorcast.nn.rivals.groups import MutationCounts
from tumorcast.nn.segments import segment_sum

WIDTH = 256


class Concat(CourseNet):
    """Means of standardised tiles, counts of altered genes by pathway, values and masks of every layer, treatment ->
    two hidden layers.

    Args:
        tiles: standardises; None without slides. mutations: counts; None without mutations.
        layers: width of each numeric layer, in the order of the modalities. treatment: width of the treatment vector.
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        heads: tuple[str, ...],
        tiles: StandardTiles | None,
        mutations: MutationCounts | None,
        layers: Mapping[str, int],
        treatment: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities, heads)
        self.tiles, self.mutations = tiles, mutations
        self.layer_names = tuple(layers)
        total = treatment + 2 * sum(layers.values())
        total += 0 if tiles is None else len(tiles.mean)
        total += 0 if mutations is None else mutations.count * mutations.features
        self.drop = nn.Dropout(dropout)
        self.answer = Answer(total, len(modalities), (width, width), len(heads), dropout)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        parts = [inputs.treatment]
        if self.tiles is not None:
            bags = self.tiles(inputs)
            sizes = torch.tensor(bags.sizes, device=bags.rows.device).clamp_min(1)[:, None]
            parts.append(segment_sum(bags.rows, bags.course, len(bags.sizes)) / sizes)
        if self.mutations is not None:
            parts.append(self._shown("mutations", self.mutations(inputs).flatten(1), inputs))
        for name, values, is_measured in zip(
            self.layer_names, inputs.layers, inputs.is_measured, strict=True
        ):
            known = torch.where(is_measured, values, torch.zeros_like(values))
            both = torch.cat([known, is_measured.to(values.dtype)], dim=1)
            parts.append(self._shown(name, both, inputs))
        scores = self.answer(self.drop(torch.cat(parts, dim=1)), inputs.is_present)
        return answered(self, scores, inputs)

    def _shown(self, name: str, values: Tensor, inputs: CourseInputs) -> Tensor:
        """Zero where the modality is hidden."""
        present = inputs.is_present[:, self.modalities.index(name), None]
        return torch.where(present, values, torch.zeros_like(values))
