"""What fine-tuning costs on this machine, measured on a few batches before it starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch.autograd.graph import saved_tensors_hooks

from tumorcast.nn.tuned_net import PooledReadOut, pack_bags
from tumorcast.training.finetune_data import TuningCourse
from tumorcast.training.finetune_fit import Tuner
from tumorcast.training.frozen_head import DRAWS

_TURNS = 3
_STORED_TILES = 512
_ADAM_COPIES = 3
"""Gradient and two moments beside each trained number."""


@dataclass(frozen=True)
class Cost:
    """Seconds, bytes and numbers.

    Attributes:
        trained, total: parameters of the encoder that are trained, and all of them; head: of pooling and read-out.
        courses, slides: how many.
        epochs: at most.
        frozen_seconds: of the encoder before the first epoch, for the read-out that is trained without tuning it.
        train_seconds, inner_seconds: of an epoch: steps, and the inner loss.
        peak_bytes: of a step, above what the program needs anyway; on a GPU as measured, on a CPU the weights,
            gradients, moments and saved activations, without what operators hold for a moment.
        kept_bytes: on disk, of the kept tiles.
        encode_seconds: of encoding every tile of the slides once, without reading them.
        stored_seconds: of an epoch of the same pooling on stored features of up to 512 tiles a course.
    """

    trained: int
    total: int
    head: int
    courses: int
    slides: int
    epochs: int
    frozen_seconds: float
    train_seconds: float
    inner_seconds: float
    peak_bytes: int
    kept_bytes: int
    encode_seconds: float
    stored_seconds: float
    device: str

    @property
    def epoch_seconds(self) -> float:
        return self.train_seconds + self.inner_seconds

    def table(self) -> str:
        """A few lines for the screen."""
        least = "" if self.device == "cuda" else "at least "
        rows = {
            "trained": f"{self.trained:,} of the encoder's {self.total:,} numbers ({self.trained / self.total:.1%}), "
            f"{self.head:,} of pooling and read-out",
            "an epoch": f"{_time(self.epoch_seconds)} on this {self.device}, {self.courses} courses",
            "at most": f"{_time(self.frozen_seconds + self.epochs * self.epoch_seconds)} for {self.epochs} epochs; "
            "stops earlier if the inner loss does not fall",
            "memory": f"{least}{self.peak_bytes / 1e9:.2f} GB above the program's own",
            "disk": f"{self.kept_bytes / 1e9:.2f} GB of kept tiles",
            "then": f"{_time(self.encode_seconds)} to encode {self.slides} slides anew (without reading them)",
            "instead": f"{_time(self.stored_seconds)} an epoch of the same pooling on stored features",
        }
        return "\n".join(f"{name:10s}{text}" for name, text in rows.items())


def cost_of(tuner: Tuner, sample: Sequence[TuningCourse], courses: int, slides: int) -> Cost:
    """Measured on the tiles of some courses; the network is left as it was, but for the random state of torch.

    Args:
        tuner: what will be trained.
        sample: courses whose tiles are there.
        courses, slides: of the whole.
    """
    config = tuner.config
    tiles = np.concatenate([course.fixed_tiles(config.tiles, config.seed) for course in sample])
    count = min(2 * config.chunk, config.batch * config.tiles)
    tiles = tiles[np.arange(count) % len(tiles)]
    with torch.random.fork_rng(devices=[]):
        step = _seconds(tuner, lambda: _backward(tuner, tiles)) / count + _drawing(tuner, sample[0])
        peak = _peak(tuner, tiles)
        look = _seconds(tuner, lambda: _forward(tuner, tiles)) / count
        stored = _stored(tuner, len(tuner.net.mean)) * courses / config.batch
    tuner.optimiser.zero_grad(set_to_none=True)
    held = courses / config.inner_folds
    in_slide = float(np.mean([slide.in_slide for course in sample for slide in course.slides]))
    side = tiles.shape[1]
    return Cost(
        trained=sum(each.numel() for each in tuner.opened),
        total=sum(each.numel() for each in tuner.net.encoder.network.parameters()),
        head=sum(each.numel() for each in tuner.net.head.parameters()),
        courses=courses,
        slides=slides,
        epochs=config.epochs,
        frozen_seconds=look * (DRAWS * (courses - held) + held) * config.tiles,
        train_seconds=step * (courses - held) * config.tiles,
        inner_seconds=look * held * config.tiles,
        peak_bytes=peak,
        kept_bytes=int(slides * min(config.kept_tiles, in_slide) * side * side * 3),
        encode_seconds=look * slides * in_slide,
        stored_seconds=stored,
        device=tuner.device.type,
    )


def _drawing(tuner: Tuner, course: TuningCourse) -> float:
    """Seconds to read a tile and stain it anew."""
    config = tuner.config
    drawn = len(course.fixed_tiles(config.tiles, config.seed))
    return _seconds(tuner, lambda: course.tiles(config.tiles, 0, config.stain, config.seed)) / drawn


def _backward(tuner: Tuner, tiles: np.ndarray) -> None:
    tuner.net.train()
    tuner.loss([tiles], [1.0]).backward()  # type: ignore[no-untyped-call]
    tuner.optimiser.zero_grad(set_to_none=True)


def _forward(tuner: Tuner, tiles: np.ndarray) -> None:
    tuner.net.eval()
    with torch.inference_mode():
        tuner.loss([tiles], [1.0])


def _seconds(tuner: Tuner, act: Callable[[], object]) -> float:
    """Median of a few turns after one that does not count."""
    found = []
    for _ in range(1 + _TURNS):
        start = perf_counter()
        act()
        if tuner.device.type == "cuda":
            torch.cuda.synchronize(tuner.device)
        found.append(perf_counter() - start)
    return median(found[1:])


def _peak(tuner: Tuner, tiles: np.ndarray) -> int:
    """Bytes of a step (see `Cost`)."""
    if tuner.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(tuner.device)
        _backward(tuner, tiles)
        return int(torch.cuda.max_memory_allocated(tuner.device))
    saved: dict[int, int] = {}

    def noted(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(noted, lambda tensor: tensor):
        kept = tuner.net.encoder(tuner.moved(tiles[: tuner.config.chunk]))
    del kept
    weights = {each.data_ptr() for each in tuner.net.parameters()}
    held = sum(each.numel() * each.element_size() for each in tuner.net.parameters())
    opened = sum(each.numel() for each in [*tuner.opened, *tuner.net.head.parameters()])
    activations = sum(size for place, size in saved.items() if place not in weights)
    return int(held + 4 * _ADAM_COPIES * opened + activations)


def _stored(tuner: Tuner, dim: int) -> float:
    """Seconds of a step of the pooling on stored features."""
    head = PooledReadOut(dim, tuner.config.width, tuner.config.dropout).to(tuner.device)
    bags = [torch.randn(_STORED_TILES, dim, device=tuner.device) for _ in range(tuner.config.batch)]

    def act() -> None:
        packed, owner = pack_bags(bags)
        head(packed, owner, len(bags)).sum().backward()

    return _seconds(tuner, act)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
