"""Records of a file of genotypes, grouped so that no place is torn apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.genotypes import GenotypeBlock, Record
from tumorcast.biology.pgs.score import CHROMOSOMES
from tumorcast.domain.errors import InputError

MET, WITHIN_BLOCK = 1, 2
"""A place has a record of its own; a gVCF block covers it, which does not say its base."""


class Unread(Protocol):
    """A record before its samples are read."""

    @property
    def record(self) -> Record:
        """What it is."""

    @property
    def size(self) -> int:
        """Of its samples, in bytes."""


One = TypeVar("One", bound=Unread)


class GenotypeFile(Protocol):
    """A file of genotypes whose records are read once, in order."""

    name: str
    samples: tuple[str, ...]
    tumours: tuple[str, ...]
    build: str | None

    def blocks(self, keys: NDArray[np.int64], met: NDArray[np.int8]) -> Iterator[GenotypeBlock]:
        """Blocks of whole places; see `whole_places`."""


def whole_places(
    lines: Iterator[One], keys: NDArray[np.int64], met: NDArray[np.int8], name: str, most_bytes: int
) -> Iterator[list[One]]:
    """Groups of about `most_bytes`.

    Args:
        keys: wanted places (`place_key`), ascending, each once.
        met: [n_keys], 0 at first; `MET` is set, over all files of a run.
        name: of the file, for messages.

    Raises:
        InputError: a place in several parts of the file, or in several files.
    """
    held: list[One] = []
    n_bytes = 0
    for line in lines:
        place = line.record.place
        if not held or held[-1].record.place != place:
            if n_bytes >= most_bytes:
                yield held
                held, n_bytes = [], 0
            if met[place] == MET:
                raise _torn(int(keys[place]), name)
            met[place] = MET
        held.append(line)
        n_bytes += line.size
    if held:
        yield held


def _torn(key: int, name: str) -> InputError:
    return InputError(
        f"{name}: a place stands in several parts of the genotypes",
        got=f"chromosome {CHROMOSOMES[(key >> 32) - 1]}, position {key & 0xFFFFFFFF}",
        expected="records of one place next to each other, in one file",
        fix="sort the file (bcftools sort), give each chromosome once",
    )
