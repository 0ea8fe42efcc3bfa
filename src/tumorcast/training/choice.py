"""Choice of a setting on inner folds: what it may see, and the plain way (the candidates of the configuration)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.splits import Fold
from tumorcast.config.models import CandidateConfig, ModelConfig, RunConfig, TrainingConfig
from tumorcast.config.search import with_values
from tumorcast.training.fit import Member, fit_member
from tumorcast.training.kept_anchors import KeptAnchors
from tumorcast.training.workspace import Workspace


@dataclass(frozen=True)
class InnerFolds:
    """All that a choice of setting may see: the training courses of one outer fold, in inner folds.

    Attributes:
        fold: name of the outer fold. model: name of what is fitted ("fused", a modality).
        seen: course id -> arrays, of the training courses alone.
        parts: inner folds; each holds out its `test`, on which its member stops early.
        folder: where what is fitted is kept. anchors: of each inner fold, once fitted.
    """

    work: Workspace
    fold: str
    model: str
    prepared: Preprocessor
    seen: Mapping[str, CourseArrays]
    parts: tuple[Fold, ...]
    folder: Path
    anchors: dict[int, KeptAnchors] = field(default_factory=dict)

    def fit(self, folder: Path, model: ModelConfig, settings: TrainingConfig, number: int) -> Member:
        """The member of inner fold `number` under a setting; read back where `folder` holds it."""
        config, part = self.work.config, self.parts[number]
        return fit_member(
            folder / part.name,
            self.prepared,
            [self.seen[cid] for cid in part.training],
            [self.seen[cid] for cid in part.test],
            self.work.cohort.courses,
            model,
            settings,
            seed=config.seed * 1000 + number,
            anchors=self.anchors.setdefault(number, KeptAnchors()),
        )


CHOSEN = "chosen.json"
"""In a model's folder: the values that a search chose, and where their members are."""

Choose = Callable[[InnerFolds], list[Member]]
"""Inner folds -> the members of the chosen setting, one an inner fold, in their order."""


def best_candidate(inner: InnerFolds) -> list[Member]:
    """Every candidate of `training.candidates` (or the run's own setting) fitted; the least mean inner loss wins."""
    config = inner.work.config
    best: list[Member] = []
    for number, candidate in enumerate(config.training.candidates or (CandidateConfig(),)):
        model, settings = _with(config.model, config.training, candidate)
        folder = inner.folder / f"candidate{number}"
        members = [inner.fit(folder, model, settings, k) for k in range(len(inner.parts))]
        if not best or mean_loss(members) < mean_loss(best):
            best = members
    return best


def as_chosen(inner: InnerFolds) -> list[Member]:
    """The members of the setting that a search chose before, read back; without a search as `best_candidate`."""
    path = inner.folder / CHOSEN
    if not path.is_file():
        return best_candidate(inner)
    told = json.loads(path.read_text(encoding="utf-8"))
    config, folder = setting_of(inner, told["values"]), inner.folder.parent / told["folder"]
    return [inner.fit(folder, config.model, config.training, k) for k in range(len(inner.parts))]


def setting_of(inner: InnerFolds, values: Mapping[str, Any]) -> RunConfig:
    """The run with these values, as one model of its own."""
    config = inner.work.config
    alone = config.training.model_copy(update={"rivals": ()})
    return with_values(config.model_copy(update={"training": alone}), values)


@dataclass(frozen=True)
class Choosing:
    """How the setting of a fold's models is chosen.

    Attributes:
        choose: for the fused model and each modality alone.
        beside: name -> how, of further fused models that are fitted and scored beside the chosen one.
        record: called once results are known, before the run's files are logged.
    """

    choose: Choose = best_candidate
    beside: Mapping[str, Choose] = field(default_factory=dict)
    record: Callable[[], None] = lambda: None


def mean_loss(members: list[Member]) -> float:
    """Mean of the members' best inner losses."""
    return float(np.mean([member.loss for member in members]))


def _with(
    model: ModelConfig, training: TrainingConfig, candidate: CandidateConfig
) -> tuple[ModelConfig, TrainingConfig]:
    chosen = candidate.model_dump(exclude_none=True)
    in_model = {k: v for k, v in chosen.items() if k in ModelConfig.model_fields}
    in_training = {k: v for k, v in chosen.items() if k in TrainingConfig.model_fields}
    return model.model_copy(update=in_model), training.model_copy(update=in_training)
