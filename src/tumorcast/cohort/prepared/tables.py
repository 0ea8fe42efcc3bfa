"""pandas tables as `.npy` arrays and a description in JSON, so that opening them reads (almost) nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.readers.files import is_plain_name

Described = dict[str, Any]
_NAN, _NONE = -1, -2


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame], index: pd.Index) -> dict[str, Described]:
    """Write each table's arrays; returns what `read_tables` needs to know.

    A table whose columns are all of one numeric type is one array [n, d]; of others, columns of one type are the rows
    of one array, and text is numbers into a list of its values. The index of a table is kept where it is `index`.

    Raises:
        TypeError: a cell is neither a number, nor text, nor a tuple of texts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _write(folder, name, table, index) for name, table in tables.items()}


def check_tables(tables: Mapping[str, pd.DataFrame]) -> None:
    """TypeError of `write_tables`, with nothing written."""
    for table in tables.values():
        for k in range(table.shape[1]):
            if _kind(table.iloc[:, k]) == "text":
                _coded(table.iloc[:, k])


def read_tables(folder: Path, described: Mapping[str, Described], index: pd.Index) -> dict[str, pd.DataFrame]:
    """The tables; numbers stay in their files until they are used."""
    return {name: _read(folder, entry, index) for name, entry in described.items()}


def _write(folder: Path, name: str, table: pd.DataFrame, index: pd.Index) -> Described:
    kinds = [_kind(table.iloc[:, k]) for k in range(table.shape[1])]
    entry: Described = {
        "rows": len(table),
        "columns": [str(column) for column in table.columns],
        "has_index": table.index.equals(index),
        "index_name": table.index.name,
        "kinds": kinds,
        "types": [str(dtype) for dtype in table.dtypes],
        "files": {},
    }
    if len(set(kinds)) == 1 and kinds[0] != "text":
        entry["files"]["all"] = _save(folder, f"{name}.npy", table.to_numpy())
        return entry
    texts: dict[str, list[Any]] = {}
    for kind in sorted(set(kinds)):
        own = [k for k, found in enumerate(kinds) if found == kind]
        columns = [table.iloc[:, k] for k in own]
        if kind == "text":
            coded = [_coded(column) for column in columns]
            texts |= {str(k): values for k, (_, values) in zip(own, coded, strict=True)}
            stacked = np.stack([codes for codes, _ in coded])
        else:
            stacked = np.stack([column.to_numpy() for column in columns])
        entry["files"][kind] = _save(folder, f"{name}.{kind}.npy", stacked)
    return {**entry, "texts": texts}


def _kind(column: pd.Series) -> str:
    return column.dtype.name if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf" else "text"


def _save(folder: Path, file: str, array: NDArray[Any]) -> str:
    np.save(folder / file, np.ascontiguousarray(array), allow_pickle=False)
    return file


def _coded(column: pd.Series) -> tuple[NDArray[np.int32], list[Any]]:
    """Number of each cell in the list of values."""
    codes, values = pd.factorize(column.to_numpy(object))
    if codes.min(initial=0) < 0:
        is_none = np.array([cell is None for cell in column.array[codes < 0]], bool)
        codes[codes < 0] = np.where(is_none, _NONE, _NAN)
    for value in values:
        if not isinstance(value, (str, tuple)):
            raise TypeError(f"a cell of '{column.name}' is {type(value).__name__}, not text")
    return codes.astype(np.int32), list(values)


def _read(folder: Path, entry: Described, index: pd.Index) -> pd.DataFrame:
    arrays = {kind: _mapped(folder, file) for kind, file in entry["files"].items()}
    own = index.rename(entry["index_name"]) if entry["has_index"] else pd.RangeIndex(entry["rows"])
    names = pd.Index(entry["columns"], dtype=object if not entry["columns"] else None)
    if "all" in arrays:
        return pd.DataFrame(arrays["all"], index=own, columns=names, copy=False)
    place = dict.fromkeys(arrays, 0)
    columns: dict[int, Any] = {}
    for k, kind in enumerate(entry["kinds"]):
        values = arrays[kind][place[kind]]
        place[kind] += 1
        if kind == "text":
            columns[k] = pd.Series(_texts(values, entry["texts"][str(k)]), own, dtype=entry["types"][k])
        else:
            columns[k] = pd.Series(values, own, copy=False)
    return pd.DataFrame(columns, index=own, copy=False).set_axis(names, axis=1)


def _texts(codes: NDArray[np.int32], values: list[Any]) -> NDArray[np.object_]:
    lookup = np.empty(len(values) + 2, object)
    for k, value in enumerate(values):
        lookup[k] = tuple(value) if isinstance(value, list) else value
    lookup[_NAN], lookup[_NONE] = np.nan, None
    return lookup[codes]


def _mapped(folder: Path, file: str) -> NDArray[Any]:
    if not is_plain_name(file):
        raise ValueError(f"{file!r} is no file's name")
    path = folder / file
    found = np.load(path, allow_pickle=False) if _is_empty(path) else np.load(path, "r", allow_pickle=False)
    return found.view(np.ndarray)


def _is_empty(path: Path) -> bool:
    """Files without a value cannot be mapped."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, _ = np.lib.format.read_array_header_1_0(file)
    return 0 in shape
