"""What a prediction would be without a part of the slide: occlusion scores of tiles.

The tiles of a course are gathered in square blocks of neighbours, at most `MOST_BLOCKS`; the score of a block is the
course's logit with all tiles minus its logit without those of the block (Zeiler and Fergus 2014, on bags), so what
argues for a response is positive. Every tile has the score of its block. A logit that hardly changes does not say that
the block is irrelevant: another block may say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.bags import TileBag
from tumorcast.metrics.logistic import bounded_logit
from tumorcast.serve.session import Prediction

MOST_BLOCKS = 256


class Predictor(Protocol):
    """Anything that predicts a course without some of its tiles (`serve.session.BundlePredictor`)."""

    def predict_without_blocks(
        self, course: CourseArrays, blocks: NDArray[np.int64]
    ) -> tuple[Prediction, list[Prediction]]:
        """What is said of the course, and of it without each block of tiles."""


def occlusion_scores(
    predictor: Predictor, course: CourseArrays, coords: np.ndarray, slide_ids: Sequence[str]
) -> np.ndarray:
    """Float [T]: the change of the logit (of the log-risk where there is no response head) by each tile's block.

    Args:
        predictor: of the bundle.
        course: as it was predicted.
        coords: [T, 2] corners of its tiles in level-0 pixels.
        slide_ids: the slide of each tile.
    """
    blocks = tile_blocks(coords, slide_ids)
    count = int(blocks.max()) + 1
    if count == 1:  # without its only block the course would have no slide at all
        return np.zeros(len(blocks))
    whole, without = predictor.predict_without_blocks(course, blocks)
    return np.array([score_of(whole) - score_of(each) for each in without])[blocks]


def occlusion_table(predictor: Predictor, course: CourseArrays, bag: TileBag) -> pd.DataFrame:
    """Rows of one course in the columns of the table of attention; `weight` is the occlusion score."""
    scores = occlusion_scores(predictor, course, bag.coords, bag.slide_ids)
    x, y = bag.coords.T
    rows = {
        "course_id": course.course_id,
        "kind": "tile",
        "name": bag.slide_ids,
        "x": x,
        "y": y,
        "weight": scores,
    }
    return pd.DataFrame(rows).astype({"x": "Int64", "y": "Int64"})


def tile_blocks(coords: np.ndarray, slide_ids: Sequence[str], most: int = MOST_BLOCKS) -> np.ndarray:
    """int [T]: which block of neighbours each tile belongs to, numbered from 0; the finest that are few enough."""
    names = np.unique(np.asarray(slide_ids), return_inverse=True)[1]
    corners = np.asarray(coords, np.float64)
    gaps = np.diff(np.unique(corners[:, 0]))
    side = float(gaps[gaps > 0].min()) if (gaps > 0).any() else 1.0
    while True:
        cells = np.column_stack([names, np.floor(corners / side)])
        _, numbers = np.unique(cells, axis=0, return_inverse=True)
        if numbers.max() < most or not np.ptp(corners):
            return numbers.ravel()
        side *= 1.25


def score_of(said: Prediction) -> float:
    """Logit of the probability; where there is none, the log-risk turned round: more is better in both."""
    if np.isfinite(said.probability):
        return float(bounded_logit(said.probability))
    return -said.risk
