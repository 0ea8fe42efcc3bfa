"""Guards that keep training and test apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import LeakageError
from tumorcast.slides.tuned_on import TunedOn

Array = NDArray[np.float64]
Pair = tuple[str, str, str]
_MOST_NAMED = 5
_FEWEST_VALUES, _WIDE, _APART_WIDE, _APART_NARROW = 20, 200, 0.1, 0.02
_JUDGED, _NOISE, _FAR = 0.98, 1e-6, 3.0
_DIRECTIONS, _LIKELY, _ROWS, _COLUMNS = 256, 0.9, 512, 1024
_FEWEST_VARIANTS, _SHARED_VARIANTS = 10, 0.9


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


def check_unseen(record: TunedOn, test_ids: Iterable[object], where: str) -> None:
    """Refuse test patients whose tiles the tile encoder was fine-tuned on.

    Args:
        record: whom the encoder has seen.
        test_ids: patients.
        where: name of the fold or study.

    Raises:
        LeakageError: it has seen at least one; the first few are named.
    """
    seen = record.seen(test_ids)
    if seen:
        raise LeakageError(
            f"the tile encoder {record.encoder_id} was tuned on {len(seen)} test patients of {where}",
            got=", ".join(seen[:_MOST_NAMED]) + (", ..." if len(seen) > _MOST_NAMED else ""),
            expected=f"an encoder that has seen training patients alone (this one was tuned in {record.study_id})",
            fix="run the fold that it was tuned for, tune it anew (tumorcast finetune --fold), or take the untuned one",
        )


def _names(ids: Iterable[object]) -> set[str]:
    return {str(name).strip() for name in ids}


def near_duplicates(tables: Mapping[str, pd.DataFrame], patients: pd.Series) -> list[Pair]:
    """(layer, course, course) of different patients whose measurements are the same up to rounding.

    Features are centred on the cohort's medians and scaled by its standard deviations, so that two tumours of one
    kind, or two quiet genomes, are not alike by that. Pairs are sought by random projections (Johnson and
    Lindenstrauss 1984) and judged on the features that both have, less the 2% farthest apart (those that hardly vary,
    rounded): alike are those that differ, in root mean square, by at most 0.1 (of fewer than 200 features, which may
    go together, 0.02) standard deviations, and of their own distance from the medians. Courses with fewer than 20
    different values are not judged.

    Args:
        tables: layer -> course x feature, NaN not measured. patients: course -> patient.
    """
    found = []
    for name, table in tables.items():
        values = table.to_numpy()
        values = values if values.dtype.kind == "f" else values.astype(float)
        kept = np.array([len(np.unique(row[np.isfinite(row)])) >= _FEWEST_VALUES for row in values], bool)
        ids = table.index[kept]
        if len(ids) < 2:
            continue
        z = _centred(values, kept)
        people = patients.loc[ids].to_numpy()
        for i, k in _candidates(z):
            if people[i] != people[k] and _alike(z[i].astype(float), z[k].astype(float)):
                found.append((name, str(ids[i]), str(ids[k])))
    return found


def _centred(values: NDArray[Any], kept: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Rows that are kept and features that any of them has, in standard deviations from the median."""
    parts = []
    for start in range(0, values.shape[1], _COLUMNS):
        block = values[kept, start : start + _COLUMNS].astype(float)
        block = block[:, np.isfinite(block).any(axis=0)]
        spread = np.nanstd(block, axis=0)
        varies = spread > _NOISE * np.nanmax(np.abs(block), axis=0, initial=0)
        block = (block - np.nanmedian(block, axis=0)) / np.where(varies, spread, np.inf)
        parts.append(block.astype(np.float32))
    return np.concatenate(parts, axis=1)


def same_variants(variants: pd.DataFrame, patients: pd.Series) -> list[Pair]:
    """("mutations", course, course) of different patients who share nine tenths of their altered genes and impacts
    (Jaccard's index); of courses with ten or more.

    Args:
        variants: course_id, gene, impact; one row a variant. patients: course -> patient.
    """
    kinds = variants[["course_id", "gene", "impact"]].astype(str).drop_duplicates()
    own = kinds.groupby("course_id")["gene"].transform("size")
    kinds = kinds[own >= _FEWEST_VARIANTS]
    if kinds.empty:
        return []
    row, ids = pd.factorize(kinds["course_id"], sort=True)
    column, _ = pd.factorize(kinds["gene"] + " " + kinds["impact"])
    from scipy.sparse import csr_array

    has = csr_array((np.ones(len(kinds)), (row, column)))
    size, across = has.sum(axis=1), has.T.tocsr()
    found: list[tuple[str, str]] = []
    for start in range(0, len(ids), _ROWS):
        shared = (has[start : start + _ROWS] @ across).tocoo()
        i, k = shared.coords[0] + start, shared.coords[1]
        is_same = (i < k) & (shared.data >= _SHARED_VARIANTS * (size[i] + size[k] - shared.data))
        found += zip(ids[i[is_same]], ids[k[is_same]], strict=True)
    return [("mutations", a, b) for a, b in sorted(found) if patients[a] != patients[b]]


def same_marks(marks: pd.DataFrame, patients: pd.Series) -> list[Pair]:
    """(layer, course, course) of different patients who share a mark that only one should have, as a slide's digest.

    Args:
        marks: course_id, layer, mark. patients: course -> patient.
    """
    found = []
    for (layer, _), rows in marks.drop_duplicates().groupby(["layer", "mark"]):
        ids = rows["course_id"].astype(str)
        found += [(str(layer), a, b) for a, b in combinations(ids, 2) if patients[a] != patients[b]]
    return list(dict.fromkeys(found))


def check_near_duplicates(
    pairs: Iterable[Pair], folds: Iterable[tuple[Iterable[str], Iterable[str]]]
) -> None:
    """Refuse a split with a pair on both sides; folds are (training courses, test courses).

    Raises:
        LeakageError: the first pairs are named.
    """
    sides = [(set(training), set(test)) for training, test in folds]
    layers: dict[tuple[str, str], list[str]] = {}
    for name, a, b in pairs:
        if any((a in training and b in test) or (b in training and a in test) for training, test in sides):
            layers.setdefault((min(a, b), max(a, b)), []).append(name)
    if layers:
        named = [f"{a} and {b} ({', '.join(names)})" for (a, b), names in layers.items()]
        raise LeakageError(
            f"{len(layers)} pairs of courses in training and in test, under two patients' names, look like one tumour",
            got="; ".join(named[:_MOST_NAMED]) + ("; ..." if len(named) > _MOST_NAMED else ""),
            expected="each tumour once, under one patient's name",
            fix="give both one patient_id, leave one out, or set split.allow_duplicates=true",
        )


def _candidates(z: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Pairs of rows that may be alike, by the cosine of their angle."""
    directions = np.eye(z.shape[1])
    if z.shape[1] > _DIRECTIONS:
        directions = np.random.default_rng(0).normal(size=(z.shape[1], _DIRECTIONS))
    rows = [z[start : start + _ROWS] for start in range(0, len(z), _ROWS)]
    seen = np.concatenate([np.clip(np.nan_to_num(r.astype(float)), -_FAR, _FAR) @ directions for r in rows])
    unit = (seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-12)).astype(np.float32)
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
    own = float(np.mean(a[both] ** 2 + b[both] ** 2)) / 2
    apart = np.sort((a[both] - b[both]) ** 2)[: math.ceil(_JUDGED * both.sum())]
    return bool(apart.mean() <= allowed**2 * min(1.0, own))
