"""Tile features that stay in their files: rows are read when they are asked for, as float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class StoredTable:
    """A table [n, dim] in an HDF5 file (or [1, n, dim], as some tools write it)."""

    path: Path
    key: str
    shape: tuple[int, int]
    has_batch_axis: bool = False

    def read(self, rows: slice | NDArray[np.int64]) -> F32:
        """Rows of a slice, or of ascending numbers without repeats."""
        with h5py.File(self.path, "r") as file:
            dataset = file[self.key]
            found = dataset[0, rows] if self.has_batch_axis else dataset[rows]
        return np.asarray(found, np.float32)


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Tables below each other that are read like one array [T, dim]: a slice, a mask or a list of rows at a time.

    Memory is that of the rows asked for. The files must stay as they are while this is used.
    """

    tables: tuple[StoredTable, ...]

    @property
    def shape(self) -> tuple[int, int]:
        return sum(table.shape[0] for table in self.tables), self.tables[0].shape[1]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[Any] | Sequence[int]) -> F32:
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(self))
            found = [
                table.read(slice(max(start - first, 0), min(stop - first, table.shape[0])))
                for first, table in self._placed
                if start < first + table.shape[0] and stop > first
            ]
            return found[0] if len(found) == 1 else np.concatenate([self._none, *found])
        numbers = np.arange(len(self))[rows]
        wanted, back = np.unique(numbers, return_inverse=True)
        parts = [
            table.read(wanted[(wanted >= first) & (wanted < first + table.shape[0])] - first)
            for first, table in self._placed
        ]
        return np.concatenate([self._none, *parts])[back]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or np.float32, copy=False)

    def mean(self, axis: int = 0) -> F32:
        """[dim] mean over the rows; not finite where a value is not."""
        if axis != 0:
            raise ValueError(f"mean over axis {axis} of rows in files")
        return self._mean

    @cached_property
    def _mean(self) -> F32:
        total = np.zeros(self.shape[1])
        for start in range(0, len(self), _ROWS_AT_ONCE):
            total += self[start : start + _ROWS_AT_ONCE].sum(axis=0, dtype=np.float64)
        return (total / max(len(self), 1)).astype(np.float32)

    @cached_property
    def _placed(self) -> list[tuple[int, StoredTable]]:
        starts = np.cumsum([0, *(table.shape[0] for table in self.tables[:-1])])
        return list(zip(starts.tolist(), self.tables, strict=True))

    @property
    def _none(self) -> F32:
        return np.zeros((0, self.shape[1]), np.float32)


def joined(bags: Sequence[F32 | StoredRows]) -> F32 | StoredRows:
    """Bags below each other: in their files where all are, else in memory."""
    stored = [bag for bag in bags if isinstance(bag, StoredRows)]
    if len(stored) == len(bags):
        return StoredRows(tuple(table for bag in stored for table in bag.tables))
    return np.concatenate([np.asarray(bag, np.float32) for bag in bags])
