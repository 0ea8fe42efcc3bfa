"""What is known of a course before its first day as named numbers: what a choice of treatment may have followed."""

from __future__ import annotations

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.scaling import ClinicalScaler
from tumorcast.cohort.summaries import programme_scores, quantities

LINE = "line of therapy"
_OF_MEASUREMENT = "Tiles of tissue"


def baseline_numbers(prepared: Preprocessor, course: CourseArrays, line: float) -> dict[str, float]:
    """Clinical values, burden and expression programmes by name, and the line of therapy; NaN not measured.

    The same in training and lab; the treatment is not among them.

    Args:
        line: of the course (`Cohort.courses["line"]`).
    """
    known = {name: value for name, value in quantities(prepared, course).items() if name != _OF_MEASUREMENT}
    programmes = {f"programme {name}": value for name, value in programme_scores(prepared, course).items()}
    return {**known, **_categories(prepared, course), **programmes, LINE: float(line)}


def _categories(prepared: Preprocessor, course: CourseArrays) -> dict[str, float]:
    """`COLUMN=VALUE` -> 1 or 0; the last value of each column follows from the others and is left out."""
    scaler = prepared.layers.get("clinical")
    if not isinstance(scaler, ClinicalScaler):
        return {}
    values, is_measured = course.layers["clinical"], course.is_measured["clinical"]
    made, start = {}, len(scaler.numeric.features)
    for column, words in scaler.categories:
        for k, word in enumerate(words[:-1]):
            place = start + k
            made[f"{column}={word}"] = float(values[place]) if is_measured[place] else float("nan")
        start += len(words)
    return made
