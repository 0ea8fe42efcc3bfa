"""Tile features that stay in their files: rows are read when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Rows = NDArray[Any]
_ROWS_AT_ONCE = 512
_HALF_MAX = 65504.0
_MOST_MAPS = 1024


@dataclass(frozen=True)
class StoredTable:
    """A table [n, dim] in an HDF5 file (or [1, n, dim], as some tools write it), read as float32."""

    path: Path
    key: str
    shape: tuple[int, int]
    has_batch_axis: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32)

    def read(self, rows: slice | NDArray[np.int64]) -> F32:
        """Rows of a slice, or of ascending numbers without repeats."""
        return np.asarray(self.read_as_stored(rows), np.float32)

    def read_as_stored(self, rows: slice | NDArray[np.int64]) -> Rows:
        """The same in the file's own precision."""
        with h5py.File(self.path, "r") as file:
            dataset = file[self.key]
            return np.asarray(dataset[0, rows] if self.has_batch_axis else dataset[rows])


@dataclass(frozen=True)
class MappedTable:
    """`shape[0]` rows from `first` on of a `.npy` table that is mapped into memory; as stored.

    A process maps a file once, whatever number of tables lie in it; what is sent to another process is the name.
    """

    path: Path
    first: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]

    def read(self, rows: slice | NDArray[np.int64]) -> Rows:
        """Rows of a slice (without copy) or of numbers in any order."""
        return mapped(self.path)[self.first : self.first + self.shape[0]][rows]


@lru_cache(_MOST_MAPS)
def mapped(path: Path) -> Rows:
    """The table of a `.npy` file, not read but mapped; it must keep its content under this name."""
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


@dataclass(frozen=True)
class KnownRows:
    """What was computed of rows once and need not be read again: mean [dim] and `rows_digest`."""

    mean: F32
    digest: str


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Tables below each other that are read like one array [T, dim]: a slice, a mask or a list of rows at a time.

    Memory is that of the rows asked for. The files must stay as they are while this is used.
    """

    tables: tuple[StoredTable | MappedTable, ...]
    known: KnownRows | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return sum(table.shape[0] for table in self.tables), self.tables[0].shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows that are given: float32 of HDF5 files, as stored of mapped ones."""
        return np.result_type(*(table.dtype for table in self.tables))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[Any] | Sequence[int]) -> Rows:
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(self))
            found = [
                table.read(slice(max(start - first, 0), min(stop - first, table.shape[0])))
                for first, table in self._placed
                if start < first + table.shape[0] and stop > first
            ]
            return found[0] if len(found) == 1 else np.concatenate([self._none, *found])
        numbers = np.arange(len(self))[rows]
        if len(self.tables) == 1 and isinstance(self.tables[0], MappedTable):
            return self.tables[0].read(numbers)
        wanted, back = np.unique(numbers, return_inverse=True)
        parts = [
            table.read(wanted[(wanted >= first) & (wanted < first + table.shape[0])] - first)
            for first, table in self._placed
        ]
        return np.concatenate([self._none, *parts])[back]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Rows:
        return self[:].astype(dtype or self.dtype, copy=bool(copy))

    def mean(self, axis: int = 0) -> F32:
        """[dim] mean over the rows; not finite where a value is not."""
        if axis != 0:
            raise ValueError(f"mean over axis {axis} of rows in files")
        return self._mean if self.known is None else self.known.mean

    @cached_property
    def _mean(self) -> F32:
        total = np.zeros(self.shape[1])
        for start in range(0, len(self), _ROWS_AT_ONCE):
            total += self[start : start + _ROWS_AT_ONCE].sum(axis=0, dtype=np.float64)
        return (total / max(len(self), 1)).astype(np.float32)

    @cached_property
    def _placed(self) -> list[tuple[int, StoredTable | MappedTable]]:
        starts = np.cumsum([0, *(table.shape[0] for table in self.tables[:-1])])
        return list(zip(starts.tolist(), self.tables, strict=True))

    @property
    def _none(self) -> Rows:
        return np.zeros((0, self.shape[1]), self.dtype)


def joined(bags: Sequence[F32 | StoredRows]) -> F32 | StoredRows:
    """Bags below each other: in their files where all are, else in memory."""
    stored = [bag for bag in bags if isinstance(bag, StoredRows)]
    if len(stored) == len(bags):
        return StoredRows(tuple(table for bag in stored for table in bag.tables))
    return np.concatenate([np.asarray(bag, np.float32) for bag in bags])


def halved(rows: Rows) -> NDArray[np.float16]:
    """Half precision; values beyond its range are held at its ends, as in a feature store, where all are finite."""
    if rows.dtype == np.float16:
        return np.ascontiguousarray(rows)
    clipped = np.clip(rows, -_HALF_MAX, _HALF_MAX) if np.isfinite(rows).all() else rows
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(clipped, np.float16)


def rows_digest(rows: Rows | StoredRows) -> str:
    """sha256 (hex) of tile features in half precision, wherever they lie; known beforehand of prepared ones."""
    if isinstance(rows, StoredRows) and rows.known is not None:
        return rows.known.digest
    digest = hashlib.sha256()
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        digest.update(halved(rows[start : start + _ROWS_AT_ONCE]).tobytes())
    return digest.hexdigest()
