"""On which scale methylation is given: betas, percentages or M-values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scale = Literal["beta", "percent", "m"]
SCALE_WORDS: dict[Scale, str] = {"beta": "betas", "percent": "percentages", "m": "M-values"}
EXPECTED = "betas (0 to 1), percentages (0 to 100) or M-values (about -10 to 10)"

_FEW = 0.01
"""Share of values outside 0..1 that noise and normalisation leave behind."""
_M_BELOW_MINUS_1, _HIGHEST_M = 0.05, 30.0
"""Betas are bimodal: at least this share of M-values is below -1 (beta below 1/3); none is beyond 30."""
_PERCENT_ABOVE = 20
"""Percentages reach beyond this, which M-values never do in earnest."""


@dataclass(frozen=True)
class Span:
    """What of a set of values tells its scale: how many are known, outside 0..1, outside 0..100, below -1; ends."""

    n_known: int
    n_outside_1: int
    n_outside_100: int
    n_below: int
    lowest: float
    highest: float

    def scale(self) -> Scale | None:
        """The scale that the values fit; None: no scale of methylation, or nothing is known."""
        if not self.n_known:
            return None
        if self.n_outside_1 <= _FEW * self.n_known:
            return "beta"
        if self.n_below > _M_BELOW_MINUS_1 * self.n_known and max(-self.lowest, self.highest) < _HIGHEST_M:
            return "m"
        if self.highest > _PERCENT_ABOVE and self.n_outside_100 <= _FEW * self.n_known:
            return "percent"
        return None

    def fits(self, scale: Scale) -> bool:
        """Whether the values can be of a scale that was declared."""
        if scale == "m":
            return max(-self.lowest, self.highest) < _HIGHEST_M
        n_outside = self.n_outside_1 if scale == "beta" else self.n_outside_100
        return n_outside <= _FEW * self.n_known


def span_of(values: NDArray[np.floating]) -> Span:
    """Of an array; NaN unknown."""
    n_known = int(np.count_nonzero(~np.isnan(values)))
    if not n_known:
        return Span(0, 0, 0, 0, np.nan, np.nan)
    n_negative = int(np.count_nonzero(values < 0))
    return Span(
        n_known, n_negative + int(np.count_nonzero(values > 1)), n_negative + int(np.count_nonzero(values > 100)),
        int(np.count_nonzero(values < -1)), float(np.nanmin(values)), float(np.nanmax(values)),
    )  # fmt: skip


def shared_scale(scales: Sequence[Scale | None]) -> Scale:
    """What most samples are on."""
    counts = Counter(scale for scale in scales if scale)
    return max(SCALE_WORDS, key=lambda scale: counts[scale])


def to_betas(values: NDArray[np.floating], scale: Scale) -> int:
    """In place; what is outside 0..1 then becomes unknown.

    M-values become beta = 2^M / (2^M + 1) (Du et al., BMC Bioinformatics 2010, 11:587).

    Returns:
        How many values became unknown.
    """
    if scale == "m":
        np.exp2(np.negative(values, out=values), out=values)
        values += 1
        np.reciprocal(values, out=values)
    elif scale == "percent":
        values /= 100
    is_outside = (values < 0) | (values > 1)
    n_outside = int(np.count_nonzero(is_outside))
    if n_outside:
        values[is_outside] = np.nan
    return n_outside


class ColumnSpans:
    """`Span` of each column of a table that passes by in blocks of rows."""

    def __init__(self, n_columns: int) -> None:
        self._counts = np.zeros((4, n_columns), np.int64)
        self._lowest = np.full(n_columns, np.nan)
        self._highest = np.full(n_columns, np.nan)

    def add(self, values: NDArray[np.floating]) -> None:
        """[rows, columns]."""
        if not len(values):
            return
        n_negative = (values < 0).sum(axis=0)
        self._counts[0] += (~np.isnan(values)).sum(axis=0)
        self._counts[1] += n_negative + (values > 1).sum(axis=0)
        self._counts[2] += n_negative + (values > 100).sum(axis=0)
        self._counts[3] += (values < -1).sum(axis=0)
        self._lowest = np.fmin(self._lowest, np.fmin.reduce(values, axis=0))
        self._highest = np.fmax(self._highest, np.fmax.reduce(values, axis=0))

    def __getitem__(self, column: int) -> Span:
        known, above_1, above_100, below = (int(n) for n in self._counts[:, column])
        return Span(
            known, above_1, above_100, below, float(self._lowest[column]), float(self._highest[column])
        )

    def __len__(self) -> int:
        return len(self._lowest)
