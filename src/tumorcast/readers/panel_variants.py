"""Variants that reference people's sums rest on: the matched rows of a matches.csv, one mark a variant."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import open_text

VARIANT_COLUMNS = (
    "chromosome", "position", "effect_allele", "other_allele", "weight", "effect_type",
)  # fmt: skip
"""Columns of matches.csv that say which variant was counted, and how."""
_MARK_BYTES = 8

Marks = NDArray[np.uint64]


def variant_marks(rows: Iterable[Sequence[object]]) -> Marks:
    """One number a variant, sorted, from its cells of `VARIANT_COLUMNS`; equal lists of variants have equal marks."""
    marks = (blake2b("\t".join(map(str, row)).encode(), digest_size=_MARK_BYTES).digest() for row in rows)
    return np.sort(np.frombuffer(b"".join(marks), "<u8").astype(np.uint64))


def read_matched_variants(path: Path, scores: Sequence[str]) -> Mapping[str, Marks]:
    """Score -> marks of its matched variants, for those of `scores` that the file names.

    Args:
        path: the matches.csv of the run that gave the reference people their sums.

    Raises:
        InputError: no matches.csv.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    with open_text(path) as file:
        rows = csv.DictReader(file)
        lacking = {"score", "status", *VARIANT_COLUMNS} - set(rows.fieldnames or ())
        if lacking:
            raise InputError(
                f"{path.name} is no matches.csv", got=f"no column {', '.join(sorted(lacking))}",
                expected="the matches.csv of the run that summed the reference people",
            )  # fmt: skip
        for row in rows:
            if row["score"] in scores:
                mine = found.setdefault(row["score"], [])
                if row["status"] == "matched":
                    mine.append(tuple(row[name] for name in VARIANT_COLUMNS))
    return {name: variant_marks(rows) for name, rows in found.items()}
