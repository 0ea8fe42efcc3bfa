"""The two graphs of a predictor on ONNX Runtime: tiles are pooled chunk by chunk, the rest is computed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.arrays import F32, CourseArrays, Tiles
from tumorcast.cohort.packing import pack_but_tiles
from tumorcast.serve.tile_sums import TileReader, TileSums
from tumorcast.slides.ort_session import device_name, make_session
from tumorcast.slides.stored_rows import StoredRows


class _Read(NamedTuple):
    """What was made of a bag that may be gone by now."""

    tiles: ref[Any]
    sums: TileSums
    logits: F32


class PredictorGraphs:
    """`predictor.onnx`, and where the model reads slides `tiles.onnx`.

    Args:
        predictor: the graph of everything but tiles.
        tiles: the graph that pools tiles; None where the model reads no slide.
        threads: cores to use (None: every core).
        chunk: tiles at a time (None: see `TileReader`).
    """

    def __init__(
        self,
        predictor: Path,
        tiles: Path | None,
        threads: int | None = None,
        chunk: int | None = None,
    ) -> None:
        self._session = make_session(predictor, threads)
        self._outputs = [made.name for made in self._session.get_outputs()]
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._read: dict[int, _Read] = {}
        self.reader = None if tiles is None else TileReader(tiles, threads, chunk)

    @property
    def device(self) -> str:
        """What it is computed on: CPU or CUDA."""
        return device_name(self._session)

    def run(self, courses: Sequence[CourseArrays]) -> dict[str, NDArray]:
        """Outputs by name (shapes in docs/architecture.md, "Predictor inputs"), and `tile_attention` [T].

        Tiles that courses share are read once, and those in files that the last call read are not read again.
        """
        if self.reader is None:
            return self.fuse(courses, [])
        bags = {id(course.tiles): course.tiles for course in courses}
        self._read = {key: self._pooled(tiles) for key, tiles in bags.items()}
        of_course = [self._read[id(course.tiles)] for course in courses]
        attention = [read.sums.attention(read.logits) for read in of_course]
        made = self.fuse(courses, [read.sums for read in of_course])
        return {**made, "tile_attention": np.concatenate(attention)}

    def _pooled(self, tiles: Tiles) -> _Read:
        known = self._read.get(id(tiles))
        if known is not None and known.tiles() is tiles and isinstance(tiles, StoredRows):
            return known
        assert self.reader is not None
        return _Read(ref(tiles), *self.reader.read(tiles))

    def fuse(self, courses: Sequence[CourseArrays], sums: Sequence[TileSums]) -> dict[str, NDArray]:
        """Outputs of courses whose tiles are pooled already."""
        fed = pack_but_tiles(courses)
        if sums:
            fed["slide_pooled"] = np.stack([each.pooled for each in sums])
            fed["slide_summary"] = np.stack([each.summary for each in sums])
        values = self._session.run(self._outputs, {name: fed[name] for name in self._inputs})
        return dict(zip(self._outputs, values, strict=True))
