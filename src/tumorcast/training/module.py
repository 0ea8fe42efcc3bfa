"""The Lightning module: loss, optimiser, epoch seeding. No layers and no clinical rules here."""

from __future__ import annotations

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from tumorcast.batches.batch import CourseBatch, CourseLabels
from tumorcast.config.models import TrainingConfig
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.predictor import PredictorOutput

_WARM_UP_EPOCHS = 3


class CourseModule(pl.LightningModule):
    """Trains a network.

    `anchored` [n, M + 1, H] is what the anchors say of each training course without having seen it; None
    where the network has no anchors.
    The loss is that of the fused score plus `auxiliary_weight` times the mean of the single read-outs', each
    over the courses that have the modality. Random numbers of a step depend on `seed` and its place alone, so
    a run resumed at an epoch boundary equals one that never stopped. Every process validates on the whole
    inner fold, so that `val_loss` is the same number on all of them.
    """

    anchored: Tensor | None

    def __init__(
        self,
        predictor: CourseNet,
        training: TrainingConfig,
        auxiliary_weight: float,
        seed: int,
        anchored: Tensor | None,
    ) -> None:
        super().__init__()
        self.predictor = predictor
        self.training_config = training
        self.auxiliary_weight = auxiliary_weight
        self.seed = seed
        self.register_buffer("anchored", anchored, persistent=False)
        self.outcome = OutcomeLoss(predictor.heads, predictor.ordinal)
        self._seen: list[tuple[Tensor, CourseLabels]] = []

    def on_train_batch_start(self, batch: CourseBatch, batch_idx: int) -> None:
        place = np.random.SeedSequence((self.seed, self.current_epoch, batch_idx, self.global_rank))
        torch.manual_seed(int(place.generate_state(1)[0]))

    def on_train_epoch_start(self) -> None:
        warm = min(1.0, (self.current_epoch + 1) / _WARM_UP_EPOCHS)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.training_config.lr * warm

    def transfer_batch_to_device(
        self, batch: CourseBatch, device: torch.device, dataloader_idx: int
    ) -> CourseBatch:
        return batch.to(device)

    def training_step(self, batch: CourseBatch, batch_idx: int) -> Tensor:
        anchored = () if self.anchored is None else (self.anchored[batch.place],)
        output = self.predictor(batch.inputs, *anchored)
        loss = self.outcome(output.scores, batch.labels)
        loss = loss + self.auxiliary_weight * self._auxiliary(output, batch)
        self.log("train_loss", loss, on_epoch=True, on_step=False, batch_size=len(batch.place))
        return loss

    def _auxiliary(self, output: PredictorOutput, batch: CourseBatch) -> Tensor:
        losses = []
        for m in range(output.read_outs.shape[1]):
            hidden = ~batch.inputs.is_present[:, m]
            labels = CourseLabels(*(x.masked_fill(hidden, torch.nan) for x in batch.labels))
            losses.append(self.outcome(output.read_outs[:, m], labels))
        return torch.stack(losses).mean() if losses else output.scores.new_zeros(())

    def validation_step(self, batch: CourseBatch, batch_idx: int) -> None:
        self._seen.append((self.predictor(batch.inputs).scores, batch.labels))

    def on_validation_epoch_end(self) -> None:
        scores = torch.cat([scores for scores, _ in self._seen])
        labels = CourseLabels(
            *(torch.cat(parts) for parts in zip(*(kept for _, kept in self._seen), strict=True))
        )
        self._seen.clear()
        self.log("val_loss", self.outcome(scores, labels), prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        decayed = [p for p in self.predictor.parameters() if p.ndim >= 2]
        plain = [p for p in self.predictor.parameters() if p.ndim < 2]
        decay = self.training_config.weight_decay
        groups = [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=self.training_config.lr)
