"""The loop of fine-tuning: steps, inner loss, early stopping; resumable at every epoch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from tumorcast.config.finetune import FinetuneConfig
from tumorcast.nn.backbones import Backbone
from tumorcast.nn.lora import check_reached
from tumorcast.nn.tile_graph import TilesToFeatures
from tumorcast.nn.trained_part import open_for_training
from tumorcast.nn.tuned_net import TunedNet, pack_bags
from tumorcast.training.checkpoint import NOT_TRAINED
from tumorcast.training.finetune_data import TuningCourse, batches
from tumorcast.training.finetune_state import TuningState, finite, load_state, restore, save_state
from tumorcast.training.frozen_head import fit_frozen_head

_SAMPLE_COURSES, _SAMPLE_TILES = 64, 4
_GRADIENT_CLIP = 1.0


class Tuner:
    """One network that is fine-tuned.

    Args:
        backbone: its network is changed in place.
        config: how.
        courses: whose tiles tell mean and spread of the features.
        tile_px: side of the tiles.
        device: where.
    """

    def __init__(
        self,
        backbone: Backbone,
        config: FinetuneConfig,
        courses: Sequence[TuningCourse],
        tile_px: int,
        device: torch.device,
    ) -> None:
        self.config, self.device = config, device
        torch.manual_seed(config.seed)
        encoder = TilesToFeatures(backbone, tile_px).eval().to(device)
        self.dtype = precision_of(config.precision, device)
        mean, scale = self._spread(encoder, courses)
        self.opened = open_for_training(backbone.network, config)
        self.net = TunedNet(encoder, mean, scale, config.width, config.dropout, config.chunk).to(device)
        self.optimiser = torch.optim.AdamW(
            [
                {"params": self.opened, "lr": config.rate},
                {"params": list(self.net.head.parameters()), "lr": config.head_rate},
            ],
            weight_decay=config.weight_decay,
        )

    def _spread(self, encoder: TilesToFeatures, courses: Sequence[TuningCourse]) -> tuple[Tensor, Tensor]:
        """Mean and scale [dim] of the features of some tiles, before training."""
        some = list(courses)[:: max(1, len(courses) // _SAMPLE_COURSES)][:_SAMPLE_COURSES]
        with torch.inference_mode(), self.mixed():
            drawn = [
                encoder(self.moved(course.fixed_tiles(_SAMPLE_TILES, self.config.seed))).float()
                for course in some
            ]
        table = torch.cat(drawn).cpu()
        scale = table.std(dim=0)
        return table.mean(dim=0).clone(), torch.where(scale > 1e-6, scale, 1.0).clone()

    def mixed(self) -> contextlib.AbstractContextManager[object]:
        """Autocast where the precision is half."""
        if self.dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def moved(self, tiles: np.ndarray) -> Tensor:
        """Tiles on the device."""
        return torch.from_numpy(np.ascontiguousarray(tiles)).to(self.device)

    def loss(self, bags: Sequence[np.ndarray], labels: Sequence[float]) -> Tensor:
        """Summed cross entropy of some courses."""
        tiles, owner = pack_bags([self.moved(bag) for bag in bags])
        with self.mixed():
            logits = self.net(tiles, owner, len(bags))
        wanted = torch.tensor(list(labels), device=self.device)
        return binary_cross_entropy_with_logits(logits.float(), wanted, reduction="sum")

    def step(self, courses: Sequence[TuningCourse], epoch: int) -> float:
        """One step on a batch, part by part; returns its summed loss."""
        config, total = self.config, 0.0
        self.optimiser.zero_grad(set_to_none=True)
        for part in np.array_split(np.arange(len(courses)), min(config.accumulate, len(courses))):
            some = [courses[i] for i in part]
            bags = [course.tiles(config.tiles, epoch, config.stain, config.seed) for course in some]
            loss = self.loss(bags, [course.label for course in some])
            (loss / len(courses)).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        nn.utils.clip_grad_norm_(
            [*self.opened, *self.net.head.parameters()], _GRADIENT_CLIP, error_if_nonfinite=False
        )
        self.optimiser.step()
        return total

    def inner_loss(self, courses: Sequence[TuningCourse]) -> float:
        """Mean loss of courses that are not trained on."""
        self.net.eval()
        with torch.inference_mode():
            losses = [
                float(self.loss([course.fixed_tiles(self.config.tiles, self.config.seed)], [course.label]))
                for course in courses
            ]
        return float(np.mean(losses))

    def probabilities(self, courses: Sequence[TuningCourse], tiles: int) -> np.ndarray:
        """[n] of response, of at most so many tiles each."""
        self.net.eval()
        found = []
        with torch.inference_mode(), self.mixed():
            for course in courses:
                packed, owner = pack_bags([self.moved(course.fixed_tiles(tiles, self.config.seed))])
                found.append(float(torch.sigmoid(self.net(packed, owner, 1).float())))
        return np.array(found)

    def fit(
        self,
        training: Sequence[TuningCourse],
        validation: Sequence[TuningCourse],
        path: Path,
        tell: Callable[[str], None] = lambda text: None,
    ) -> TuningState:
        """Train until the inner loss stops falling; the network has its best tensors afterwards.

        First the read-out alone, on the encoder as it is: an epoch of tuning counts only where its inner loss is lower.
        The state lies in `path` after every epoch; from there an interrupted call goes on to the same end.

        Raises:
            InputError: a loss is not finite.
        """
        if path.is_file():
            state = load_state(self.net, self.optimiser, path)
        else:
            fit_frozen_head(self, training, validation)
            state = TuningState(frozen_loss=self.inner_loss(validation))
            state.offer(state.frozen_loss, NOT_TRAINED, self.net)
            save_state(state, self.net, self.optimiser, path)
        tell(f"encoder as it was: inner loss {state.frozen_loss:.4f}")
        while state.epoch + 1 < self.config.epochs and state.waited < self.config.patience:
            epoch = state.epoch + 1
            train_loss = self._epoch(training, epoch)
            inner = self.inner_loss(validation)
            state.offer(inner, epoch, self.net)
            state.history.append({"epoch": float(epoch), "train_loss": train_loss, "val_loss": inner})
            save_state(state, self.net, self.optimiser, path)
            tell(f"epoch {epoch}: loss {train_loss:.4f}, inner loss {inner:.4f}")
        restore(self.net, state.best)
        return state

    def _epoch(self, training: Sequence[TuningCourse], epoch: int) -> float:
        torch.manual_seed(self.config.seed * 100_003 + epoch + 1)
        self.net.train()
        total = 0.0
        for number, batch in enumerate(batches(training, self.config.batch, epoch, self.config.seed)):
            total += finite(self.step(batch, epoch))
            if self.config.method == "lora" and number == epoch == 0:
                check_reached(self.net.encoder.network)
        return total / len(training)


def precision_of(precision: str, device: torch.device) -> torch.dtype:
    """What a setting of the precision means on a device."""
    if precision == "bf16":
        return torch.bfloat16
    has = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if precision == "auto" and has else torch.float32
