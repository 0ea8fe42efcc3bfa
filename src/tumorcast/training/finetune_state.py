"""The state of a fine-tuning at an epoch boundary: one safetensors file, written atomically."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tumorcast.domain.errors import InputError
from tumorcast.slides.owner import written_whole
from tumorcast.training.checkpoint import NOT_TRAINED

STATE_FILE = "state.safetensors"


@dataclass
class TuningState:
    """What is known after an epoch.

    Attributes:
        epoch: the last one that is whole.
        best_loss, best_epoch: of the inner part.
        best: trained tensors by name at that epoch.
        history: losses epoch by epoch.
        frozen_loss: of the inner part, with a read-out trained on the encoder as it was.
    """

    epoch: int = NOT_TRAINED
    best_loss: float = float("inf")
    best_epoch: int = NOT_TRAINED
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    frozen_loss: float = float("nan")

    def offer(self, loss: float, epoch: int, net: nn.Module) -> None:
        """Keep the trained tensors where they are the best so far; InputError where the loss is not finite."""
        self.epoch = epoch
        if finite(loss) < self.best_loss:
            self.best_loss, self.best_epoch, self.best = loss, epoch, trained(net)

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return self.epoch - self.best_epoch


def finite(loss: float) -> float:
    """The loss; InputError where it is no number."""
    if not math.isfinite(loss):
        raise InputError(
            "the tuning does not hold: its loss is not finite",
            got=loss,
            fix="lower rate and head_rate, set precision=32, or check that the encoder's weights are whole",
        )
    return loss


def trained(net: nn.Module) -> dict[str, Tensor]:
    """Copies of the tensors that training changes."""
    return {
        name: each.detach().cpu().clone().contiguous()
        for name, each in net.named_parameters()
        if each.requires_grad
    }


def restore(net: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Put trained tensors back."""
    own = dict(net.named_parameters())
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def save_state(state: TuningState, net: nn.Module, optimiser: torch.optim.Optimizer, path: Path) -> None:
    """Write the state with the present tensors and the optimiser's."""
    tensors = {f"best.{name}": each for name, each in state.best.items()}
    tensors |= {f"now.{name}": each for name, each in trained(net).items()}
    for number, kept in optimiser.state_dict()["state"].items():
        tensors |= {
            f"optimiser.{number}.{key}": value.detach().cpu().clone().contiguous()
            for key, value in kept.items()
        }
    told = {
        "epoch": state.epoch,
        "best_loss": state.best_loss,
        "best_epoch": state.best_epoch,
        "history": state.history,
        "frozen_loss": state.frozen_loss,
    }
    with written_whole(path) as temporary:
        save_file(tensors, temporary, metadata={"state": json.dumps(told)})


def load_state(net: nn.Module, optimiser: torch.optim.Optimizer, path: Path) -> TuningState:
    """Go on from what `save_state` wrote."""
    with safe_open(path, framework="pt") as file:
        told = json.loads((file.metadata() or {})["state"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    parts: dict[str, dict[str, Tensor]] = {"best": {}, "now": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = tensor
    restore(net, parts["now"])
    whole = optimiser.state_dict()
    for name, tensor in parts["optimiser"].items():
        number, _, key = name.partition(".")
        whole["state"].setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict(whole)
    return TuningState(**told, best=parts["best"])
