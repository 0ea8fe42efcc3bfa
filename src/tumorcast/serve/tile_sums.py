"""Tiles of a course, a chunk at a time: the attention pooling of `tiles.onnx`, joined over chunks of any size.

Exact: the pooled tokens do not depend on where the chunks end, and memory beyond the tiles is that of a few chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.arrays import F32, Tiles
from tumorcast.slides.ort_session import available_cores, make_session

OUTPUTS = ("logits", "peak", "weight", "content", "total")
_CHUNK_VALUES = 1_000_000
_MOST_LANES = 4
_LEAST_WEIGHT = 1e-12


@dataclass(frozen=True)
class TileSums:
    """What some tiles of a course add up to (E members, K queries, W channels).

    Attributes:
        peak: [E, K] highest attention logit; -inf of no tile.
        weight: [E, K] sum of exp(logit - peak).
        content: [E, K, W] sum of exp(logit - peak) * value.
        total: [dim] sum of the standardised tiles.
        count: tiles.
    """

    peak: F32
    weight: F32
    content: F32
    total: F32
    count: int

    def __add__(self, other: TileSums) -> TileSums:
        """The sums of the tiles of both."""
        if not self.count or not other.count:
            return other if not self.count else self
        peak = np.maximum(self.peak, other.peak)
        mine, theirs = np.exp(self.peak - peak), np.exp(other.peak - peak)
        return TileSums(
            peak,
            self.weight * mine + other.weight * theirs,
            self.content * mine[..., None] + other.content * theirs[..., None],
            self.total + other.total,
            self.count + other.count,
        )

    @property
    def pooled(self) -> F32:
        """[E, K, W]; zero of no tile."""
        return np.asarray(self.content / np.maximum(self.weight, _LEAST_WEIGHT)[..., None], np.float32)

    @property
    def summary(self) -> F32:
        """[dim] mean standardised tile; zero of no tile."""
        return np.asarray(self.total / max(self.count, 1), np.float32)

    def attention(self, logits: F32) -> F32:
        """[T] weight of each tile, mean over members and queries; sums to 1.

        Args:
            logits: [T, E * K] of the tiles of which these are the sums.
        """
        weights = np.exp(logits - self.peak.ravel()) / np.maximum(self.weight.ravel(), _LEAST_WEIGHT)
        return np.asarray(weights.mean(axis=1), np.float32)


class TileReader:
    """`tiles.onnx`, ready to run: several chunks at a time, each on its own core.

    Args:
        path: the graph.
        threads: cores to use (None: every core).
        chunk: tiles at a time (None: as many as fit a core's cache and the bound of memory).
    """

    def __init__(
        self,
        path: Path,
        threads: int | None = None,
        chunk: int | None = None,
    ) -> None:
        cores = threads or available_cores()
        self._lanes = min(cores, _MOST_LANES)
        self._session = make_session(path, max(cores // self._lanes, 1))
        self.dim = int(self._session.get_inputs()[0].shape[1])
        self._shapes = {out.name: out.shape for out in self._session.get_outputs()}
        self._chunk = chunk or max(_CHUNK_VALUES // max(self.dim, 1), 64)

    def read(self, tiles: Tiles) -> tuple[TileSums, F32]:
        """(sums, logits [T, E * K]) of a course's tiles."""
        with ThreadPoolExecutor(self._lanes) as pool:
            spans = _spans(len(tiles), self._chunk)
            parts = list(pool.map(lambda span: self._run(np.asarray(tiles[span], np.float32)), spans))
        sums = sum((part[1] for part in parts), start=self._nothing())
        return sums, np.concatenate([self._no_logits(), *(part[0] for part in parts)])

    def read_blocks(self, tiles: Tiles, blocks: NDArray[np.int64]) -> list[TileSums]:
        """Sums of the tiles of each block, numbered from 0 in `blocks` [T]."""

        def of_span(span: slice) -> dict[int, TileSums]:
            some, own = np.asarray(tiles[span], np.float32), blocks[span]
            return {int(block): self._run(some[own == block])[1] for block in np.unique(own)}

        found = [self._nothing()] * (int(blocks.max()) + 1)
        with ThreadPoolExecutor(self._lanes) as pool:
            for part in pool.map(of_span, _spans(len(tiles), self._chunk)):
                for block, sums in part.items():
                    found[block] += sums
        return found

    def _run(self, tiles: F32) -> tuple[F32, TileSums]:
        logits, peak, weight, content, total = self._session.run(list(OUTPUTS), {"tiles": tiles})
        return logits, TileSums(peak, weight, content, total, len(tiles))

    def _nothing(self) -> TileSums:
        peak = np.full(self._shapes["peak"], -np.inf, np.float32)
        content, total = (np.zeros(self._shapes[name], np.float32) for name in ("content", "total"))
        return TileSums(peak, np.zeros_like(peak), content, total, 0)

    def _no_logits(self) -> F32:
        return np.zeros((0, int(self._shapes["logits"][1])), np.float32)


def all_but_each(parts: Sequence[TileSums]) -> list[TileSums]:
    """For each of two or more parts, the sums of all the others; nothing is subtracted, so nothing is lost."""
    before, after = list(parts), list(parts)
    for i in range(1, len(parts)):
        before[i] = before[i - 1] + parts[i]
        after[-1 - i] = parts[-1 - i] + after[-i]
    middle = [before[i - 1] + after[i + 1] for i in range(1, len(parts) - 1)]
    return [after[1], *middle, before[-2]]


def _spans(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
