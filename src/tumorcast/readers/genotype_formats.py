"""Records of a VCF with their samples as a block: genotypes (GT), dosages (DS), probabilities (GP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.genotypes import ANY_ALT, MISSING, NO_STRAND, GenotypeBlock, Record
from tumorcast.domain.errors import InputError
from tumorcast.readers.genotype_text import Cells, alleles, listed, part, plain_alleles, sample_cells

FIELDS = ("DS", "GP", "GT")
"""Order in which a dosage is taken; the next one where a sample has none."""
_LOWER, _N = np.uint8(32), ord("n")
_TOLERATED = 0.01
_ROUNDED = 0.05
"""How far probabilities of few digits may be from a sum of one."""


@dataclass(frozen=True)
class Line:
    """One record before its samples are read.

    Attributes:
        keys: its FORMAT. rest: the samples' columns.
        is_autosomal: two strands in everybody; elsewhere the genotype alone says how many.
    """

    record: Record
    keys: str
    rest: bytes
    is_autosomal: bool = True

    @property
    def size(self) -> int:
        """Of the samples' columns, in bytes."""
        return len(self.rest)


def block_of(lines: Sequence[Line], n_samples: int, fields: Sequence[str]) -> GenotypeBlock:
    """Read the samples' columns.

    Args:
        fields: what of `FIELDS` is used, in order.

    Raises:
        InputError: a damaged cell, or another number of samples.
    """
    first, second = (np.full((len(lines), n_samples), MISSING, np.int8) for _ in range(2))
    most = max(1, max(len(line.record.alts) for line in lines))
    has_dosages = (
        any(set(line.keys.split(":")) & set(fields) - {"GT"} for line in lines) and fields[0] != "GT"
    )
    dosages = np.full((len(lines), n_samples, most), np.nan) if has_dosages else None
    is_single = np.zeros(first.shape, bool)
    n_nan = 0
    for keys in dict.fromkeys(line.keys for line in lines):
        rows = np.array([n for n, line in enumerate(lines) if line.keys == keys])
        rests = [lines[n].rest for n in rows]
        words = keys.split(":")
        if words == ["GT"] and "GT" in fields and (plain := plain_alleles(rests, n_samples)) is not None:
            first[rows], second[rows] = plain
            continue
        cells = sample_cells(rests, n_samples)
        if "GT" in words and "GT" in fields:
            genotypes = part(cells, words.index("GT"))
            one, two = alleles(genotypes)
            is_single[rows] = (genotypes.end - genotypes.start == 1).reshape(-1, n_samples)
            first[rows], second[rows] = one.reshape(-1, n_samples), two.reshape(-1, n_samples)
        if dosages is not None:
            n_alts = np.array([len(lines[n].record.alts) for n in rows])
            dosages[rows] = _dosages(cells, words, fields, n_alts, (n_samples, most))
            n_nan += _n_nan(cells, [words.index(one) for one in fields if one in words])
    if dosages is not None:
        _set_strands(lines, second, dosages, is_single)
    records = [line.record for line in lines]
    _hide_any_alt(records, first, second)
    return GenotypeBlock(records, first, second, dosages, n_nan)


def _n_nan(cells: Cells, parts: Sequence[int]) -> int:
    """Fields with "nan" or "NA" among their numbers."""
    if not ((cells.text | _LOWER) == _N).any():
        return 0
    found = (part(cells, number) for number in parts)
    words = (one.words(np.flatnonzero(one.end - one.start >= 2)) for one in found)
    return sum("na" in word.lower() for each in words for word in each)


def _dosages(
    cells: Cells,
    words: Sequence[str],
    fields: Sequence[str],
    n_alts: NDArray[np.int64],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """[n_records, n_samples, most alts], NaN where neither DS nor GP gives all of them, or a genotype stands before."""
    n_samples, most = shape
    found = np.full((len(n_alts), n_samples, most), np.nan)
    for field in fields:
        if field == "GT" or not np.isnan(found).any():
            break
        if field not in words:
            continue
        mine = part(cells, words.index(field))
        if field == "DS":
            given = np.stack(listed(mine, most), axis=1)
        else:
            given = np.full((len(mine.start), most), np.nan)
            given[:, 0] = _expected(mine, np.repeat(n_alts == 1, n_samples))
        if np.any((given < -_TOLERATED) | (given > 2 + _TOLERATED)):
            raise InputError(
                f"{field} is no dosage of two strands", got=np.nanmax(np.abs(given)), expected="0 to 2"
            )
        given = given.reshape(found.shape)
        lacks = np.isnan(given) & (np.arange(most) < n_alts[:, None])[:, None, :]
        given[lacks.any(axis=2)] = np.nan
        found = np.where(np.isnan(found).all(axis=2, keepdims=True), given, found)
    return found


def _set_strands(
    lines: Sequence[Line],
    second: NDArray[np.int8],
    dosages: NDArray[np.float64],
    is_single: NDArray[np.bool_],
) -> None:
    """Dosages of X, Y and MT are of as many strands as the genotype beside has signs: "." of one, "./." of two."""
    is_given: NDArray[np.bool_] = np.logical_not(np.isnan(dosages).all(axis=2))
    for n, line in enumerate(lines):
        if line.is_autosomal or not is_given[n].any():
            continue
        if "GT" not in line.keys.split(":"):
            raise InputError(
                "dosages on X, Y or MT without genotypes", got=line.keys,
                expected="GT beside them, which says of how many strands they are",
            )  # fmt: skip
        second[n][is_single[n] & is_given[n]] = NO_STRAND
    most = np.nansum(dosages, axis=2)[second == NO_STRAND].max(initial=0.0)
    if most > 1 + _TOLERATED:
        raise InputError(
            "a haploid genotype has a dosage of two strands",
            got=float(most),
            expected="0 to 1 beside 0, 1 or .",
        )


def _expected(cells: Cells, has_one_alternate: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Copies of the only other allele from probabilities of 0, 1 (and 2) copies, NaN where all are nought.

    Raises:
        InputError: what are no probabilities, or do not sum to one.
    """
    none, one, two = listed(cells, 3)
    two_or_none = np.where(np.isnan(two), 0.0, two)
    whole = none + one + two_or_none
    is_given = has_one_alternate & (whole != 0)
    is_odd = (np.abs(whole - 1) > _ROUNDED) | (np.minimum(np.minimum(none, one), two_or_none) < 0)
    if np.any(is_odd & is_given):
        raise InputError(
            "GP are no probabilities of 0, 1 and 2 copies", got=f"sum {whole[is_odd & is_given][0]:g}",
            expected="numbers from 0 on that sum to 1", fix="--dosage GT takes the genotypes instead",
        )  # fmt: skip
    return np.where(is_given, (one + 2.0 * two_or_none) / np.where(is_given, whole, 1.0), np.nan)


def _hide_any_alt(records: Sequence[Record], *strands: NDArray[np.int8]) -> None:
    """ "Some other allele" of a gVCF is no base that was read."""
    for n, record in enumerate(records):
        for number, alt in enumerate(record.alts, 1):
            if alt in ANY_ALT:
                for one in strands:
                    one[n][one[n] == number] = MISSING
