"""The variants of a cohort as numbers, sorted by course: what patient graphs are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.variants import IMPACTS, alters_gene
from tumorcast.cohort.arrays import I64


@dataclass(frozen=True)
class Alterations:
    """V variants that alter their gene: gene [V], impact [V] as index into `IMPACTS`, VAF [V] (NaN unknown)."""

    gene: I64
    impact: I64
    vaf: NDArray[np.float64]

    def __getitem__(self, chosen: slice | NDArray[np.bool_]) -> Alterations:
        return Alterations(self.gene[chosen], self.impact[chosen], self.vaf[chosen])


@dataclass(frozen=True)
class VariantArrays:
    """All of them, by course.

    Attributes:
        genes: symbols that `all.gene` points at.
        starts: [courses + 1]; variants of the course in row k are those from `starts[k]` to `starts[k + 1]`.
    """

    genes: tuple[str, ...]
    all: Alterations
    starts: I64

    def of(self, row: int) -> Alterations:
        """Those of one course."""
        return self.all[int(self.starts[row]) : int(self.starts[row + 1])]


def variant_arrays(variants: pd.DataFrame, courses: pd.Index) -> VariantArrays:
    """Of variants (course_id, gene, impact, vaf); those that alter no gene are left out."""
    kind, impacts = pd.factorize(variants["impact"].to_numpy(object))
    number = np.array([IMPACTS.index(name) if alters_gene(name) else -1 for name in impacts] + [-1], np.int64)
    impact, owner = number[kind], _rows(variants["course_id"], courses)
    chosen = np.flatnonzero((impact >= 0) & (owner >= 0))
    chosen = chosen[np.argsort(owner[chosen], kind="stable")]
    gene, genes = pd.factorize(variants["gene"].to_numpy(object)[chosen])
    vaf = variants["vaf"].to_numpy(np.float64)[chosen]
    starts = np.searchsorted(owner[chosen], np.arange(len(courses) + 1))
    return VariantArrays(tuple(genes), Alterations(gene.astype(np.int64), impact[chosen], vaf), starts)


def _rows(course_ids: pd.Series, courses: pd.Index) -> I64:
    number, names = pd.factorize(course_ids.to_numpy(object))
    return np.append(courses.get_indexer(pd.Index(names, dtype=object)), -1)[number].astype(np.int64)
