"""Scores of a slide's tiles, from the tables that tumorcast writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class TileScores:
    """One score a tile.

    Attributes:
        coords: int64 [n, 2] corners in level-0 pixels.
        values: float64 [n], finite.
        name: what is scored.
        has_sign: values below zero mean the opposite of values above.
    """

    coords: np.ndarray
    values: np.ndarray
    name: str
    has_sign: bool = False

    def __post_init__(self) -> None:
        if self.coords.shape != (len(self.values), 2) or not len(self.values):
            raise InputError("scores do not fit their tiles", got=self.coords.shape, expected="[n, 2], n > 0")
        if not np.isfinite(self.values).all():
            raise InputError(
                "scores are not finite",
                got=f"{int((~np.isfinite(self.values)).sum())} NaN or infinite values",
            )

    @property
    def limits(self) -> tuple[float, float]:
        """Of the colours: the outermost 1% at each end is left out; symmetric about 0 where values have a sign."""
        low, high = np.percentile(self.values, (1, 99))
        if self.has_sign:
            high = max(abs(low), abs(high))
            low = -high
        return float(low), float(high if high > low else low + 1e-9)

    @property
    def is_even(self) -> bool:
        """True where all tiles score the same: colours would show nothing."""
        return float(np.ptp(self.values)) < 1e-9


def read_scores(path: Path, slide_id: str, column: str = "weight") -> TileScores:
    """The rows of a slide in a table with columns x, y and the score; `name`, where there is one, is the slide's id.

    Raises:
        InputError: no such table or columns, no row of this slide, or values that are no numbers.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(
            "the table of scores cannot be read", got=error, expected="a CSV with x, y, weight"
        ) from error
    missing = [name for name in ("x", "y", column) if name not in table]
    if missing:
        raise InputError(
            "the table of scores lacks columns", got=", ".join(map(str, table)), expected=", ".join(missing)
        )
    if "kind" in table:
        table = table[table["kind"] == "tile"]
    if "name" in table:
        found = sorted(map(str, table["name"].unique()))
        table = table[table["name"].astype(str) == slide_id]
        if table.empty:
            raise InputError(
                "the table has no tile of this slide", got=slide_id, expected=", ".join(found[:10])
            )
    numbers = table[["x", "y", column]].apply(pd.to_numeric, errors="coerce")
    if numbers[["x", "y"]].isna().any(axis=None):
        raise InputError(
            "the tiles of this table have no places", got="empty x or y", expected="level-0 pixels"
        )
    values = numbers[column].to_numpy(np.float64)
    return TileScores(numbers[["x", "y"]].to_numpy(np.int64), values, column, bool((values < 0).any()))
