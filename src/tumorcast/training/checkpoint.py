"""Weights on disk: safetensors beside JSON, written atomically; the resume file is the run's own."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from safetensors.torch import load_file, save_file

from tumorcast.batches.dataset import EpochSampler, SharedBatches
from tumorcast.training.across import agreed_on, shown
from tumorcast.training.module import CourseModule
from tumorcast.training.stop import Stopped, Wish

RESUME_FILE, PREVIOUS_FILE = "resume.ckpt", "resume.previous.ckpt"
NOT_TRAINED = -1
"""The "epoch" of a network that still says what its anchors say."""


def save_weights(weights: dict[str, torch.Tensor], path: Path) -> None:
    """State dict -> safetensors."""
    temporary = path.with_name(path.name + ".part")
    save_file({k: v.detach().cpu().contiguous() for k, v in weights.items()}, temporary)
    _flush(temporary)
    os.replace(temporary, path)


def _flush(path: Path) -> None:
    """To the disk: a power cut must not leave the new name with nothing behind it."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _is_readable(path: Path) -> bool:
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged archive makes of the reader
        print(f"{path} cannot be read ({type(error).__name__}): an older state is used", file=sys.stderr)
        return False
    return True


def load_weights(module: torch.nn.Module, path: Path) -> None:
    """Strictly: every tensor must be there, with its shape."""
    module.load_state_dict(load_file(path))


def is_over(history: list[dict[str, float]], patience: int) -> bool:
    """True where the inner loss has not fallen for `patience` epochs, or is no number any more."""
    losses = [epoch["val_loss"] for epoch in history]
    if not losses:
        return False
    return not math.isfinite(losses[-1]) or len(losses) - 1 - losses.index(min(losses)) >= patience


class EpochCheckpoint(Callback):
    """Keeps the best weights, stops early, and writes the whole training state.

    It is written at each epoch's end, every `training.checkpoint_minutes`, and when a signal asks to stop. The
    state is Lightning's checkpoint (this callback's best weights are inside it); it is read back with
    `weights_only=True`, so it can hold tensors and plain values only.

    Args:
        folder: of the member.
        patience: epochs without a better inner loss before stopping.
        sampler, batches: of the training courses; a run that goes on takes them up where it stopped.
    """

    def __init__(self, folder: Path, patience: int, sampler: EpochSampler, batches: SharedBatches) -> None:
        self.path, self.previous = folder / RESUME_FILE, folder / PREVIOUS_FILE
        self.patience, self.sampler, self.batches = patience, sampler, batches
        self.best_loss = float("inf")
        self.best_epoch = -1
        self.best: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, float]] = []
        self._running: dict[str, float] = {}

    def found(self) -> Path | None:
        """The newest state that can be read, as the first process sees it; None to begin anew."""
        states = [self.path, self.previous]

        def look() -> int:
            readable = (n for n, path in enumerate(states) if path.is_file() and _is_readable(path))
            return next(readable, -1)

        chosen = agreed_on(look)
        return shown(states[chosen]) if chosen >= 0 else None

    def remove(self) -> None:
        """The states of a finished member."""
        for path in (self.previous, self.path):
            path.unlink(missing_ok=True)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module = _ours(pl_module)
        module.wishes.listen()
        if self._running:
            module.loss_total = torch.tensor(self._running["loss"], device=module.device)
            module.loss_count = int(self._running["count"])
        trainer.should_stop = is_over(self.history, self.patience)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx % trainer.accumulate_grad_batches:
            return  # gradients that wait for the next batch are not part of the state
        wish = _ours(pl_module).wish()
        if wish > Wish.NOTHING and batch_idx > 0:
            self._write(trainer, batch_idx)
        if wish == Wish.STOP:
            if trainer.is_global_zero:
                told = "stopped on request, state written; the same command goes on where it stopped"
                print(told, file=sys.stderr, flush=True)
            raise Stopped

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        loss = float(trainer.callback_metrics["val_loss"])
        if loss < self.best_loss:
            self.offer(loss, trainer.current_epoch, trainer.strategy.lightning_module_state_dict())

    def offer(self, loss: float, epoch: int, weights: dict[str, torch.Tensor]) -> None:
        """Keep the module's weights where they are the best so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, epoch
            self.best = {k: v.detach().cpu().clone() for k, v in weights.items()}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        losses = {
            "train_loss": _ours(pl_module).mean_loss,
            "val_loss": float(trainer.callback_metrics["val_loss"]),
        }
        self.history.append({"epoch": float(trainer.current_epoch)} | losses)
        trainer.should_stop = is_over(self.history, self.patience)
        self._write(trainer, 0)

    def _write(self, trainer: pl.Trainer, batches: int) -> None:
        """The state before batch number `batches`; 0 is that between two epochs."""
        module = _ours(trainer.lightning_module)
        self._running = {
            "epoch": float(trainer.current_epoch + (batches == 0)),
            "batches": float(batches),
            "loss": float(module.loss_total) if batches else 0.0,
            "count": float(module.loss_count if batches else 0),
        }
        temporary = self.path.with_name(self.path.name + ".part")
        trainer.save_checkpoint(temporary)
        if trainer.is_global_zero:
            _flush(temporary)
            if self.path.is_file():
                os.replace(self.path, self.previous)
            os.replace(temporary, self.path)
        trainer.strategy.barrier()  # who leaves now must not take the one that renames with it
        module.wishes.written()

    def state_dict(self) -> dict[str, Any]:
        return {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "best": self.best,
            "history": self.history,
            "running": self._running,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_loss, self.best_epoch = state_dict["best_loss"], state_dict["best_epoch"]
        self.best, self.history = state_dict["best"], state_dict["history"]
        self._running = state_dict["running"]
        self.sampler.set_epoch(int(self._running["epoch"]))
        self.batches.begin_at = int(self._running["batches"])


def _ours(module: pl.LightningModule) -> CourseModule:
    assert isinstance(module, CourseModule)
    return module
