"""The two graphs of a predictor on ONNX Runtime: tiles are pooled chunk by chunk, the rest is computed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.arrays import F32, CourseArrays
from tumorcast.cohort.packing import pack_but_tiles
from tumorcast.serve.tile_sums import TileReader, TileSums
from tumorcast.slides.ort_session import make_session


class PredictorGraphs:
    """`predictor.onnx`, and where the model reads slides `tiles.onnx`.

    Args:
        predictor: the graph of everything but tiles.
        tiles: the graph that pools tiles; None where the model reads no slide.
        outputs: of the predictor.
        threads: cores to use (None: every core).
        chunk: tiles at a time (None: see `TileReader`).
    """

    def __init__(
        self,
        predictor: Path,
        tiles: Path | None,
        outputs: Sequence[str],
        threads: int | None = None,
        chunk: int | None = None,
    ) -> None:
        self._outputs = list(outputs)
        self._session = make_session(predictor, threads)
        self._inputs = [given.name for given in self._session.get_inputs()]
        self.reader = None if tiles is None else TileReader(tiles, threads, chunk)

    def run(self, courses: Sequence[CourseArrays]) -> dict[str, NDArray]:
        """Outputs by name (shapes in docs/architecture.md, "Predictor inputs"), and `tile_attention` [T]."""
        if self.reader is None:
            return self.fuse(courses, [])
        read = [self.reader.read(course.tiles) for course in courses]
        sums: list[TileSums] = [each for each, _ in read]
        attention: list[F32] = [each.attention(logits) for each, logits in read]
        return {**self.fuse(courses, sums), "tile_attention": np.concatenate(attention)}

    def fuse(self, courses: Sequence[CourseArrays], sums: Sequence[TileSums]) -> dict[str, NDArray]:
        """Outputs of courses whose tiles are pooled already."""
        fed = pack_but_tiles(courses)
        if sums:
            fed["slide_pooled"] = np.stack([each.pooled for each in sums])
            fed["slide_summary"] = np.stack([each.summary for each in sums])
        values = self._session.run(self._outputs, {name: fed[name] for name in self._inputs})
        return dict(zip(self._outputs, values, strict=True))
