"""What is known of a course before its first day as named numbers: what a choice of treatment may have followed."""

from __future__ import annotations

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.scaling import ClinicalScaler
from tumorcast.cohort.summaries import programme_scores, quantities

LINE = "line of therapy"
_OF_MEASUREMENT, _PATHWAY = "Tiles of tissue", "pathway:"
_LOSSES = ("truncating", "splice")


def baseline_numbers(prepared: Preprocessor, course: CourseArrays, line: float) -> dict[str, float]:
    """Clinical values, burden, lost pathways and expression programmes by name, and the line; NaN not measured.

    The same in training and lab; the treatment is not among them.

    Args:
        line: of the course (`Cohort.courses["line"]`).
    """
    known = {name: value for name, value in quantities(prepared, course).items() if name != _OF_MEASUREMENT}
    programmes = {f"programme {name}": value for name, value in programme_scores(prepared, course).items()}
    lost = lost_pathways(prepared, course)
    return {**known, **_categories(prepared, course), **lost, **programmes, LINE: float(line)}


def lost_pathways(prepared: Preprocessor, course: CourseArrays) -> dict[str, float]:
    """`lost PATHWAY` -> 1 where a truncating or splicing variant in a gene of it was found; NaN not sequenced."""
    vocabulary = prepared.graph
    if vocabulary is None:
        return {}
    columns = [k for k, name in enumerate(vocabulary.prior_names) if name.startswith(_PATHWAY)]
    names = [f"lost {vocabulary.prior_names[k].removeprefix(_PATHWAY)}" for k in columns]
    if not course.is_present[prepared.modalities.index("mutations")]:
        return dict.fromkeys(names, float("nan"))
    kinds = [vocabulary.node_feature_names.index(kind) for kind in _LOSSES]
    genes = course.graph.node_gene[(course.graph.node_features[:, kinds] > 0).any(axis=1)]
    found = vocabulary.prior[genes][:, columns].max(axis=0, initial=0) > 0
    return dict(zip(names, found.astype(float).tolist(), strict=True))


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
