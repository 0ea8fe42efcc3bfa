"""Named alleles by positions on GRCh38: what a strand must show to carry one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tumorcast.biology._tables import read_table

_SUBALLELE = re.compile(r"^(\*\d+)\.\d{3}$")


@dataclass(frozen=True)
class Position:
    """One place that named alleles are defined by.

    Attributes:
        position: 1-based on GRCh38, of the first base of `ref`; indels left-aligned, with their anchor base.
        ref: bases of the reference, as long as the longest deletion that is defined here.
        grch37: the same place on GRCh37, None unknown; only to recognise files of that build.
        is_key: a test without it says nothing on the gene's well-known alleles (AMP/CAP minimum sets).
        context: reference from `position` on, where indels lie in repeats; "" unknown.
    """

    position: int
    rsid: str
    ref: str
    grch37: int | None = None
    is_key: bool = False
    context: str = ""

    @property
    def name(self) -> str:
        """rs number, else the place."""
        return self.rsid or f"g.{self.position}"


@dataclass(frozen=True)
class Allele:
    """One named allele.

    Attributes:
        function: CPIC's words ("No function"); "" where nobody assigned one.
        activity: CPIC's activity value, None without.
        bases: position -> bases that a strand may show there; other positions are the reference allele's.
    """

    name: str
    function: str
    activity: float | None
    bases: Mapping[int, frozenset[str]]
    is_reference: bool = False

    @property
    def shown(self) -> str:
        """The allele's name in results: `*45` of the suballele `*45.001`."""
        return _SUBALLELE.sub(r"\1", self.name)


@dataclass(frozen=True)
class GeneDefinition:
    """A gene's positions and named alleles.

    Attributes:
        start, end: the transcript on GRCh38, 1-based; 0 unknown.
        method: "score" (activity values are added) or "function" (functions are looked up).
        undocumented_as_reference: whether bases that no allele knows are read as the reference's (PharmCAT does so
            where variants mean toxicity), else the gene is not called.
        exons: first and last base of each.
        start_codon: its first and last base; None unknown.
    """

    gene: str
    chromosome: str
    positions: tuple[Position, ...]
    alleles: tuple[Allele, ...]
    start: int = 0
    end: int = 0
    method: str = "function"
    undocumented_as_reference: bool = False
    exons: tuple[tuple[int, int], ...] = ()
    start_codon: tuple[int, int] | None = None

    @cached_property
    def reference(self) -> Allele:
        """The allele that the other alleles' undefined positions are read from."""
        return next(allele for allele in self.alleles if allele.is_reference)

    @cached_property
    def by_position(self) -> Mapping[int, Position]:
        """Position -> what stands there."""
        return {one.position: one for one in self.positions}

    @cached_property
    def by_name(self) -> Mapping[str, Allele]:
        """Allele's name, and the name that it is shown by -> allele."""
        return {one.shown: one for one in self.alleles} | {one.name: one for one in self.alleles}

    @cached_property
    def known_bases(self) -> Mapping[int, frozenset[str]]:
        """Position -> every base that some allele has there."""
        known = {one.position: {one.ref} for one in self.positions}
        for allele in self.alleles:
            for position, bases in allele.bases.items():
                known[position] |= bases
        return {position: frozenset(bases) for position, bases in known.items()}

    def is_indel(self, position: Position) -> bool:
        """Whether alleles differ here in length: only a statement on this very place counts."""
        return any(len(bases) != 1 for bases in self.known_bases[position.position])

    @property
    def is_x_linked(self) -> bool:
        """Whether males have one copy."""
        return self.chromosome == "chrX"


@dataclass(frozen=True)
class Definitions:
    """All genes, and where they come from.

    Attributes:
        source, version, date: of the tables; `date` ISO, the day that they stand for.
        is_folder: read from a folder of the user's.
        left_out: genes that the folder lacks, for which the package's own definitions stand in.
    """

    genes: Mapping[str, GeneDefinition]
    source: str
    version: str
    date: str
    is_folder: bool = False
    left_out: tuple[str, ...] = ()


def embedded_definitions() -> Definitions:
    """The package's own tables."""
    heads, alleles, positions = (read_table(f"pgx_{name}") for name in ("genes", "alleles", "positions"))
    genes = {}
    for row in heads.rows:
        gene = row["gene"]
        genes[gene] = GeneDefinition(
            gene,
            row["chromosome"],
            tuple(_position(one) for one in positions.rows if one["gene"] == gene),
            tuple(_allele(one, row["reference"]) for one in alleles.rows if one["gene"] == gene),
            int(row["start"]),
            int(row["end"]),
            row["method"],
            row["undocumented_as_reference"] == "yes",
            tuple(_exon(word) for word in row["exons"].split(",")),
            _exon(row["start_codon"]),
        )
    notes = alleles.notes
    return Definitions(genes, notes["source"], notes["version"], notes["date"])


def _position(row: Mapping[str, str]) -> Position:
    grch37 = int(row["grch37"]) if row["grch37"] else None
    return Position(
        int(row["position"]), row["rsid"], row["ref"], grch37, row["is_key"] == "yes", row["context"]
    )


def _allele(row: Mapping[str, str], reference: str) -> Allele:
    """`variants`: `position:REF>BASES[|BASES]`, separated by `;`."""
    bases = {}
    for word in filter(None, row["variants"].split(";")):
        place, _, change = word.partition(":")
        bases[int(place)] = frozenset(change.partition(">")[2].split("|"))
    activity = float(row["activity"]) if row["activity"] else None
    return Allele(row["allele"], row["function"], activity, bases, row["allele"] == reference)


def _exon(word: str) -> tuple[int, int]:
    first, _, last = word.partition("-")
    return int(first), int(last)
