"""Does the attention come from what the model learned? Compared with the same model after its weights were shuffled.

A map that looks the same from shuffled weights shows the data, not the model (the model parameter randomisation test of
Adebayo et al., NeurIPS 2018). The result stands in the manifest; `predict` hides what failed.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import nn

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.export.predictor import FlatPredictor, network_inputs

_LEAST_WEIGHTS = 8
_SHUFFLES = 3


def shuffled_correlation(
    model: nn.Module, prepared: Preprocessor, heads: Sequence[str], courses: Sequence[CourseArrays]
) -> dict[str, float]:
    """Kind of attention (tile, gene) -> median absolute rank correlation of its maps with those of shuffled weights.

    Kinds of which no course has enough weights are left out, and so are maps in which all weights are equal.

    Args:
        model: the trained model.
        prepared: what makes its inputs.
        heads: its heads.
        courses: on which the maps are compared.
    """
    trained = _maps(model, prepared, heads, courses)
    found: dict[str, list[float]] = {}
    for seed in range(_SHUFFLES):
        for (kind, number), weights in _maps(_shuffled(model, seed), prepared, heads, courses).items():
            own = trained[kind, number]
            if len(own) >= _LEAST_WEIGHTS and np.ptp(own) > 0 < np.ptp(weights):
                found.setdefault(kind, []).append(abs(float(spearmanr(own, weights).statistic)))
    return {kind: float(np.median(values)) for kind, values in found.items()}


def _maps(
    model: nn.Module, prepared: Preprocessor, heads: Sequence[str], courses: Sequence[CourseArrays]
) -> dict[tuple[str, int], np.ndarray]:
    flat = FlatPredictor(copy.deepcopy(model).cpu(), prepared, heads).eval()
    maps = {}
    for number, course in enumerate(courses):
        packed = pack([course])
        fed = {
            name: torch.from_numpy(np.ascontiguousarray(packed[name])) for name in network_inputs(prepared)
        }
        with torch.inference_mode():
            outputs = dict(zip(flat.outputs, flat(**fed), strict=True))
        for kind in ("tile", "gene"):
            if f"{kind}_attention" in outputs:
                maps[kind, number] = outputs[f"{kind}_attention"].numpy().ravel()
    return maps


def _shuffled(model: nn.Module, seed: int) -> nn.Module:
    """A copy in which the numbers of every weight have changed places."""
    other, random = copy.deepcopy(model).cpu(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in other.parameters():
            order = torch.randperm(weight.numel(), generator=random)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return other
