"""Each modality of a course as one row of named numbers, for comparison with the training patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.scaling import ClinicalScaler

_BURDEN = ["nonsynonymous", "TMB", "altered genes"]


def modality_tables(prepared: Preprocessor, courses: Sequence[CourseArrays]) -> dict[str, pd.DataFrame]:
    """Modality -> patient x feature of each patient's first course that has it; NaN where a value was not measured.

    Slide: the mean of each tile feature. Mutations: log1p of nonsynonymous variants and of TMB, and altered genes.
    Layers: their standardised values.
    """
    rows: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in prepared.modalities}
    for course in courses:
        for m, name in enumerate(prepared.modalities):
            if course.is_present[m] and course.patient_id not in rows[name]:
                rows[name][course.patient_id] = _row(course, name)
    return {
        name: pd.DataFrame(np.vstack(list(own.values())), list(own), _columns(prepared, name))
        for name, own in rows.items()
        if own
    }


def _row(course: CourseArrays, name: str) -> NDArray[np.float64]:
    if name == "slide":
        return course.tiles.mean(axis=0).astype(float)
    if name == "mutations":
        burden = float(course.burden[1]) if course.burden[2] > 0 else np.nan
        return np.array([float(course.burden[0]), burden, float(np.log1p(len(course.graph.node_gene)))])
    return np.where(course.is_measured[name], course.layers[name], np.nan).astype(float)


def _columns(prepared: Preprocessor, name: str) -> list[str]:
    if name == "slide":
        return [f"tile feature {k}" for k in range(prepared.tile_dim)]
    return _BURDEN if name == "mutations" else [str(feature) for feature in prepared.layers[name].features]


def quantities(prepared: Preprocessor, course: CourseArrays) -> dict[str, float]:
    """Plain numbers of a course that a reader knows, in their own units, by the name to show; NaN not measured."""
    present = dict(zip(prepared.modalities, course.is_present, strict=True))
    made: dict[str, float] = {}
    if "mutations" in present:
        has = present["mutations"]
        made["Nonsynonymous variants"] = float(np.expm1(course.burden[0])) if has else np.nan
        made["Mutational burden (per Mb)"] = (
            float(np.expm1(course.burden[1])) if has and course.burden[2] > 0 else np.nan
        )
    if "slide" in present:
        made["Tiles of tissue"] = float(len(course.tiles)) if present["slide"] else np.nan
    scaler = prepared.layers.get("clinical")
    if isinstance(scaler, ClinicalScaler):
        numeric, count = scaler.numeric, len(scaler.numeric.features)
        values = course.layers["clinical"][:count] * numeric.scale + numeric.mean
        is_measured = course.is_measured["clinical"][:count] & present["clinical"]
        for name, value, is_known in zip(numeric.features, values, is_measured, strict=True):
            made[name] = float(value) if is_known else np.nan
    return made


def programme_scores(prepared: Preprocessor, course: CourseArrays) -> dict[str, float]:
    """Expression programme -> mean of the standardised values of its measured genes; NaN not measured."""
    if "expression" not in prepared.layers:
        return {}
    values, is_measured = course.layers["expression"], course.is_measured["expression"]
    place = {gene: k for k, gene in enumerate(prepared.layers["expression"].features)}
    made = {}
    for name, genes in prepared.gene_sets.items():
        columns = np.array([place[gene] for gene in genes])
        own = columns[is_measured[columns]]
        made[name] = float(values[own].mean()) if len(own) else np.nan
    return made
