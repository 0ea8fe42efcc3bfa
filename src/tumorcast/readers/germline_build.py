"""Whether a germline VCF is on GRCh38: the reference base at every known position, and GRCh37's places beside."""

from __future__ import annotations

from pathlib import Path

from tumorcast.biology.pgx.definitions import Definitions, GeneDefinition, Position
from tumorcast.domain.errors import InputError

_MOST_WRONG = 0.1
"""Share of known positions with another reference base from which the whole file is refused; one among several that
are right is set aside."""
_LEAST_GRCH37 = 3
"""Records at GRCh37's places that outweigh a header, or records at GRCh38's places; one is enough without both."""


class BuildCheck:
    """Counts, while records go by, how many known positions have GRCh38's base, another, or lie as on GRCh37."""

    def __init__(self, definitions: Definitions) -> None:
        self._grch37 = {
            (gene.chromosome, one.grch37): one.ref[0]
            for gene in definitions.genes.values()
            for one in gene.positions
            if one.grch37 is not None
        }
        self._right: set[str] = set()
        self._wrong: dict[str, str] = {}
        self._n_grch37 = 0

    def see_place(self, chromosome: str, position: int, rest: str) -> None:
        """Count a record that stands where GRCh37 has a known position, with its base."""
        base = self._grch37.get((chromosome, position))
        if base is not None:
            self._n_grch37 += rest.split("\t", 3)[2][:1].upper() == base

    def has_reference(self, gene: GeneDefinition, known: Position, position: int, ref: str) -> bool:
        """Whether the record's REF agrees with GRCh38 at a known position (True where it does not reach it)."""
        at = known.position - position
        if not 0 <= at < len(ref):
            return True
        mine, theirs = known.ref, ref[at:]
        n = min(len(mine), len(theirs))
        name = f"{gene.gene} {known.name}"
        if mine[:n] == theirs[:n]:
            self._right.add(name)
            return True
        self._wrong[name] = f"{name} at {gene.chromosome}:{known.position} is {theirs[:n]}, not {mine[:n]}"
        return False

    def conclude(self, path: Path, build: str | None) -> None:
        """Raise where the file is not on GRCh38.

        Raises:
            InputError: GRCh37 by its places, or too many other reference bases.
        """
        n = len(self._right | set(self._wrong))
        least = 1 if build is None and not self._right else _LEAST_GRCH37
        is_open = build is None or not self._right
        if is_open and self._n_grch37 >= least and self._n_grch37 > len(self._right):
            raise InputError(
                f"{path.name} is on GRCh37",
                got=f"{self._n_grch37} records at GRCh37's places, {len(self._right)} at GRCh38's",
                expected="GRCh38",
                fix="call the variants on GRCh38, or lift the file over and check every reference base",
            )
        if self._wrong and (len(self._wrong) > max(1, _MOST_WRONG * n) or not self._right):
            shown = "; ".join(list(self._wrong.values())[:3])
            raise InputError(
                f"{path.name}: reference bases are not GRCh38's",
                got=f"{len(self._wrong)} of {n} known positions: {shown}",
                expected="REF as on GRCh38 at every known position",
                fix="the file is on another build or strand: call it again on GRCh38",
            )

    def notes(self) -> tuple[str, ...]:
        """Positions set aside."""
        return tuple(f"set aside, other reference base: {text}" for text in self._wrong.values())
