"""Rows of several scores sorted by place, so that a file of genotypes is read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.score import PolygenicScore, place_keys


@dataclass(frozen=True)
class PlacedRows:
    """Rows of all scores that can be matched, by place.

    Attributes:
        score, row: which score, and which of its rows; [n_rows], sorted by place.
        keys: places, ascending, each once. first: [n_keys + 1], rows of place k are first[k] to first[k + 1].
    """

    scores: Sequence[PolygenicScore]
    score: NDArray[np.int64]
    row: NDArray[np.int64]
    keys: NDArray[np.int64]
    first: NDArray[np.int64]

    def column(self, name: str) -> NDArray[Any]:
        """A column of the scores (`weight`, `effect`, ...) for every row."""
        parts = [getattr(score, name) for score in self.scores]
        found = np.empty(len(self.row), parts[0].dtype if parts else float)
        for n, part in enumerate(parts):
            mine = self.score == n
            found[mine] = part[self.row[mine]]
        return found

    def at(self, place: int) -> range:
        """Numbers of the rows at a place."""
        return range(int(self.first[place]), int(self.first[place + 1]))


def placed(scores: Sequence[PolygenicScore]) -> PlacedRows:
    """Sort; rows that a file's reader left out are not among them."""
    score, row, key = [], [], []
    for n, one in enumerate(scores):
        kept = np.ones(len(one), bool)
        kept[list(one.left_out)] = False
        rows = np.flatnonzero(kept)
        score.append(np.full(len(rows), n))
        row.append(rows)
        key.append(place_keys(one.chromosome[rows], one.position[rows]))
    keys = np.concatenate(key) if key else np.zeros(0, np.int64)
    order = np.argsort(keys, kind="stable")
    unique, first = np.unique(keys[order], return_index=True)
    return PlacedRows(
        tuple(scores), np.concatenate(score)[order].astype(np.int64), np.concatenate(row)[order].astype(np.int64),
        unique.astype(np.int64), np.append(first, len(keys)).astype(np.int64),
    )  # fmt: skip
