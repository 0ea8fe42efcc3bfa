"""Genotypes of many samples at some records, as arrays: copies of any allele, missing told apart from none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MISSING, NO_STRAND = -2, -3
"""Codes of an allele that was not read ("." less "0"), and of the second strand of a haploid call."""
ANY_ALT = frozenset({"<NON_REF>", "<*>"})
"""Words of a gVCF for "some other allele": the site was typed."""
MOST_ALLELES = 100
"""Alleles of one record with higher numbers are not told apart: they count as not read."""


@dataclass(frozen=True)
class Record:
    """One record of the genotypes' file.

    Attributes:
        place: which of the wanted places it stands at.
        alts: the other alleles in order, symbolic ones too; empty where the file offers none.
    """

    place: int
    ref: str
    alts: tuple[str, ...]


@dataclass(frozen=True)
class GenotypeBlock:
    """Some records, whole places only, in the file's order.

    Attributes:
        first, second: alleles on the strands [n_records, n_samples], 0 the reference; `MISSING`; `NO_STRAND` stands
            in `second` alone.
        dosages: [n_records, n_samples, most alts], copies of each other allele on all strands, NaN where not
            given; None where the file has none.
        n_nan: dosages written as no number ("nan", "NA"), which count as not given.
    """

    records: Sequence[Record]
    first: NDArray[np.int8]
    second: NDArray[np.int8]
    dosages: NDArray[np.float64] | None = None
    n_nan: int = 0

    @cached_property
    def has_missing(self) -> bool:
        """Whether any strand was not read."""
        return bool((self.first == MISSING).any() or (self.second == MISSING).any())

    @cached_property
    def has_haploid(self) -> bool:
        """Whether any call is haploid."""
        return bool((self.second == NO_STRAND).any())

    def copies(
        self, record: NDArray[np.int64], allele: NDArray[np.int64]
    ) -> tuple[NDArray[np.int8] | NDArray[np.float64], NDArray[np.bool_] | None]:
        """Copies of one allele (0 the reference) a row, [n, n_samples], and where it was not read.

        The second is None where all were read. What stands in the first where nothing was read is of no use.
        """
        one, two = self.first[_rows(record)], self.second[_rows(record)]
        code = np.minimum(allele, MOST_ALLELES).astype(np.int8)[:, None]
        found = (one == code).view(np.int8) + (two == code).view(np.int8)
        is_missing = (one == MISSING) | (two == MISSING) if self.has_missing else None
        if self.dosages is None:
            return found, is_missing
        given = self.dosages[record]
        is_given = ~np.isnan(given).all(axis=2)
        alternate = given[np.arange(len(record)), :, np.minimum(np.maximum(allele, 1), given.shape[2]) - 1]
        reference = np.maximum(self.strands(record) - np.nansum(given, axis=2), 0.0)
        dosage = np.where((allele == 0)[:, None], reference, np.where(np.isnan(alternate), 0.0, alternate))
        whole = np.where(is_given, dosage, found)
        return whole, None if is_missing is None else is_missing & ~is_given

    def strands(self, record: NDArray[np.int64]) -> NDArray[np.int64]:
        """Strands [n, n_samples] of each call: 1 haploid, else 2 (also where it was not read)."""
        return np.where(self.second[record] == NO_STRAND, 1, 2)


def _rows(record: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Neighbours as a slice, which copies nothing."""
    if len(record) and record[-1] - record[0] == len(record) - 1 and np.all(np.diff(record) == 1):
        return slice(int(record[0]), int(record[-1]) + 1)
    return record
