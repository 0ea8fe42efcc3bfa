"""The Lightning module: loss, optimiser, epoch seeding. No layers and no clinical rules here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import FSDPStrategy
from torch import Tensor

from tumorcast.batches.batch import CourseBatch, CourseLabels
from tumorcast.config.models import TrainingConfig
from tumorcast.nn.agent_dropout import drawn_for_agents, hide_agents
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.modality_dropout import drawn, hide_some
from tumorcast.training.across import agreed, whole, world
from tumorcast.training.stop import Wish, Wishes

_WARM_UP_EPOCHS = 3


class CourseModule(pl.LightningModule):
    """Trains a network.

    `anchored` [n, M + 1, H] is what the anchors say of each of the `courses` = n training courses without having
    seen it; None where the network has no anchors.
    The loss is that of the fused score plus `auxiliary_weight` times the mean of the single read-outs', each
    over the courses that show the modality; always of the whole global batch, whatever the number of processes.
    Which tiles, modalities and names of drugs are seen depends on seed, epoch and course alone. The masks of the
    inner dropout depend on `seed`, the step's place and the process, so that a run that goes on equals one that
    never stopped, but not one on another number of processes.
    """

    anchored: Tensor | None

    def __init__(
        self,
        predictor: CourseNet,
        training: TrainingConfig,
        auxiliary_weight: float,
        seed: int,
        anchored: Tensor | None,
        courses: int,
    ) -> None:
        super().__init__()
        self.predictor = predictor
        self.training_config = training
        self.auxiliary_weight = auxiliary_weight
        self.seed, self.courses = seed, courses
        self.register_buffer("anchored", anchored, persistent=False)
        self.outcome = OutcomeLoss(predictor.heads, predictor.ordinal)
        self.wishes = Wishes(training.checkpoint_minutes)
        self.loss_total, self.loss_count = torch.zeros(()), 0
        self._asked = torch.zeros(())
        self._draw: tuple[int, Tensor, Tensor] = (-1, torch.zeros(0, 0), torch.zeros(0))
        self._seen: list[tuple[Tensor, CourseLabels]] = []
        self._matrices = {name for name, value in predictor.named_parameters() if value.ndim >= 2}

    @property
    def mean_loss(self) -> float:
        """Of the epoch's courses so far."""
        return float(self.loss_total) / max(self.loss_count, 1)

    def wish(self) -> Wish:
        """What the processes want before the next step; of several, as they said at the last one."""
        return self.wishes.now() if world() == 1 else Wish(int(self._asked))

    def on_train_epoch_start(self) -> None:
        self.loss_total, self.loss_count = torch.zeros((), device=self.device), 0
        warm = min(1.0, (self.current_epoch + 1) / _WARM_UP_EPOCHS)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.training_config.lr * warm

    def on_train_batch_start(self, batch: CourseBatch, batch_idx: int) -> None:
        place = np.random.SeedSequence((self.seed, self.current_epoch, batch_idx, self.global_rank))
        torch.manual_seed(int(place.generate_state(1)[0]))

    def transfer_batch_to_device(
        self, batch: CourseBatch, device: torch.device, dataloader_idx: int
    ) -> CourseBatch:
        return batch.to(device)

    def training_step(self, batch: CourseBatch, batch_idx: int) -> Tensor:
        of_modalities, of_agents = (draw[batch.place] for draw in self._drawn())
        kept = hide_some(batch.inputs.is_present, of_modalities, self.predictor.modality_dropout)
        shown = hide_agents(
            batch.inputs.drug_agent, batch.inputs.drug_course, of_agents, self.predictor.agent_dropout
        )
        anchored = () if self.anchored is None else (self.anchored[batch.place],)
        output = self.predictor(batch.inputs._replace(is_present=kept, drug_agent=shown), *anchored)
        wish = torch.full_like(batch.labels.response, float(self.wishes.now()))
        own = self.predictor.own_losses(batch.inputs, output, batch.labels)
        has_own = ~own.isnan()
        beside = own.masked_fill(~has_own, 0)[:, :, None].expand(-1, -1, output.scores.shape[1])
        says = torch.cat([output.scores[:, None], output.read_outs, beside], dim=1)
        known = [*kept.unbind(1), *has_own.unbind(1)]
        says, facts = self._whole(says, torch.stack([*batch.labels, wish, *known], dim=1))
        count = len(batch.labels)
        labels, known_of = CourseLabels(*facts[:, :count].unbind(1)), facts[:, count + 1 :] > 0
        read_outs, beside = says[:, 1:].split([output.read_outs.shape[1], own.shape[1]], dim=1)
        modalities = kept.shape[1]
        self._asked = facts[:, count].detach().nan_to_num().max()
        loss = self.outcome(says[:, 0], labels)
        auxiliary = self._auxiliary(read_outs, labels, known_of[:, :modalities])
        auxiliary = auxiliary + _mean_of(beside[:, :, 0], known_of[:, modalities:])
        loss = loss + self.auxiliary_weight * auxiliary
        size = min(
            self.training_config.batch_size, self.courses - batch_idx * self.training_config.batch_size
        )
        self.loss_total, self.loss_count = self.loss_total + size * loss.detach(), self.loss_count + size
        return self._with_all(loss)

    def _with_all(self, loss: Tensor) -> Tensor:
        """The loss, with a gradient for every parameter: processes wait for each other's of all of them."""
        if isinstance(self.trainer.strategy, FSDPStrategy):
            return loss
        trained = (value for value in self.predictor.parameters() if value.requires_grad)
        reached: Tensor = _Reaching.apply(loss, *trained)
        return reached

    def _drawn(self) -> tuple[Tensor, Tensor]:
        """Numbers that decide which modalities, and names of drugs, each course shows in this epoch."""
        if self._draw[0] != self.current_epoch:
            epoch, modalities = self.current_epoch, len(self.predictor.modalities)
            of_modalities = drawn(self.seed, epoch, self.courses, modalities).to(self.device)
            of_agents = drawn_for_agents(self.seed, epoch, self.courses).to(self.device)
            self._draw = epoch, of_modalities, of_agents
        return self._draw[1:]

    def _whole(self, says: Tensor, facts: Tensor) -> tuple[Tensor, Tensor]:
        """[b, k, H] and [b, f] of this process -> of the global batch."""
        most = -(-self.training_config.batch_size // world())
        flat, facts = whole(says.flatten(1), facts, most)
        return flat.unflatten(1, says.shape[1:]), facts

    def _auxiliary(self, read_outs: Tensor, labels: CourseLabels, is_present: Tensor) -> Tensor:
        losses = []
        for m in range(read_outs.shape[1]):
            seen = CourseLabels(*(x.masked_fill(~is_present[:, m], torch.nan) for x in labels))
            losses.append(self.outcome(read_outs[:, m], seen))
        return torch.stack(losses).mean() if losses else read_outs.new_zeros(())

    def validation_step(self, batch: CourseBatch, batch_idx: int) -> None:
        scores = self.predictor(batch.inputs).scores
        says, facts = self._whole(scores[:, None], torch.stack(list(batch.labels), dim=1))
        self._seen.append((says[:, 0], CourseLabels(*facts.unbind(1))))

    def on_validation_epoch_end(self) -> None:
        scores = torch.cat([scores for scores, _ in self._seen])
        labels = CourseLabels(
            *(torch.cat(parts) for parts in zip(*(kept for _, kept in self._seen), strict=True))
        )
        self._seen.clear()
        self.log("val_loss", agreed(self.outcome(scores, labels)), prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        named = list(self.predictor.named_parameters())
        decayed = [value for name, value in named if name in self._matrices]
        plain = [value for name, value in named if name not in self._matrices]
        decay = self.training_config.weight_decay
        groups = [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=self.training_config.lr)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        if isinstance(self.trainer.strategy, FSDPStrategy):
            self.trainer.strategy.model.clip_grad_norm_(gradient_clip_val)  # type: ignore[union-attr, operator]
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)


class _Reaching(torch.autograd.Function):
    """A loss as it is; parameters get a gradient of zero, whatever they are."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, *parameters: Tensor) -> Tensor:
        ctx.save_for_backward(*parameters)
        return loss.view_as(loss)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        return grad, *(torch.zeros_like(value) for value in ctx.saved_tensors)


def _mean_of(losses: Tensor, is_known: Tensor) -> Tensor:
    """Of the known ones; zero without any."""
    return (losses * is_known).sum() / is_known.sum().clamp_min(1)
