"""Genotypes at wanted places from a PLINK 1 binary fileset (.bed, .bim, .fam): two bits a genotype.

Chang et al., GigaScience 2015, 4:7; the file format's page of PLINK 1.9. The second allele of the .bim is taken as the
reference, as PLINK 2 takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.genotypes import MISSING, NO_STRAND, GenotypeBlock, Record
from tumorcast.biology.pgs.score import X, Y, chromosome_code, is_paired_x, place_key
from tumorcast.domain.errors import InputError
from tumorcast.readers.whole_places import whole_places

_MAGIC = b"\x6c\x1b\x01"
_CODES = np.array([[1, 1], [MISSING, MISSING], [0, 1], [0, 0]], np.int8)
"""Both strands for 00, 01, 10, 11: two of the first allele, missing, one of each, two of the second."""
_MOST_BYTES = 1 << 18
_ROWS_AT_ONCE = 100_000
_NOT_GIVEN = frozenset({"0", "."})
_MALE, _FEMALE = 1, 2


@dataclass(frozen=True)
class Row:
    """One variant before its genotypes are read; `number` in the .bim, `size` in the .bed, no `chromosome` (0) where X
    is paired in men."""

    record: Record
    number: int
    chromosome: int
    size: int


class BedGenotypes:
    """A fileset, named by its .bed.

    Attributes:
        samples: identifiers within families (with the family's where they are not unique).
        build: None, which the format does not say.
    """

    build: str | None = None
    tumours: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        """Read the .fam.

        Raises:
            InputError: a part of the fileset is not there, or is not what its ending says.
        """
        self._path, self.name = path, path.name
        for part in (path.with_suffix(".bim"), path.with_suffix(".fam"), path):
            if not part.is_file():
                raise InputError(f"{path.name} lacks its {part.suffix}", got=f"no {part.name}")
        people = list(_rows(path.with_suffix(".fam"), 5))
        own = [row[1] for row in people]
        names = own if len(set(own)) == len(own) else ["_".join(row[:2]) for row in people]
        if not names or len(set(names)) < len(names):
            raise InputError(
                f"{path.with_suffix('.fam').name} has no samples, or one twice", got=f"{len(names)} rows"
            )
        self.samples = tuple(names)
        self._sex = np.array([int(row[4]) if row[4] in ("1", "2") else 0 for row in people])
        self._row_bytes = (len(names) + 3) // 4
        with path.open("rb") as file:
            if file.read(3) != _MAGIC:
                raise InputError(
                    f"{path.name} is no .bed of PLINK 1.9", expected="one variant after the other"
                )

    def blocks(self, keys: NDArray[np.int64], met: NDArray[np.int8]) -> Iterator[GenotypeBlock]:
        """As `whole_places`.

        Raises:
            InputError: a damaged file, or a place in several parts of it.
        """
        with self._path.open("rb") as file:
            for rows in whole_places(self._wanted(keys), keys, met, self.name, _MOST_BYTES):
                cells = np.empty((len(rows), self._row_bytes), np.uint8)
                for n, row in enumerate(rows):
                    file.seek(len(_MAGIC) + row.number * self._row_bytes)
                    part = file.read(self._row_bytes)
                    if len(part) < self._row_bytes:
                        raise self._unfit(
                            f"at least {row.number + 1} variants of {len(self.samples)} samples"
                        )
                    cells[n] = np.frombuffer(part, np.uint8)
                yield self._block(rows, cells)

    def _wanted(self, keys: NDArray[np.int64]) -> Iterator[Row]:
        n_rows = 0
        for rows in _batched(_rows(self._path.with_suffix(".bim"), 6), _ROWS_AT_ONCE):
            codes = {name: chromosome_code(name) for name in {row[0] for row in rows}}
            found = np.array(
                [place_key(codes[row[0]], _position(row[3], self.name)) for row in rows], np.int64
            )
            at = np.minimum(np.searchsorted(keys, found), max(0, len(keys) - 1))
            for n in np.flatnonzero(keys[at] == found) if len(keys) else ():
                chromosome, _, _, _, alternate, reference = rows[n][:6]
                alts = () if alternate in _NOT_GIVEN else (alternate.upper(),)
                record = Record(int(at[n]), reference.upper(), alts)
                code = 0 if is_paired_x(chromosome) else codes[chromosome]
                yield Row(record, n_rows + int(n), code, self._row_bytes)
            n_rows += len(rows)
        expected = len(_MAGIC) + n_rows * self._row_bytes
        if self._path.stat().st_size != expected:
            raise self._unfit(f"{expected} bytes for {n_rows} variants of {len(self.samples)} samples")

    def _unfit(self, expected: str) -> InputError:
        size = self._path.stat().st_size
        return InputError(
            f"{self.name} does not fit its .bim and .fam", got=f"{size} bytes", expected=expected
        )

    def _block(self, rows: Sequence[Row], cells: NDArray[np.uint8]) -> GenotypeBlock:
        pairs = np.stack([(cells >> shift) & 3 for shift in (0, 2, 4, 6)], axis=2)
        codes = pairs.reshape(len(rows), -1)[:, : len(self.samples)]
        first, second = _CODES[codes, 0], _CODES[codes, 1]
        for n, row in enumerate(rows):
            if row.chromosome in (X, Y):
                self._halve(first[n], second[n], row.chromosome)
        return GenotypeBlock([row.record for row in rows], first, second)

    def _halve(self, first: NDArray[np.int8], second: NDArray[np.int8], chromosome: int) -> None:
        """Men have one X and one Y, women no Y; a man with both alleles is not read."""
        is_man = self._sex == _MALE
        is_odd = is_man & (first != second)
        if chromosome == Y:
            is_odd |= self._sex == _FEMALE
        first[is_odd], second[is_odd] = MISSING, MISSING
        second[is_man & (second != MISSING)] = NO_STRAND


def _position(text: str, name: str) -> int:
    if not text.lstrip("-").isdigit():
        raise InputError(f"{name}: a position of its .bim is no number", got=text[:20])
    return max(0, int(text))


def _rows(path: Path, n_columns: int) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for n, line in enumerate(file, 1):
            row = line.split()
            if len(row) >= n_columns:
                yield row
            elif row:
                raise InputError(
                    f"{path.name} is damaged", got=f"line {n}", expected=f"{n_columns} columns or more"
                )


def _batched(rows: Iterator[list[str]], size: int) -> Iterator[list[list[str]]]:
    """Lists of `size` rows, the last one shorter."""
    while part := list(islice(rows, size)):
        yield part
