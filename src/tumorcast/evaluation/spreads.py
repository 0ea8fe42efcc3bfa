"""A case as a few numbers, and what the training (or a hospital's first) patients show in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.summaries import modality_tables
from tumorcast.evaluation.out_of_distribution import Array, ModalityReference, Reference, distance_scores

FEWEST = 20
"""Patients with a number from which others are compared with them."""
COMPONENTS = 3
"""Directions of greatest spread in training that a wide modality is projected on."""
_WIDE, _MOST_PROGRAMMES, _MOST_QUANTILES = 40, 30, 201


@dataclass(frozen=True)
class Spread:
    """Quantiles of a number over `count` patients, evenly spaced from the least to the greatest."""

    count: int
    quantiles: tuple[float, ...]

    def sample(self) -> Array:
        """[count at most 1000] values spread as these patients' are."""
        at = (np.arange(min(self.count, 1000)) + 0.5) / min(self.count, 1000)
        return np.quantile(np.array(self.quantiles), at)

    def z(self, values: ArrayLike) -> Array:
        """[n] normal scores of values by their rank among these patients (van der Waerden); NaN stays NaN.

        Outliers weigh no more than the farthest patient does.
        """
        from scipy.special import ndtri

        given, places = np.asarray(values, float), np.array(self.quantiles)
        share = (np.searchsorted(places, given, "left") + np.searchsorted(places, given, "right")) / 2
        rank = np.clip(share / len(places), 0.5 / (self.count + 1), 1 - 0.5 / (self.count + 1))
        return np.where(np.isfinite(given), ndtri(rank), np.nan)


@dataclass(frozen=True)
class Spreads:
    """Name of a number -> its spread."""

    spreads: dict[str, Spread]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Spreads:
        """Of patients' numbers [n, k], NaN not measured; numbers that fewer than `FEWEST` patients have, or that
        do not vary, are left out. Each number is sorted by itself: no patient can be put together again."""
        made = {}
        for name in table.columns:
            values = np.sort(table[name].dropna().to_numpy(float))
            if len(values) < FEWEST or values[0] == values[-1]:
                continue
            at = np.linspace(0, 1, min(len(values), _MOST_QUANTILES))
            made[str(name)] = Spread(len(values), tuple(np.quantile(values, at).tolist()))
        return cls(made)

    def joined(self, other: Spreads) -> Spreads:
        """Both; where both know a number, this one's."""
        return Spreads({**other.spreads, **self.spreads})

    def to_json(self) -> dict[str, Any]:
        """Name -> count and quantiles."""
        return {name: asdict(spread) for name, spread in self.spreads.items()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Mapping[str, Any]]) -> Spreads:
        """The inverse of `to_json`, lists for tuples allowed."""
        return cls({name: Spread(own["count"], tuple(own["quantiles"])) for name, own in fields.items()})


def summary_table(
    prepared: Preprocessor, reference: Reference | None, courses: Sequence[CourseArrays]
) -> pd.DataFrame:
    """Patient x number, each as "MODALITY: NAME"; NaN where the patient lacks it.

    Of a narrow modality (clinical, mutations) its features; of a wide one (tile features, expression) its place along
    the first `COMPONENTS` directions of the reference, its gene sets' means; of each its distance from training.
    """
    made: dict[str, pd.Series] = {}
    for modality, table in modality_tables(prepared, courses).items():
        own = {} if reference is None else reference.modalities
        parts = _features(table) if table.shape[1] <= _WIDE else {}
        if modality in own:
            parts |= _places(own[modality], table, table.shape[1] > _WIDE)
        if modality == "expression":
            parts |= _programmes(prepared.gene_sets, table)
        made |= {f"{modality}: {name}": values for name, values in parts.items()}
    patients = sorted({course.patient_id for course in courses})
    return pd.DataFrame(made, index=pd.Index(patients, name="patient_id"))


def _features(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {str(name): table[name] for name in table.columns}


def _places(modality: ModalityReference, table: pd.DataFrame, is_wide: bool) -> dict[str, pd.Series]:
    """Distance of each patient and, of a wide modality, its projections in training SDs a feature."""
    values = table.reindex(columns=list(modality.features)).to_numpy(float)
    made = {"distance": pd.Series(distance_scores(modality, values), index=table.index)}
    if not is_wide:
        return made
    z = np.nan_to_num((values - np.array(modality.centre)) / np.array(modality.spread))
    loadings = np.array(modality.loadings).reshape(len(modality.features), -1)[:, :COMPONENTS]
    for k, direction in enumerate(loadings.T):
        length = float(np.linalg.norm(direction))
        if length > 0:
            made[f"component {k + 1}"] = pd.Series(z @ direction / length, index=table.index)
    return made


def _programmes(gene_sets: Mapping[str, Sequence[str]], table: pd.DataFrame) -> dict[str, pd.Series]:
    """Mean standardised expression of each gene set."""
    made = {}
    for name in sorted(gene_sets)[:_MOST_PROGRAMMES]:
        genes = [gene for gene in gene_sets[name] if gene in table]
        if genes:
            made[name] = table[genes].mean(axis=1)
    return made
