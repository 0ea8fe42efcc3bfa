"""Fit one member: one predictor, one inner fold for early stopping; resumable at every epoch."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping

from tumorcast.batches.batch import CourseLabels
from tumorcast.batches.dataset import CourseDataset, EpochSampler, make_loader
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import ModelConfig, TrainingConfig
from tumorcast.nn.build import build_net
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.predictor import Predictor
from tumorcast.training.anchors import fit_anchors
from tumorcast.training.checkpoint import NOT_TRAINED, EpochCheckpoint, load_weights, save_weights
from tumorcast.training.files import write_text
from tumorcast.training.inference import outputs_of
from tumorcast.training.module import CourseModule

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
) -> Member:
    """Train until the loss on `validation` stops falling; the best weights are kept.

    A finished member is read back from `folder`; an interrupted one goes on from its last epoch boundary.
    """
    torch.manual_seed(seed)
    predictor = build_net(model, prepared)
    weights, summary = folder / "weights.safetensors", folder / "member.json"
    if summary.is_file():
        load_weights(predictor, weights)
        told = json.loads(summary.read_text(encoding="utf-8"))
        return Member(predictor.eval(), told["val_loss"], told["history"])
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = EpochCheckpoint(folder)
    anchored = None
    if isinstance(predictor, Predictor) and model.anchors:
        anchored = fit_anchors(predictor, training, courses, seed)
    module = CourseModule(predictor, settings, model.auxiliary_weight, seed, anchored)
    checkpoint.offer(_loss_on(predictor, validation, courses), NOT_TRAINED, module)
    with quiet():
        trainer = make_trainer(settings, checkpoint)
        dataset = CourseDataset(training, courses, settings.max_tiles, seed)
        sampler = EpochSampler(dataset, seed, trainer.global_rank, trainer.world_size)
        trainer.fit(
            module,
            make_loader(dataset, settings.batch_size, sampler, settings.workers),
            make_loader(CourseDataset(validation, courses), settings.batch_size),
            ckpt_path=checkpoint.path if checkpoint.path.is_file() else None,
            weights_only=True,
        )
    module.load_state_dict(checkpoint.best)
    if trainer.is_global_zero:
        _finish(folder, predictor, checkpoint)
    trainer.strategy.barrier()
    return Member(predictor.cpu().eval(), checkpoint.best_loss, checkpoint.history)


def _loss_on(predictor: CourseNet, arrays: Sequence[CourseArrays], courses: pd.DataFrame) -> float:
    """The loss before the network has learned anything: that of its anchors."""
    scores = torch.cat([output.scores for output in outputs_of(predictor, arrays)])
    labels = CourseLabels(*CourseDataset(arrays, courses).labels.unbind(1))
    return float(OutcomeLoss(predictor.heads, predictor.ordinal)(scores, labels))


def _finish(folder: Path, predictor: CourseNet, checkpoint: EpochCheckpoint) -> None:
    save_weights(predictor, folder / "weights.safetensors")
    told = {
        "val_loss": checkpoint.best_loss,
        "best_epoch": checkpoint.best_epoch,
        "history": checkpoint.history,
    }
    write_text(folder / "member.json", json.dumps(told))
    checkpoint.path.unlink(missing_ok=True)


def make_trainer(settings: TrainingConfig, checkpoint: EpochCheckpoint) -> pl.Trainer:
    """A Lightning trainer as configured, without its own logging and checkpoints."""
    return pl.Trainer(
        max_epochs=settings.max_epochs,
        accelerator=settings.accelerator,
        devices=settings.devices,
        num_nodes=settings.num_nodes,
        strategy=settings.strategy,
        precision=settings.precision,
        accumulate_grad_batches=settings.accumulate,
        gradient_clip_val=settings.gradient_clip,
        callbacks=[EarlyStopping("val_loss", patience=settings.patience), checkpoint],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


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
