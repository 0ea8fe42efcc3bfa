"""The training patients as the manifest tells them: counts, ranges, and figures by pattern of measured layers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.cohort.cohort import Cohort
from tumorcast.domain.errors import TumorcastError
from tumorcast.evaluation.pattern_calibration import calibration_by_pattern
from tumorcast.evaluation.scores import score_predictions
from tumorcast.export.treatment_counts import treatment_counts
from tumorcast.metrics.intervals import Interval
from tumorcast.serve.population import UNKNOWN, Figure, PatternFigures, Population, Range
from tumorcast.slides.store import StoreAttrs, read_attrs

_OLDEST_TOLD = 90.0
FEWEST_HELD_OUT = 10
_MEASURES = ("auroc", "brier", "c_index")


def population_of(
    cohort: Cohort,
    course_ids: Sequence[str],
    modalities: tuple[str, ...],
    predictions: pd.DataFrame | None = None,
    subsets: Mapping[str, Any] | None = None,
    unseen: pd.DataFrame | None = None,
) -> Population:
    """Counts of the patients behind these courses.

    Args:
        modalities: that the model reads.
        predictions: of held-out courses by the fused model, as `score_predictions` takes them.
        subsets: "slide+mutations" -> its figures with only these layers shown.
        unseen: of these courses, by models that had not seen them: course_id, patient_id, label, probability.
    """
    ids = list(course_ids)
    courses, people = cohort.courses.loc[ids], cohort.people.loc[ids]
    patients = courses["patient_id"].to_numpy()
    slides = cohort.slides.loc[cohort.slides["course_id"].isin(ids)]
    found = dict(_attrs_of(slides))
    attrs = [one for one, _ in found.values()]
    told = {
        name: _counts(people[column], patients)
        for name, column in (
            ("cancer_types", "cancer_type"), ("sexes", "sex"), ("races", "race"), ("ancestries", "ancestry"),
            ("procedures", "procedure"), ("preservations", "preservation"),
        )
        if column in people
    }  # fmt: skip
    first = ~pd.Series(patients).duplicated().to_numpy()
    ages = people["age"].clip(upper=_OLDEST_TOLD)[first] if "age" in people else pd.Series(dtype=float)
    agents = courses.explode("agents")
    known = courses["response"].notna().to_numpy()
    return Population(
        **told,
        ages=range_of(ages),
        sites=_counts(courses["site"].replace("", np.nan), patients) if courses["site"].any() else {},
        regimens=_counts(courses["regimen"].replace("", np.nan), patients),
        agents=_counts(agents["agents"], agents["patient_id"]),
        lines=_counts(courses["line"].map(lambda line: f"{line:g}", na_action="ignore"), patients),
        responders=len(set(patients[known & (courses["response"] == 1).to_numpy()])) if known.any() else None,
        n_with_response=len(set(patients[known])) if known.any() else None,
        slides=len(attrs),
        slide_mpp=range_of([a.slide_mpp for a in attrs if a.slide_mpp]),
        stains=_counts(pd.Series([a.stain for a in attrs], dtype=object), np.arange(len(attrs))),
        scanners=_scanners(cohort, people, ids),
        sequenced_mb=range_of(people["sequenced_mb"]) if "sequenced_mb" in people else None,
        purity=range_of(people["purity"]) if "purity" in people else None,
        tiles=range_of(_tiles(slides, {path: count for path, (_, count) in found.items()})),
        patterns=tuple(
            _with_calibration(
                _patterns(cohort, ids, modalities, predictions, subsets or {}), cohort, modalities, unseen
            )
        ),
        treatments=treatment_counts(cohort, ids),
    )


def patterns_of(cohort: Cohort, course_ids: Sequence[str], modalities: tuple[str, ...]) -> dict[str, int]:
    """Patients by the layers that their courses have ("slide+mutations")."""
    patients = cohort.courses.loc[list(course_ids), "patient_id"].to_numpy()
    counts = pd.Series(patients).groupby(_pattern(cohort, course_ids, modalities)).nunique()
    return {str(name): int(count) for name, count in counts.items()}


def range_of(values: Iterable[Any]) -> Range | None:
    """Of the finite ones; None without any."""
    known = np.asarray(list(values), float)
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    return Range(n=len(known), low=known.min(), median=float(np.median(known)), high=known.max())


def figures_of(found: Mapping[str, Any]) -> dict[str, Figure]:
    """The finite ones of a model's scores (`score_predictions`)."""
    made = {}
    for name in _MEASURES:
        value = found.get(name)
        if isinstance(value, Mapping) and _finite(value.get("value")) is not None:
            made[name] = Figure(
                value=value["value"], low=_finite(value.get("low")), high=_finite(value.get("high"))
            )
    return made


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None


