"""Fits the plain multiple-instance baseline: one network an inner fold, stopped early on it, averaged."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tumorcast.nn.abmil import Abmil, pack_bags

Array = NDArray[np.float64]
_EPOCHS, _PATIENCE, _BATCH, _MOST_TILES = 40, 8, 16, 512
_RATE, _DECAY = 1e-3, 1e-3


def fit_abmil(
    bags: Sequence[NDArray[np.float32]],
    label: Array,
    folds: NDArray[np.int64],
    test: Sequence[NDArray[np.float32]],
    seed: int = 0,
) -> Array:
    """[m] probability of response of test bags: mean of one network for each inner fold.

    Args:
        bags: [n] of [tiles, dim], standardised, none empty. label: [n] 0 or 1. folds: [n] inner fold of each.
        test: [m] likewise.
    """
    inside = [torch.from_numpy(np.asarray(bag, np.float32)) for bag in bags]
    outside = [torch.from_numpy(np.asarray(bag, np.float32)) for bag in test]
    truth = torch.from_numpy(np.asarray(label, np.float32))
    chances = []
    for k in np.unique(folds):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed * 1000 + int(k))
            model = _fit_one(inside, truth, torch.from_numpy(folds == k))
        with torch.inference_mode():
            chances.append(torch.sigmoid(model(*pack_bags(outside), len(outside))).double().numpy())
    return np.asarray(np.mean(chances, axis=0))


def _fit_one(bags: list[Tensor], truth: Tensor, is_held: Tensor) -> Abmil:
    model = Abmil(bags[0].shape[1])
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    loss_of = torch.nn.BCEWithLogitsLoss()
    training, held = torch.nonzero(~is_held).flatten(), torch.nonzero(is_held).flatten()
    best, kept, waited = float("inf"), copy.deepcopy(model.state_dict()), 0
    for _ in range(_EPOCHS):
        model.train()
        for rows in training[torch.randperm(len(training))].split(_BATCH):
            drawn = [_some(bags[int(i)]) for i in rows]
            optimiser.zero_grad()
            loss = loss_of(model(*pack_bags(drawn), len(drawn)), truth[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        model.eval()
        with torch.inference_mode():
            unseen = [bags[int(i)] for i in held]
            now = float(loss_of(model(*pack_bags(unseen), len(unseen)), truth[held]))
        waited = waited + 1
        if now < best:
            best, kept, waited = now, copy.deepcopy(model.state_dict()), 0
        if waited >= _PATIENCE:
            break
    model.load_state_dict(kept)
    return model.eval()


def _some(bag: Tensor) -> Tensor:
    return bag if len(bag) <= _MOST_TILES else bag[torch.randperm(len(bag))[:_MOST_TILES]]
