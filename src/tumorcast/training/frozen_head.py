"""The read-out of a fine-tuning trained on the encoder as it is: what tuning must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from tumorcast.nn.tuned_net import pack_bags
from tumorcast.training.finetune_data import TuningCourse

if TYPE_CHECKING:
    from tumorcast.training.finetune_fit import Tuner

DRAWS = 2
"""Tiles of a course that are kept as features, in draws of an epoch."""
_LONGER = 5


def fit_frozen_head(
    tuner: Tuner, training: Sequence[TuningCourse], validation: Sequence[TuningCourse]
) -> None:
    """Train pooling and read-out on features that are computed once, until the inner loss stops falling.

    Rates, batches and patience are those of the tuning, epochs up to five times as many; tiles keep their own stain.
    The head has its best tensors afterwards; the encoder is not touched.
    """
    config, head = tuner.config, tuner.net.head
    torch.manual_seed(config.seed)
    known = [_features(tuner, course, DRAWS * config.tiles) for course in training]
    held = [_features(tuner, course, config.tiles) for course in validation]
    labels = [np.array([course.label for course in part], np.float32) for part in (training, validation)]
    optimiser = torch.optim.AdamW(head.parameters(), lr=config.head_rate, weight_decay=config.weight_decay)
    best, best_loss, best_epoch = _copied(tuner), float("inf"), 0
    for epoch in range(_LONGER * config.epochs):
        if epoch - best_epoch > config.patience:
            break
        random = np.random.default_rng([config.seed, epoch, 19])
        head.train()
        order = random.permutation(len(known))
        for rows in np.split(order, range(config.batch, len(order), config.batch)):
            bags = [known[i][random.permutation(len(known[i]))[: config.tiles]] for i in rows]
            optimiser.zero_grad(set_to_none=True)
            _loss(tuner, bags, labels[0][rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        head.eval()
        with torch.no_grad():
            loss = float(_loss(tuner, held, labels[1]))
        if loss < best_loss:
            best, best_loss, best_epoch = _copied(tuner), loss, epoch
    head.load_state_dict(best)


def _features(tuner: Tuner, course: TuningCourse, count: int) -> Tensor:
    """Standardised [k, dim] of at most so many tiles, off the device."""
    with torch.no_grad(), tuner.mixed():
        features = tuner.net.features(tuner.moved(course.fixed_tiles(count, tuner.config.seed)))
    return ((features.float() - tuner.net.mean) / tuner.net.scale).cpu()


def _loss(tuner: Tuner, bags: Sequence[Tensor], labels: np.ndarray) -> Tensor:
    """Mean cross entropy."""
    packed, owner = pack_bags([bag.to(tuner.device) for bag in bags])
    with tuner.mixed():
        logits = tuner.net.head(packed, owner, len(bags))
    return binary_cross_entropy_with_logits(logits.float(), torch.from_numpy(labels).to(tuner.device))


def _copied(tuner: Tuner) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in tuner.net.head.state_dict().items()}
