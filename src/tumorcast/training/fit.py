"""Fit one member: one predictor, one inner fold for early stopping; resumable at every moment."""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy, FSDPStrategy

from tumorcast.batches.batch import CourseLabels
from tumorcast.batches.dataset import CourseDataset, EpochSampler, SharedBatches, WholeBags, make_loader
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import ModelConfig, TrainingConfig
from tumorcast.config.processes import check_batch
from tumorcast.domain.errors import InputError
from tumorcast.nn.build import build_net
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.predictor import Predictor
from tumorcast.training.across import agreed_on, any_says, shown
from tumorcast.training.checkpoint import NOT_TRAINED, EpochCheckpoint, load_weights, save_weights
from tumorcast.training.files import write_text
from tumorcast.training.inference import outputs_of
from tumorcast.training.kept_anchors import KeptAnchors
from tumorcast.training.module import CourseModule
from tumorcast.training.processes import PATIENCE, has_gpus, join, layout
from tumorcast.training.stop import Stopped

_WEIGHTS, _SUMMARY = "weights.safetensors", "member.json"
_QUIET = ("pytorch_lightning", "lightning.pytorch", "lightning_fabric", "mlflow", "alembic")


@dataclass(frozen=True)
class Member:
    """A fitted predictor, its best inner loss, and its losses epoch by epoch."""

    predictor: CourseNet
    loss: float
    history: list[dict[str, float]]

    @property
    def epochs(self) -> int:
        return len(self.history)


def fit_member(
    folder: Path,
    prepared: Preprocessor,
    training: Sequence[CourseArrays],
    validation: Sequence[CourseArrays],
    courses: pd.DataFrame,
    model: ModelConfig,
    settings: TrainingConfig,
    seed: int,
    anchors: KeptAnchors | None = None,
) -> Member:
    """Train until the loss on `validation` stops falling; the best weights are kept.

    A finished member is read back from `folder`; an interrupted one goes on from its last written state.

    Args:
        anchors: of the same courses and seed, from settings tried before.

    Raises:
        ConfigError: more processes than courses in a global batch.
        InputError: the untrained network's inner loss is not finite.
        Stopped: on request; the same call goes on.
    """
    join(settings)
    torch.manual_seed(seed)
    predictor = build_net(model, prepared)
    if agreed_on((folder / _SUMMARY).is_file):
        return _read_back(folder, predictor)
    folder.mkdir(parents=True, exist_ok=True)
    anchored = None
    if isinstance(predictor, Predictor) and model.anchors:
        anchored = (anchors or KeptAnchors()).fit(predictor, training, courses, seed, model)
    module = CourseModule(predictor, settings, model.auxiliary_weight, seed, anchored, len(training))
    untrained = _finite(_loss_on(predictor, validation, courses), folder)
    if settings.compile:
        predictor.compile(dynamic=True)
    module.train()  # the trainer keeps the mode that it finds, and scoring has left the network's at evaluation
    with quiet():
        trainer = make_trainer(settings)
        dataset = CourseDataset(training, courses, settings.max_tiles, seed)
        sampler = EpochSampler(dataset, seed)
        shared = _share(settings, trainer)
        batches = SharedBatches(sampler, *shared)
        checkpoint = EpochCheckpoint(folder, settings.patience, sampler, batches)
        checkpoint.offer(untrained, NOT_TRAINED, module.state_dict())
        trainer.callbacks.append(checkpoint)  # type: ignore[attr-defined]
        held = CourseDataset(validation, courses)
        trainer.fit(
            module,
            make_loader(dataset, batches, settings.workers, has_gpus(settings)),
            make_loader(held, WholeBags(held, *shared), min(settings.workers, 1), has_gpus(settings)),
            ckpt_path=checkpoint.found(),
            weights_only=True,
        )
    if trainer.is_global_zero:
        _finish(folder, checkpoint)
    trainer.strategy.barrier()
    if any_says(module.wishes.is_asked):  # too late for a step to see it
        raise Stopped
    return _read_back(folder, build_net(model, prepared))


def _share(settings: TrainingConfig, trainer: pl.Trainer) -> tuple[int, int, int]:
    """Size of the global batch, this process, of so many."""
    check_batch(settings, trainer.world_size)
    return settings.batch_size, trainer.global_rank, trainer.world_size


def _read_back(folder: Path, predictor: CourseNet) -> Member:
    load_weights(predictor, shown(folder / _WEIGHTS))
    told = json.loads(shown(folder / _SUMMARY).read_text(encoding="utf-8"))
    return Member(predictor.eval(), told["val_loss"], told["history"])


def _loss_on(predictor: CourseNet, arrays: Sequence[CourseArrays], courses: pd.DataFrame) -> float:
    """The loss before the network has learned anything: that of its anchors."""
    scores = torch.cat([output.scores for output in outputs_of(predictor, arrays)])
    labels = CourseLabels(*CourseDataset(arrays, courses).labels.unbind(1))
    return float(OutcomeLoss(predictor.heads, predictor.ordinal)(scores, labels).detach())


def _finite(untrained: float, folder: Path) -> float:
    if math.isfinite(untrained):
        return untrained
    raise InputError(
        "the network's scores are no numbers before it has learned anything",
        got=f"an inner loss of {untrained}, in {folder}",
        expected="finite values of all that was measured",
        fix="look in the features and tables for values that are infinite or far too large",
    )


def _finish(folder: Path, checkpoint: EpochCheckpoint) -> None:
    prefix = "predictor."
    best = {k.removeprefix(prefix): v for k, v in checkpoint.best.items() if k.startswith(prefix)}
    save_weights(best, folder / _WEIGHTS)
    told = {
        "val_loss": checkpoint.best_loss,
        "best_epoch": checkpoint.best_epoch,
        "history": checkpoint.history,
    }
    write_text(folder / _SUMMARY, json.dumps(told))
    checkpoint.remove()


def make_trainer(settings: TrainingConfig) -> pl.Trainer:
    """A Lightning trainer as configured, without its own logging and checkpoints."""
    processes = layout(settings)
    trainer = pl.Trainer(
        max_epochs=settings.max_epochs,
        accelerator=settings.accelerator,
        devices=processes.devices,
        num_nodes=processes.num_nodes,
        plugins=[processes.environment],
        strategy=settings.strategy,
        precision=settings.precision,
        accumulate_grad_batches=settings.accumulate,
        gradient_clip_val=settings.gradient_clip,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    if isinstance(trainer.strategy, DDPStrategy | FSDPStrategy):
        trainer.strategy._timeout = PATIENCE
    return trainer


@contextmanager
def quiet() -> Iterator[None]:
    """Without the engine's chatter and the warnings that its users cannot act on."""
    loggers = [logging.getLogger(name) for name in _QUIET]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
