"""A small exported model over the toy courses: for tests of export and serving."""

from __future__ import annotations

from pathlib import Path

import torch

from toy_courses import toy_preprocessor
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import DataConfig, ModelConfig
from tumorcast.export.facts import BundleFacts
from tumorcast.nn.build import build_predictor
from tumorcast.nn.predictor import Ensemble


def toy_model(
    heads: tuple[str, ...] = ("response",),
    members: int = 1,
    seed: int = 0,
    prepared: Preprocessor | None = None,
    graph: str = "gine",
) -> Ensemble:
    """Random weights, away from the zeros that some layers start from."""
    torch.manual_seed(seed)
    config = ModelConfig(heads=heads, width=16, attention_heads=2, graph=graph)
    model = Ensemble([build_predictor(config, prepared or toy_preprocessor()) for _ in range(members)])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def toy_facts(heads: tuple[str, ...] = ("response",), origin: str = "simulated") -> BundleFacts:
    """Facts of a model called "toy"."""
    return BundleFacts(
        name="toy",
        origin=origin,
        study_id="toy_study",
        n_patients=40,
        n_courses=44,
        heads=heads,
        data=DataConfig(study=Path("study")),
    )
