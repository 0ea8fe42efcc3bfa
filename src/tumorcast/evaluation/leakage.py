"""Guards that keep training and test apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import LeakageError

Array = NDArray[np.float64]
_MOST_NAMED = 5
_FEWEST_VALUES, _WIDE, _APART_WIDE, _APART_NARROW = 20, 200, 0.1, 0.02
_DIRECTIONS, _LIKELY, _ROWS = 256, 0.85, 512


def check_disjoint(train_ids: Iterable[object], test_ids: Iterable[object], what: str = "patients") -> None:
    """Refuse identifiers that stand on both sides; compared as text without surrounding spaces.

    Args:
        train_ids, test_ids: identifiers, each as often as it likes.
        what: the plural that the message uses ("patients", "slides").

    Raises:
        LeakageError: at least one is on both sides; the first few are named.
    """
    shared = sorted(_names(train_ids) & _names(test_ids))
    if not shared:
        return
    named = ", ".join(shared[:_MOST_NAMED]) + (", ..." if len(shared) > _MOST_NAMED else "")
    raise LeakageError(
        f"{len(shared)} {what} are both in training and in test",
        got=named,
        expected=f"{what} on one side only",
        fix=f"split by {what}, not by rows, and give each one name throughout",
    )


def _names(ids: Iterable[object]) -> set[str]:
    return {str(name).strip() for name in ids}


def near_duplicates(tables: Mapping[str, pd.DataFrame], patients: pd.Series) -> list[tuple[str, str, str]]:
    """(layer, course, course) of different patients whose measurements are all but the same.

    Features are standardised over the cohort, so that two tumours of one kind are not alike by their kind. Pairs are
    sought by random projections (Johnson and Lindenstrauss) and judged on all features that both have: alike are those
    whose mean squared difference is at most 0.1 standard deviations squared (of fewer than 200 features, which may go
    together, 0.02 squared). Courses with fewer than 20 different values are not judged: two quiet genomes are no copy.

    Args:
        tables: layer -> course x feature, NaN not measured. patients: course -> patient.
    """
    found = []
    for name, table in tables.items():
        values = table.to_numpy(float)
        kept = np.array([len(np.unique(row[np.isfinite(row)])) >= _FEWEST_VALUES for row in values], bool)
        ids, values = table.index[kept], values[kept]
        if len(ids) < 2:
            continue
        spread = np.nanstd(values, axis=0)
        z = (values - np.nanmean(values, axis=0)) / np.where(spread > 0, spread, np.inf)
        people = patients.loc[ids].to_numpy()
        for i, k in _candidates(np.nan_to_num(z)):
            if people[i] != people[k] and _alike(z[i], z[k]):
                found.append((name, str(ids[i]), str(ids[k])))
    return found


def check_near_duplicates(
    tables: Mapping[str, pd.DataFrame],
    patients: pd.Series,
    folds: Iterable[tuple[Iterable[str], Iterable[str]]],
) -> None:
    """Refuse a split with near duplicates on both sides; folds are (training courses, test courses).

    Raises:
        LeakageError: the first pairs are named.
    """
    pairs = near_duplicates(tables, patients)
    if not pairs:
        return
    sides = [(set(training), set(test)) for training, test in folds]
    leaking = [
        (name, a, b)
        for name, a, b in pairs
        if any((a in training and b in test) or (b in training and a in test) for training, test in sides)
    ]
    if leaking:
        named = "; ".join(f"{a} and {b} ({name})" for name, a, b in leaking[:_MOST_NAMED])
        raise LeakageError(
            f"{len(leaking)} pairs of patients in training and in test have all but the same measurements",
            got=named,
            expected="each tumour once, under one patient's name",
            fix="give both one patient_id, leave one out, or set split.allow_duplicates=true",
        )


def _candidates(z: Array) -> Iterator[tuple[int, int]]:
    """Pairs of rows that may be alike."""
    length = np.linalg.norm(z, axis=1, keepdims=True)
    unit = z / np.where(length > 0, length, 1)
    if unit.shape[1] > _DIRECTIONS:
        random = np.random.default_rng(0).normal(size=(unit.shape[1], _DIRECTIONS))
        unit = unit @ random / np.sqrt(_DIRECTIONS)
        unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    for start in range(0, len(unit), _ROWS):
        close = unit[start : start + _ROWS] @ unit.T > _LIKELY
        for i, k in np.argwhere(close):
            if start + i < k:
                yield int(start + i), int(k)


def _alike(a: Array, b: Array) -> bool:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < _FEWEST_VALUES:
        return False
    allowed = _APART_WIDE if both.sum() >= _WIDE else _APART_NARROW
    return bool(np.mean((a[both] - b[both]) ** 2) <= allowed**2)
