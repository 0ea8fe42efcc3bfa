"""Anchors of one inner fold, fitted once for all settings that are tried on it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from torch import Tensor

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.config.models import ModelConfig
from tumorcast.nn.predictor import Predictor
from tumorcast.training.anchors import fit_anchors

NO_PART = frozenset(
    {"width", "attention_heads", "slide_tokens", "graph_tokens", "graph_layers", "fusion_layers", "dropout",
     "modality_dropout", "drug_tokens", "agent_dropout", "auxiliary_weight"}
)  # fmt: skip
"""Settings of the network that its anchors do not depend on."""

_FITTED = ("anchors.", "ordinal.")
"""Parts of a predictor that `fit_anchors` sets."""


class KeptAnchors:
    """`fit_anchors` for the same courses and seed again and again: fitted anew only where a setting has part in it."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[dict[str, Tensor], Tensor]] = {}

    def fit(
        self,
        predictor: Predictor,
        training: Sequence[CourseArrays],
        courses: pd.DataFrame,
        seed: int,
        model: ModelConfig,
    ) -> Tensor:
        """Set the predictor's anchors and ordinal thresholds; returns as `fit_anchors`."""
        key = model.model_dump_json(exclude=set(NO_PART))
        if key not in self._kept:
            unseen = fit_anchors(predictor, training, courses, seed)
            fitted = {
                name: value for name, value in predictor.state_dict().items() if name.startswith(_FITTED)
            }
            self._kept[key] = {name: value.clone() for name, value in fitted.items()}, unseen
        state, unseen = self._kept[key]
        predictor.load_state_dict(state, strict=False)
        return unseen.clone()