def _counts(values: pd.Series, patients: Iterable[Any]) -> dict[str, int]:
    """Value -> patients, the most frequent first; what is not known last."""
    table = pd.DataFrame(
        {"value": values.astype(object).fillna(UNKNOWN).astype(str).to_numpy(), "patient": list(patients)}
    )
    counts = table.groupby("value")["patient"].nunique()
    order = sorted(counts.index, key=lambda name: (name == UNKNOWN, -counts[name], name))
    return {str(name): int(counts[name]) for name in order}


def _attrs_of(slides: pd.DataFrame) -> Iterable[tuple[str, tuple[StoreAttrs, int]]]:
    """Path -> how its features were made, and how many tiles there are."""
    for path in slides["feature_path"].drop_duplicates():
        with suppress(TumorcastError):
            yield str(path), read_attrs(Path(path))


def _tiles(slides: pd.DataFrame, counts: Mapping[str, int]) -> Iterable[int]:
    """Tiles of each course, over its slides."""
    told = slides["feature_path"].astype(str).map(counts)
    return told.groupby(slides["course_id"]).sum().astype(int).tolist() if len(slides) else []


def _scanners(cohort: Cohort, people: pd.DataFrame, ids: Sequence[str]) -> dict[str, int]:
    if "scanner" not in people:
        return {}
    slides = cohort.slides.loc[cohort.slides["course_id"].isin(ids)].drop_duplicates("slide_id")
    return _counts(people["scanner"].reindex(slides["course_id"]), slides["slide_id"])


def _pattern(cohort: Cohort, course_ids: Sequence[str], modalities: tuple[str, ...]) -> list[str]:
    is_present = cohort.is_present.loc[list(course_ids), list(modalities)]
    return ["+".join(is_present.columns[row]) or "none" for row in is_present.to_numpy(bool)]


def _patterns(
    cohort: Cohort, ids: Sequence[str], modalities: tuple[str, ...], predictions: pd.DataFrame | None,
    subsets: Mapping[str, Any],
) -> Iterable[PatternFigures]:  # fmt: skip
    counts = patterns_of(cohort, ids, modalities)
    held = pd.DataFrame({"patient_id": [], "pattern": []})
    if predictions is not None and len(predictions):
        held = predictions.assign(pattern=_pattern(cohort, predictions["course_id"].tolist(), modalities))
    seen = held.groupby("pattern")["patient_id"].nunique()
    names = sorted(counts.keys() | set(seen.index), key=lambda name: (-counts.get(name, 0), name))
    for name in names:
        rows, count = held[held["pattern"] == name], int(seen.get(name, 0))
        yield PatternFigures(
            layers=() if name == "none" else tuple(name.split("+")),
            n_training=counts.get(name, 0),
            n_held_out=count,
            held_out=_scored(rows) if count >= FEWEST_HELD_OUT else {},
            masked=figures_of(subsets.get(name, {})),
        )


def _with_calibration(
    patterns: Iterable[PatternFigures],
    cohort: Cohort,
    modalities: tuple[str, ...],
    unseen: pd.DataFrame | None,
) -> Iterable[PatternFigures]:
    """With the calibration on courses that their model had not seen."""
    found: Mapping[str, Mapping[str, Interval]] = {}
    if unseen is not None:
        names = _pattern(cohort, unseen["course_id"].tolist(), modalities)
        found = calibration_by_pattern(unseen.assign(pattern=names))
    for own in patterns:
        told = found.get("+".join(own.layers) or "none", {})
        figures = {
            name: Figure(value=of.value, low=_finite(of.low), high=_finite(of.high))
            for name, of in told.items()
        }
        yield own.model_copy(update={"calibration": figures})


def _scored(rows: pd.DataFrame) -> dict[str, Figure]:
    with suppress(TumorcastError):
        (found,) = score_predictions(rows.drop(columns="pattern").assign(model="fused")).values()
        return figures_of(found)
    return {}
