"""`Answer`: a course that got a number, as those see it who make more of it (reports, drift)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.bags import TileBag
from tumorcast.cohort.cohort import Cohort
from tumorcast.serve.notes import Given
from tumorcast.serve.rows import PredictionRow
from tumorcast.serve.session import BundlePredictor, Prediction


@dataclass(frozen=True)
class Answer:
    """A course that got a number, while its tiles are in memory.

    Attributes:
        said: the model's own words, not calibrated; without the kinds of attention that failed their check.
        bag: its tiles; None without a slide.
        cohort: the courses that are worked on together.
    """

    row: PredictionRow
    course: CourseArrays
    said: Prediction
    bag: TileBag | None
    given: Given
    cohort: Cohort
    predictor: BundlePredictor


Watch = Callable[[Answer], None]
