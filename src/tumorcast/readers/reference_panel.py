"""Reference people for polygenic scores: a table of populations, principal components and sums."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import need_columns, read_table

_COMPONENT = re.compile(r"PC(\d+)((?:_AVG|_SUM)?)", re.IGNORECASE)
_HEADS = ("#IID", "#FID")
_PLINK = ("#FID", "FID", "SID", "ALLELE_CT", "NAMED_ALLELE_DOSAGE_SUM")
_ALIASES = {"IID": "sample", "#IID": "sample", "SuperPop": "population", "Unrelated": "unrelated"}
_FALSE = ("false", "0", "no")


@dataclass(frozen=True)
class PanelTable:
    """Reference people of the training set.

    Attributes:
        components: [n, k], PC1 first. scale: what stands behind PC1 in its column's name, `_AVG` or `_SUM`.
        population: [n]. sums: score -> [n], NaN where not given; of the scores asked for that have a column.
    """

    components: NDArray[np.float64]
    scale: str
    population: NDArray[np.object_]
    sums: Mapping[str, NDArray[np.float64]]


def read_panel(path: Path, n_components: int, scores: Sequence[str]) -> PanelTable:
    """From `sample, population, PC1, PC2, ..., [unrelated,] SCORE, ...` (tabs, or commas in a .csv).

    People with `unrelated` false are left out.

    Raises:
        InputError: no such columns, fewer components than asked for, a cell that is no number, no population.
    """
    table = _table(path, ("sample", "population"))
    if "unrelated" in table:
        table = table[~table["unrelated"].fillna("").str.lower().isin(_FALSE)]
    components, scale = _components(table, n_components, path)
    if (is_bare := table["population"].fillna("") == "").any():
        raise InputError(
            f"{path.name}: a reference person has no population", got=f"sample {table['sample'][is_bare].iloc[0]}",
            fix="name it, or leave the person out (unrelated false)",
        )  # fmt: skip
    sums = {name: _sums(table, name, path) for name in scores if name in table}
    return PanelTable(components, scale, table["population"].to_numpy(object), sums)


def _sums(table: pd.DataFrame, name: str, path: Path) -> NDArray[np.float64]:
    """One score's column; an empty cell is NaN."""
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64)
    damaged = np.flatnonzero(~np.isfinite(values) & table[name].notna().to_numpy(bool) & (table[name] != ""))
    if len(damaged):
        row = int(damaged[0])
        raise InputError(
            f"{path.name}: a sum is no number",
            got=f"sample {table['sample'].iloc[row]}, column {name}: {table[name].iloc[row]}",
        )
    return values


def read_components(path: Path, n_components: int, scale: str) -> Mapping[str, NDArray[np.float64]]:
    """Sample -> its components in the panel's space, from `sample, PC1, PC2, ...`.

    Args:
        scale: the panel's.

    Raises:
        InputError: as `read_panel`, or components on another scale than the panel's.
    """
    table = _table(path, ("sample",))
    components, own = _components(table, n_components, path)
    if own != scale:
        raise InputError(
            f"{path.name}: components on another scale than the reference people's", got=f"PC1{own}",
            expected=f"PC1{scale}", fix="project both in the same way (plink2 --score)",
        )  # fmt: skip
    return dict(zip(table["sample"].astype(str), components, strict=True))


def _table(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    table = read_table(path, "," if path.suffix.lower() == ".csv" else "\t", _HEADS).rename(columns=_ALIASES)
    need_columns(table, needed, path)
    if table["sample"].duplicated().any():
        raise InputError(
            f"{path.name} names a sample twice", got=table["sample"][table["sample"].duplicated()].iloc[0]
        )
    return table


def _components(table: pd.DataFrame, n_components: int, path: Path) -> tuple[NDArray[np.float64], str]:
    """(components [n, k], their scale)."""
    found = [(one, str(name)) for name in table if (one := _COMPONENT.fullmatch(str(name)))]
    by_number = {int(one[1]): name for one, name in found}
    wanted: Sequence[int] = range(1, n_components + 1)
    if lacking := [n for n in wanted if n not in by_number]:
        raise InputError(
            f"{path.name} lacks principal components", got=f"no PC{lacking[0]}",
            expected=f"PC1 to PC{n_components}", fix="--components asks for fewer",
        )  # fmt: skip
    scales = {one[2].upper() for one, _ in found}
    if len(by_number) < len(found) or len(scales) > 1:
        raise InputError(
            f"{path.name} gives components on several scales, or one twice",
            got=", ".join(name for _, name in found[:6]),
        )
    values = table[[by_number[n] for n in wanted]].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise InputError(f"{path.name}: a component is no number", got=f"sample {table['sample'].iloc[row]}")
    return values, scales.pop()
