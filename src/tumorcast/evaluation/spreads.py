"""A case as a few numbers, and what the training (or a hospital's first) patients show in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.host import GERMLINE_LAYERS
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.summaries import modality_tables
from tumorcast.evaluation.comparison import FEWEST, LEVELS, kept_quantiles
from tumorcast.evaluation.out_of_distribution import Array, ModalityReference, Reference, distance_scores

COMPONENTS = 3
"""Directions of greatest spread in training that a wide modality is projected on."""
_WIDE, _MOST_PROGRAMMES, _MOST_SAMPLED = 40, 30, 1000


@dataclass(frozen=True)
class Spread:
    """A number over `n` patients: its quantiles at `comparison.LEVELS`, without the least and the greatest."""

    n: int
    quantiles: tuple[float, ...]

    def sample(self) -> Array:
        """[n at most 1000] values spread as these patients' are; the outer ones as far as is kept."""
        size = min(self.n, _MOST_SAMPLED)
        return np.interp(100 * (np.arange(size) + 0.5) / size, LEVELS, self.quantiles)

    def z(self, values: ArrayLike) -> Array:
        """[n] normal scores of values by their rank among these patients (van der Waerden); NaN stays NaN.

        A value beyond what is kept counts as the middle of that tail, however far it lies.
        """
        from scipy.special import ndtri

        given, places = np.asarray(values, float), np.array(self.quantiles)
        share = (np.searchsorted(places, given, "left") + np.searchsorted(places, given, "right")) / 2
        inner = np.array([1, len(places) - 1])
        low, high = self._below(inner / len(places))
        tail = self._below(LEVELS[0] / 100) / 2
        rank = np.interp(share, (0, *inner, len(places)), (tail, low, high, 1 - tail))
        return np.where(np.isfinite(given), ndtri(rank), np.nan)

    def _below(self, level: ArrayLike) -> Array:
        """Share of the population expected below a quantile of the `n` patients, of whom the least is at level 0."""
        return ((self.n - 1) * np.asarray(level, float) + 1) / (self.n + 1)


@dataclass(frozen=True)
class Spreads:
    """Name of a number -> its spread."""

    spreads: dict[str, Spread]

    @classmethod
    def of(cls, table: pd.DataFrame, fewest: int = FEWEST) -> Spreads:
        """Of patients' numbers [n, k], NaN not measured; numbers that fewer than `fewest` patients have, or whose
        quantiles do not vary, are left out. Each number stands by itself: no patient can be put together again."""
        made = {}
        for name in table.columns:
            values = table[name].dropna().to_numpy(float)
            quantiles = kept_quantiles(values, fewest)
            if quantiles and quantiles[0] < quantiles[-1]:
                made[str(name)] = Spread(len(values), quantiles)
        return cls(made)

    @classmethod
    def of_distances(cls, reference: Reference | None, fewest: int) -> Spreads:
        """How far the reference's held-out patients are from training, by modality."""
        known = {} if reference is None else reference.modalities
        held_out = {f"{name}: distance": pd.Series(own.held_out, dtype=float) for name, own in known.items()}
        return cls.of(pd.DataFrame(held_out), fewest)

    def joined(self, other: Spreads) -> Spreads:
        """Both; where both know a number, this one's."""
        return Spreads({**other.spreads, **self.spreads})

    def to_json(self) -> dict[str, Any]:
        """Name -> n and quantiles."""
        return {name: asdict(spread) for name, spread in self.spreads.items()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Mapping[str, Any]]) -> Spreads:
        """The inverse of `to_json`, lists for tuples allowed; files of before `LEVELS` are read too."""
        return cls({name: _read(own) for name, own in fields.items()})


def _read(own: Mapping[str, Any]) -> Spread:
    """`count` instead of `n` marks quantiles that are evenly spaced from the least to the greatest."""
    if "count" in own:
        return Spread(own["count"], tuple(np.percentile(own["quantiles"], LEVELS).tolist()))
    return Spread(own["n"], tuple(own["quantiles"]))


def summary_table(
    prepared: Preprocessor, reference: Reference | None, courses: Sequence[CourseArrays]
) -> pd.DataFrame:
    """Patient x number, each as "MODALITY: NAME"; NaN where the patient lacks it.

    Of a narrow modality (clinical, mutations) its features; of a wide one (tile features, expression) its place along
    the first `COMPONENTS` directions of the reference, its gene sets' means; of each its distance from training. Of
    layers of the germline the distance alone: nobody asked for their genes and scores.
    """
    made: dict[str, pd.Series] = {}
    for modality, table in modality_tables(prepared, courses).items():
        own = {} if reference is None else reference.modalities
        is_told, is_wide = modality not in GERMLINE_LAYERS, table.shape[1] > _WIDE
        parts = _features(table) if is_told and not is_wide else {}
        if modality in own:
            parts |= _places(own[modality], table, is_told and is_wide)
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
