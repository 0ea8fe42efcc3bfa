"""The predictor on ONNX Runtime: CourseArrays -> predictions, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.domain.errors import BundleError
from tumorcast.metrics.logistic import expit
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.graphs import PredictorGraphs
from tumorcast.serve.tile_sums import all_but_each

RESPONDER_LEVEL = 1
"""Exceeding this level of the ordinal scale (SD, RCB-II) is a response."""

_MOST_COURSES = 32
"""Courses of one call of the graph: bounds the memory, changes no number."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of one course.

    Attributes:
        probability: of response; NaN where the model has no such head.
        risk: log-risk of an event, higher is worse; NaN where the model has no such head.
        size_log_ratio: natural logarithm of the sum of diameters near week 8 over that at baseline; likewise.
        tile_attention: [T], sums to 1; empty where the model reads no slide or there is none.
        gene_attention: [N] over the altered genes, likewise.
        single_scores: [M, H] what each modality adds to each head's score (a logit, or a log-risk); 0 where absent.
    """

    course_id: str
    patient_id: str
    probability: float
    risk: float
    tile_attention: NDArray[np.float32]
    gene_attention: NDArray[np.float32]
    single_scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    size_log_ratio: float = float("nan")


class BundlePredictor:
    """A bundle's predictor, ready to run.

    Args:
        bundle: a checked bundle.
        threads: cores to use (None: every available core).
        chunk: tiles at a time (None: as many as suit the machine); changes no number.
    """

    def __init__(self, bundle: Bundle, threads: int | None = None, chunk: int | None = None) -> None:
        self._manifest = bundle.manifest
        self._tile_dim = bundle.prepared.tile_dim
        self._graphs = PredictorGraphs(bundle.predictor_path, bundle.tiles_path, threads, chunk)

    @property
    def device(self) -> str:
        """What it is computed on: CPU or CUDA."""
        return self._graphs.device

    def predict(self, courses: Sequence[CourseArrays]) -> list[Prediction]:
        """One prediction a course, in order; each as if it were alone.

        Raises:
            BundleError: tiles of another width than the model was trained on.
        """
        self._check_widths(courses)
        return [each for batch in _batches(courses) for each in self._told(batch, self._graphs.run(batch))]

    def predict_without_blocks(
        self, course: CourseArrays, blocks: NDArray[np.int64]
    ) -> tuple[Prediction, list[Prediction]]:
        """(what is said of the course, and without the tiles of each of two or more blocks); each tile is read once.

        Args:
            blocks: [T] block of each tile, numbered from 0. Attention of tiles is not computed.

        Raises:
            BundleError: tiles of another width than the model was trained on, or a model that reads no slide.
        """
        self._check_widths([course])
        reader = self._graphs.reader
        if reader is None:
            raise BundleError("the model reads no slide", fix="ask for the attention of genes")
        parts = reader.read_blocks(course.tiles, blocks)
        others = all_but_each(parts)
        wholes = [others[0] + parts[0], *others]
        said: list[Prediction] = []
        for start in range(0, len(wholes), _MOST_COURSES):
            some = wholes[start : start + _MOST_COURSES]
            copies = [course] * len(some)
            said += self._told(copies, self._graphs.fuse(copies, some))
        return said[0], said[1:]

    def _told(self, courses: Sequence[CourseArrays], found: dict[str, NDArray]) -> list[Prediction]:
        probability, risk = self._probability(found, len(courses)), found.get("risk")
        size = found.get("size_log_ratio")
        tiles = _split(found.get("tile_attention"), [len(c.tiles) for c in courses])
        genes = _split(found.get("gene_attention"), [len(c.graph.node_gene) for c in courses])
        return [
            Prediction(
                course.course_id,
                course.patient_id,
                float(probability[i]),
                float("nan") if risk is None else float(risk[i]),
                tiles[i],
                genes[i],
                found["single_scores"][i],
                float("nan") if size is None else float(size[i]),
            )
            for i, course in enumerate(courses)
        ]

    def _probability(self, found: dict[str, NDArray], count: int) -> NDArray[np.float64]:
        for head in self._manifest.heads:
            if head == "response":
                return expit(found["response_logit"])
            if head == "ordinal":
                return expit(found["ordinal_logits"][:, RESPONDER_LEVEL])
        return np.full(count, np.nan)

    def _check_widths(self, courses: Sequence[CourseArrays]) -> None:
        for course in courses:
            if course.tiles.shape[1] != self._tile_dim:
                raise BundleError(
                    f"the tile features of course {course.course_id} do not fit the model",
                    got=f"{course.tiles.shape[1]} wide",
                    expected=f"{self._tile_dim} wide",
                    fix="encode the slides with the bundle's own tile encoder",
                )


def _batches(courses: Sequence[CourseArrays]) -> Iterator[Sequence[CourseArrays]]:
    for start in range(0, len(courses), _MOST_COURSES):
        yield courses[start : start + _MOST_COURSES]


def _split(weights: NDArray | None, lengths: list[int]) -> list[NDArray[np.float32]]:
    if weights is None:
        return [np.zeros(0, np.float32) for _ in lengths]
    return np.split(weights, np.cumsum(lengths)[:-1])
