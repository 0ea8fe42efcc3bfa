"""The predictor on ONNX Runtime: CourseArrays -> predictions, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.domain.errors import BundleError
from tumorcast.metrics.logistic import expit
from tumorcast.serve.bundle import Bundle
from tumorcast.slides.ort_session import make_session

RESPONDER_LEVEL = 1
"""Exceeding this level of the ordinal scale (SD, RCB-II) is a response."""

_MOST_COURSES, _MOST_TILES = 32, 50_000
"""Courses and tiles of one call of the graph: bounds the memory, changes no number."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of one course.

    Attributes:
        probability: of response; NaN where the model has no such head.
        risk: log-risk of an event, higher is worse; NaN where the model has no such head.
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


class BundlePredictor:
    """A bundle's predictor, ready to run.

    Args:
        bundle: a checked bundle.
        threads: threads within an operator (None: every available core).
    """

    def __init__(self, bundle: Bundle, threads: int | None = None) -> None:
        self._manifest = bundle.manifest
        self._tile_dim = bundle.prepared.tile_dim
        self._session = make_session(bundle.predictor_path, threads)

    def predict(self, courses: Sequence[CourseArrays]) -> list[Prediction]:
        """One prediction a course, in order; each as if it were alone.

        Raises:
            BundleError: tiles of another width than the model was trained on.
        """
        return [each for batch in _batches(courses) for each in self._run(batch)]

    def _run(self, courses: Sequence[CourseArrays]) -> list[Prediction]:
        self._check_widths(courses)
        packed = pack(courses)
        names = self._manifest.outputs
        values = self._session.run(list(names), {name: packed[name] for name in self._manifest.inputs})
        found = dict(zip(names, values, strict=True))
        probability, risk = self._probability(found, len(courses)), found.get("risk")
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
    """Runs of courses within the bounds of one call; a single course may exceed the bound of tiles."""
    start = tiles = 0
    for end, course in enumerate(courses):
        is_full = end - start == _MOST_COURSES or tiles + len(course.tiles) > _MOST_TILES
        if end > start and is_full:
            yield courses[start:end]
            start, tiles = end, 0
        tiles += len(course.tiles)
    if start < len(courses):
        yield courses[start:]


def _split(weights: NDArray | None, lengths: list[int]) -> list[NDArray[np.float32]]:
    if weights is None:
        return [np.zeros(0, np.float32) for _ in lengths]
    return np.split(weights, np.cumsum(lengths)[:-1])
