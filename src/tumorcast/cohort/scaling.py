"""Standardisation fitted on the training fold: numeric layers, clinical tables, treatments."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.cohort.arrays import F32, I64, Bool

MAX_CATEGORIES = 20
_ROWS_AT_ONCE, _COLUMNS_AT_ONCE = 512, 256
_CLIP = 6.0
"""Standardised values are held within +-6 standard deviations, so that one outlier cannot run away."""


@dataclass(frozen=True)
class LayerScaler:
    """Columns of one numeric layer with the training fold's mean and standard deviation ([d] each)."""

    features: tuple[str, ...]
    mean: F32
    scale: F32

    @classmethod
    def fit(cls, table: pd.DataFrame, features: Sequence[str]) -> LayerScaler:
        """From training courses x features; unmeasured values do not count.

        Mean and spread are those of the values held within their 1st and 99th percentile, so that a single
        wild value does not flatten a feature.
        """
        mean, scale = np.zeros(len(features), np.float32), np.ones(len(features), np.float32)
        rows, columns = np.arange(len(table)), table.columns.get_indexer(pd.Index(list(features)))
        for start in range(0, len(features), _COLUMNS_AT_ONCE):
            block = slice(start, start + _COLUMNS_AT_ONCE)
            mean[block], scale[block] = _moments(_winsorised(_numbers(table, rows, columns[block])))
        return cls(tuple(features), mean, scale)

    def transform(self, values: pd.Series) -> tuple[F32, Bool]:
        """([d] standardised, 0 where not measured; [d] is measured). Features that are absent count as not
        measured."""
        raw = pd.to_numeric(values.reindex(list(self.features)), errors="coerce").to_numpy(np.float64)
        return self._scaled(raw)

    def transform_rows(self, table: pd.DataFrame, rows: I64) -> tuple[F32, Bool]:
        """([n, d], [n, d]) the same of some rows of a table, a block of them at a time."""
        scaled = np.zeros((len(rows), len(self.features)), np.float32)
        is_measured = np.zeros(scaled.shape, bool)
        columns = table.columns.get_indexer(pd.Index(self.features))
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            block = slice(start, start + _ROWS_AT_ONCE)
            raw = _numbers(table, rows[block], columns)
            scaled[block], is_measured[block] = self._scaled(raw)
        return scaled, is_measured

    def _scaled(self, raw: NDArray[np.float64]) -> tuple[F32, Bool]:
        is_measured = np.isfinite(raw)
        scaled = (np.where(is_measured, raw, self.mean) - self.mean) / self.scale
        return np.clip(scaled, -_CLIP, _CLIP).astype(np.float32), is_measured


def _numbers(table: pd.DataFrame, rows: I64, columns: I64) -> NDArray[np.float64]:
    """[rows, columns] values; NaN for what is no number, and for column -1."""
    raw = np.full((len(rows), len(columns)), np.nan)
    has = columns >= 0
    if table.dtypes.nunique() == 1 and table.dtypes.iloc[0] in (np.float32, np.float64):
        raw[:, has] = table.to_numpy()[np.ix_(rows, columns[has])]
        return raw
    for k in np.flatnonzero(has):
        raw[:, k] = pd.to_numeric(table.iloc[rows, columns[k]], errors="coerce").to_numpy(np.float64)
    return raw


def _moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[d] mean and standard deviation of what is measured; a constant's is 1."""
    is_measured = np.isfinite(values)
    count = np.maximum(is_measured.sum(axis=0), 1)
    mean = np.where(is_measured, values, 0).sum(axis=0) / count
    spread = np.sqrt((np.where(is_measured, values - mean, 0) ** 2).sum(axis=0) / count)
    return mean, np.where(spread > 1e-8, spread, 1.0)


def _winsorised(values: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():  # a column without any value stays all NaN
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanpercentile(values, [1, 99], axis=0) if values.size else (values, values)
    return np.clip(values, low, high) if values.size else values


@dataclass(frozen=True)
class ClinicalScaler:
    """Numeric columns standardised, categories one-hot; a category not seen in training counts as unknown."""

    numeric: LayerScaler
    categories: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def fit(cls, table: pd.DataFrame) -> ClinicalScaler:
        """Constants, empty columns and free text (over 20 values) of the training fold are left out."""
        numeric, categories = [], []
        for column in table.columns:
            values = table[column].dropna()
            if values.nunique() < 2:
                continue
            if pd.api.types.is_numeric_dtype(table[column]):
                numeric.append(str(column))
            elif values.nunique() <= MAX_CATEGORIES:
                categories.append((str(column), tuple(sorted(map(str, values.unique())))))
        return cls(LayerScaler.fit(table, numeric), tuple(categories))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the output columns."""
        return (*self.numeric.features, *(f"{c}={v}" for c, values in self.categories for v in values))

    def transform(self, row: pd.Series) -> tuple[F32, Bool]:
        """([d], [d] is measured) of one course's raw clinical values."""
        values, mask = self.transform_rows(pd.DataFrame([row]), np.zeros(1, np.int64))
        return values[0], mask[0]

    def transform_rows(self, table: pd.DataFrame, rows: I64) -> tuple[F32, Bool]:
        """([n, d], [n, d]) the same of some rows of a table."""
        values, is_measured = self.numeric.transform_rows(table, rows)
        parts, masks = [values], [is_measured]
        for column, known in self.categories:
            hot = np.zeros((len(rows), len(known)), np.float32)
            place = {name: k for k, name in enumerate(known)}
            cells = table[column].iloc[rows].tolist() if column in table else []
            for i, cell in enumerate(cells):
                if (k := place.get(str(cell))) is not None:
                    hot[i, k] = 1
            parts.append(hot)
            masks.append(np.repeat(hot.sum(axis=1, keepdims=True) > 0, len(known), axis=1))
        return np.concatenate(parts, axis=1), np.concatenate(masks, axis=1)


@dataclass(frozen=True)
class TreatmentVocabulary:
    """Agents and classes of the training fold; an agent not seen in training keeps its class."""

    agents: tuple[str, ...]
    classes: tuple[str, ...]

    @classmethod
    def fit(cls, courses: pd.DataFrame) -> TreatmentVocabulary:
        agents = sorted({agent for names in courses["agents"] for agent in names})
        classes = sorted({kind for kinds in courses["agent_classes"] for kind in kinds})
        return cls(tuple(agents), tuple(classes))

    @property
    def features(self) -> tuple[str, ...]:
        return (
            *(f"agent:{a}" for a in self.agents),
            *(f"class:{c}" for c in self.classes),
            "line",
            "line_known",
        )

    @property
    def class_columns(self) -> slice:
        """Columns of the vector that are classes."""
        return slice(len(self.agents), len(self.agents) + len(self.classes))

    def transform_rows(self, courses: pd.DataFrame, rows: I64) -> F32:
        """[n, R]: agents, classes (0/1), line of therapy (0 for the first, capped at 4), and if it is known."""
        made = np.zeros((len(rows), len(self.features)), np.float32)
        for names, column, first in (
            (self.agents, "agents", 0),
            (self.classes, "agent_classes", len(self.agents)),
        ):
            place = {name: first + k for k, name in enumerate(names)}
            for i, own in enumerate(courses[column].iloc[rows].tolist()):
                made[i, [place[name] for name in own if name in place]] = 1
        line = courses["line"].to_numpy(np.float64)[rows]
        is_known = np.isfinite(line)
        made[:, -2] = np.where(is_known, np.minimum(np.where(is_known, line, 1) - 1, 4) / 2, 0)
        made[:, -1] = is_known
        return made
