"""Genotypes at wanted places from a VCF of any size, piece by piece, every sample at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.genotypes import GenotypeBlock, Record
from tumorcast.biology.pgs.score import MT, X, Y, chromosome_code, place_key
from tumorcast.domain.errors import InputError
from tumorcast.readers.genotype_formats import FIELDS, Line, block_of
from tumorcast.readers.germline_vcf import tumour_columns
from tumorcast.readers.vcf_header import build_of, is_bcf, read_header, read_lines
from tumorcast.readers.whole_lines import PIECE_BYTES, line_pieces
from tumorcast.readers.whole_places import WITHIN_BLOCK, whole_places

_PLACE_BYTES = 64
_BLOCK = re.compile(rb"(?:^|;)END=(\d+)")


class VcfGenotypes:
    """A VCF or BCF whose records are read once, in order.

    Attributes:
        samples: names of the columns. tumours: those that are a tumour's by their name.
        build: GRCh37 or GRCh38 by the header, None where it does not say.
    """

    def __init__(self, path: Path, fields: Sequence[str] = FIELDS) -> None:
        """Read the header.

        Raises:
            InputError: no VCF, no genotypes, a sample twice, a tumour's calls.
        """
        self.path, self.name, self._fields = path, path.name, tuple(fields)
        meta, names = read_header(read_lines(path), path)
        self.samples, self.build = tuple(names), build_of(meta)
        self.tumours = tumour_columns(meta, names, path)
        self._is_gvcf = any(line.startswith(("##ALT=<ID=NON_REF", "##ALT=<ID=*")) for line in meta)

    def blocks(self, keys: NDArray[np.int64], met: NDArray[np.int8]) -> Iterator[GenotypeBlock]:
        """As `whole_places`; `WITHIN_BLOCK` is set too.

        Raises:
            InputError: a damaged record, or a place in several parts of the file, or in several files.
        """
        for lines in whole_places(self._wanted(keys, met), keys, met, self.name, PIECE_BYTES):
            yield self._block(lines)

    def _wanted(self, keys: NDArray[np.int64], met: NDArray[np.int8]) -> Iterator[Line]:
        codes: dict[bytes, int] = {}
        for piece in self._pieces():
            lines = [line for line in piece.split(b"\n") if line and line[:1] != b"#" and line.strip()]
            if not lines or not len(keys):
                continue
            found = np.fromiter((self._key(line, codes) for line in lines), np.int64, len(lines))
            if self._is_gvcf:
                _mark_blocks(lines, found, keys, met)
            at = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
            for n in np.flatnonzero(keys[at] == found):
                if (line := self._line(lines[n], int(at[n]))) is not None:
                    yield line

    def _pieces(self) -> Iterator[bytes]:
        if not is_bcf(self.path):
            yield from line_pieces(self.path)
            return
        held: list[str] = []
        for line in read_lines(self.path):
            held.append(line if line.endswith("\n") else line + "\n")
            if len(held) >= 500:
                yield "".join(held).encode()
                held = []
        yield "".join(held).encode()

    def _key(self, line: bytes, codes: dict[bytes, int]) -> int:
        words = line[:_PLACE_BYTES].split(b"\t", 2)
        if len(words) < 3:
            words = line.split(b"\t", 2)
        if len(words) < 3 or not words[1].isdigit():
            shown = line[:60].decode("ascii", "replace")
            raise InputError(f"{self.path.name}: a record without a position", got=shown)
        name = words[0]
        if name not in codes:
            codes[name] = chromosome_code(name.decode("ascii", "replace"))
        return place_key(codes[name], int(words[1]))

    def _line(self, text: bytes, place: int) -> Line | None:
        fields = text.rstrip(b"\r").split(b"\t", 9)
        if len(fields) < 10:
            shown = text[:60].decode("ascii", "replace")
            raise InputError(f"{self.path.name}: a record without genotypes", got=shown)
        ref, alts = _alleles(fields[3])[0], _alleles(fields[4])
        record = Record(place, ref, alts if alts != (".",) else ())
        return Line(record, _text(fields[8]), fields[9], _is_autosomal(fields[0]))

    def _block(self, lines: Sequence[Line]) -> GenotypeBlock:
        try:
            return block_of(lines, len(self.samples), self._fields)
        except InputError as error:
            raise InputError(
                f"{self.path.name}: {error.what}", got=error.got, expected=error.expected, fix=error.fix
            ) from None


@lru_cache(maxsize=10_000)
def _alleles(cell: bytes) -> tuple[str, ...]:
    return tuple(cell.decode("ascii", "replace").upper().split(","))


@lru_cache(maxsize=1_000)
def _is_autosomal(name: bytes) -> bool:
    return chromosome_code(_text(name)) not in (X, Y, MT)


@lru_cache(maxsize=1_000)
def _text(cell: bytes) -> str:
    return cell.decode("ascii", "replace")


def _mark_blocks(
    lines: Sequence[bytes], found: NDArray[np.int64], keys: NDArray[np.int64], met: NDArray[np.int8]
) -> None:
    """Note the wanted places that lie within a gVCF block behind its first base."""
    for line, key in zip(lines, found.tolist(), strict=True):
        if b"END=" in line and (
            block := _BLOCK.search(line.split(b"\t", 8)[7] if line.count(b"\t") > 7 else b"")
        ):
            last = (key >> 32 << 32) + int(block[1])
            first, end = np.searchsorted(keys, [key + 1, last + 1])
            inside = met[first:end]
            inside[inside == 0] = WITHIN_BLOCK
