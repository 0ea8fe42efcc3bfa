"""Values of a baseline number with which nobody received a treatment, where chance does not explain it.

A regression of chances is smooth: where a treatment becomes likelier towards a value and stops there altogether
(positivity broken by rule), it does not see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_FEWEST, _MOST_VALUES = 10, 6
_LEVEL = 0.05


@dataclass(frozen=True)
class Never:
    """`n` training patients had this value of the column, and none of them received the treatment."""

    treatment: str
    column: str
    value: float
    n: int


def never_received(table: pd.DataFrame, given: Sequence[str]) -> tuple[Never, ...]:
    """Of numbers with at most six values, those of ten patients and more; all of them together at 5% (Bonferroni).

    Args:
        table: patient x baseline numbers, NaN missing. given: [n] treatment.
    """
    names = np.asarray(given)
    levels = [
        (str(column), float(value), (table[column] == value).to_numpy())
        for column in table
        if table[column].nunique() <= _MOST_VALUES
        for value in np.unique(table[column].dropna())
    ]
    levels = [level for level in levels if level[2].sum() >= _FEWEST]
    groups = np.unique(names)
    found = []
    for group in groups:
        share = float((names == group).mean())
        for column, value, rows in levels:
            by_chance = (1 - share) ** int(rows.sum())
            if not (names[rows] == group).any() and by_chance < _LEVEL / (len(levels) * len(groups)):
                found.append(Never(str(group), column, value, int(rows.sum())))
    return tuple(found)


def never_of(found: Sequence[Never], numbers: Mapping[str, float], treatment: str) -> Never | None:
    """The first that holds for a patient of these numbers."""
    own = (one for one in found if one.treatment == treatment)
    return next((one for one in own if numbers.get(one.column) == one.value), None)
