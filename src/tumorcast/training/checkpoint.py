"""Weights on disk: safetensors beside JSON, written atomically; the resume file is the run's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from safetensors.torch import load_file, save_file

RESUME_FILE = "resume.ckpt"
NOT_TRAINED = -1
"""The "epoch" of a network that still says what its anchors say."""


def save_weights(module: torch.nn.Module, path: Path) -> None:
    """State dict -> safetensors."""
    temporary = path.with_name(path.name + ".part")
    save_file({k: v.detach().cpu().contiguous() for k, v in module.state_dict().items()}, temporary)
    os.replace(temporary, path)


def load_weights(module: torch.nn.Module, path: Path) -> None:
    """Strictly: every tensor must be there, with its shape."""
    module.load_state_dict(load_file(path))


class EpochCheckpoint(Callback):
    """Keeps the best weights, and writes the whole training state at each epoch boundary.

    The state is Lightning's checkpoint (this callback's best weights and the early stopping are inside it);
    it is read back with `weights_only=True`, so it can hold tensors and plain values only.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / RESUME_FILE
        self.best_loss = float("inf")
        self.best_epoch = -1
        self.best: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, float]] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        loss = float(trainer.callback_metrics["val_loss"])
        if not trainer.sanity_checking:
            self.offer(loss, trainer.current_epoch, pl_module)

    def offer(self, loss: float, epoch: int, module: torch.nn.Module) -> None:
        """Keep the module's weights where they are the best so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, epoch
            self.best = {k: v.detach().cpu().clone() for k, v in module.state_dict().items()}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        seen = trainer.callback_metrics
        losses: dict[str, float] = {k: float(seen[k]) for k in ("train_loss", "val_loss") if k in seen}
        self.history.append({"epoch": float(trainer.current_epoch)} | losses)
        temporary = self.path.with_name(self.path.name + ".part")
        trainer.save_checkpoint(temporary)
        if trainer.is_global_zero:
            os.replace(temporary, self.path)

    def state_dict(self) -> dict[str, Any]:
        return {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "best": self.best,
            "history": self.history,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_loss, self.best_epoch = state_dict["best_loss"], state_dict["best_epoch"]
        self.best, self.history = state_dict["best"], state_dict["history"]
