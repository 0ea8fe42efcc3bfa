"""A polygenic score: variants with places, alleles and weights, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CHROMOSOMES = (*map(str, range(1, 23)), "X", "Y", "MT")
"""Code 1 is the first; 0 stands for any other."""
X, Y, MT = 23, 24, 25
ADDITIVE, DOMINANT, RECESSIVE = 0, 1, 2
EFFECT_TYPES = ("additive", "dominant", "recessive")
_CODES = {name: n for n, name in enumerate(CHROMOSOMES, 1)} | {
    "23": X, "24": Y, "25": X, "26": MT, "M": MT, "XY": X, "PAR1": X, "PAR2": X, "X_NONPAR": X,
}  # fmt: skip
_PAIRED = frozenset({"25", "XY", "PAR1", "PAR2"})
_SHIFT = 32


def chromosome_code(name: str) -> int:
    """`chr1`, `1`, `01` -> 1; `23`, `X` -> 23; 0 for what is no chromosome. 25 is XY, as PLINK numbers it."""
    bare = name.strip()
    bare = bare[3:] if bare[:3].lower() == "chr" else bare
    return _CODES.get(bare.upper().lstrip("0"), 0)


def is_paired_x(name: str) -> bool:
    """Whether a chromosome's name is of the part of X that men have twice (`XY`, `PAR1`)."""
    return name.strip().upper().removeprefix("CHR") in _PAIRED


def place_key(chromosome: int, position: int) -> int:
    """One number a place, in the genome's order."""
    return (chromosome << _SHIFT) + position


def place_keys(chromosome: NDArray[np.int64], position: NDArray[np.int64]) -> NDArray[np.int64]:
    """As `place_key`, for arrays."""
    return (chromosome.astype(np.int64) << _SHIFT) + position


@dataclass(frozen=True)
class PolygenicScore:
    """One score; arrays have one element a row of its file.

    Attributes:
        build: GRCh37 or GRCh38, that of `position`; None not known.
        chromosome: codes, 0 where there is none; `position`: 1-based, 0 where there is none.
        effect, other: alleles in capitals; `other` None where not given.
        frequency: of the effect allele as the file has it, NaN where it has none.
        effect_type: ADDITIVE, DOMINANT, RECESSIVE.
        line: number of the row's line in its file, from 1.
        left_out: row -> reason, for rows that are counted but cannot be matched.
        about: what the file's head says (trait, weight type, citation, ...).
        notes: of the file; warnings: those that are told on the screen too.
    """

    name: str
    build: str | None
    chromosome: NDArray[np.int64]
    position: NDArray[np.int64]
    effect: NDArray[np.object_]
    other: NDArray[np.object_]
    weight: NDArray[np.float64]
    frequency: NDArray[np.float64]
    effect_type: NDArray[np.int8]
    line: NDArray[np.int64]
    left_out: Mapping[int, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.weight)
