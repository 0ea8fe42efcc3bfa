"""Named alleles on the strands of one sample, and the diplotypes that they allow, with PharmCAT's score.

Rules: PharmCAT documentation, "Named Allele Matcher 101" (3.1). An allele counts one point for each typed position
that defines it (a position where it allows the reference base counts only where the strand shows another one), the
reference allele one for every typed position; a diplotype's score is the sum, and the highest counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from tumorcast.biology.pgx.definitions import Allele, GeneDefinition
from tumorcast.biology.pgx.genotypes import UNKNOWN_PHASE, SiteCall

MOST_PHASINGS = 1 << 14
"""More ways to lay the bases on two strands than this are not tried."""

Strand = dict[int, str]
"""Typed position -> base."""


class TooManyPhasingsError(ValueError):
    """Unphased heterozygous positions beyond what can be tried."""


@dataclass(frozen=True)
class Diplotype:
    """Two named alleles (one where the sample is haploid), sorted by name.

    Attributes:
        score: PharmCAT's match score.
    """

    alleles: tuple[str, ...]
    score: int

    @property
    def name(self) -> str:
        """`*1/*2`."""
        return "/".join(self.alleles)


def diplotypes(definition: GeneDefinition, calls: Mapping[int, SiteCall]) -> list[Diplotype]:
    """Every diplotype that the typed positions allow, best score first.

    Args:
        calls: complete calls alone.

    Raises:
        TooManyPhasingsError: see `MOST_PHASINGS`.
    """
    typed = sorted(calls)
    alleles = [(allele, points) for allele in definition.alleles if (points := _points(allele, typed))]
    index = _index(definition, alleles, typed)
    found: dict[tuple[str, ...], int] = {}
    for strands in phasings(calls):
        matches = [_matches(strand, index, definition, alleles) for strand in strands]
        for pair in product(*matches):
            shown = (definition.by_name[name].shown for name, _ in pair)
            names = tuple(sorted(shown, key=name_key))
            score = sum(points for _, points in pair)
            found[names] = max(score, found.get(names, 0))
    order = sorted(found.items(), key=lambda item: (-item[1], [name_key(name) for name in item[0]]))
    return [Diplotype(names, score) for names, score in order]


def phasings(calls: Mapping[int, SiteCall]) -> Iterator[tuple[Strand, ...]]:
    """Every way to lay the bases on strands that phase and phase sets allow, each once.

    Raises:
        TooManyPhasingsError: see `MOST_PHASINGS`.
    """
    if any(len(call.bases) == 1 for call in calls.values()):
        yield ({position: str(call.bases[0]) for position, call in calls.items()},)
        return
    groups = phase_groups(calls)
    if 2 ** max(len(groups) - 1, 0) > MOST_PHASINGS:
        raise TooManyPhasingsError(f"{len(groups)} heterozygous positions or phase sets of unknown phase")
    for turns in product((False, True), repeat=max(len(groups) - 1, 0)):
        turned = {p for group, turn in zip(groups, (False, *turns), strict=False) if turn for p in group}
        yield tuple(
            {p: str(call.bases[side ^ (p in turned)]) for p, call in calls.items()} for side in (0, 1)
        )


def phase_groups(calls: Mapping[int, SiteCall]) -> list[list[int]]:
    """Heterozygous positions whose strands are known relative to each other, one list a group."""
    groups: dict[tuple[int, int], list[int]] = {}
    for position, call in sorted(calls.items()):
        if call.is_het:
            alone = position if call.phase_set == UNKNOWN_PHASE else 0
            groups.setdefault((call.phase_set, alone), []).append(position)
    return list(groups.values())


def name_key(name: str) -> tuple[object, ...]:
    """Sorts names as PharmCAT does: reference first, numbers as numbers, combinations last, small ones first."""
    words = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in re.split(r"(\d+)", name))
    return (name.count(" + ") + 1 if name.startswith("[") else 0, name != "Reference", words)


def _points(allele: Allele, typed: Sequence[int]) -> int:
    """How many typed positions define the allele: 0 means that it cannot be told from others."""
    return len(typed) if allele.is_reference else sum(position in allele.bases for position in typed)


def _shown(strand: Strand, definition: GeneDefinition) -> frozenset[tuple[int, str]]:
    """What differs from the reference genome."""
    return frozenset((p, base) for p, base in strand.items() if base != definition.by_position[p].ref)


_Index = dict[frozenset[tuple[int, str]], list[str]]


def _index(definition: GeneDefinition, alleles: Sequence[tuple[Allele, int]], typed: Sequence[int]) -> _Index:
    """What a strand shows -> names of the alleles that look like that."""
    index: _Index = {}
    for allele, _ in alleles:
        options = [
            [(p, base) for base in sorted(allele.bases[p])] for p in typed if p in allele.bases
        ]  # fmt: skip
        for choice in product(*options):
            shown = frozenset((p, b) for p, b in choice if b != definition.by_position[p].ref)
            index.setdefault(shown, []).append(allele.name)
    return index


def _matches(
    strand: Strand, index: _Index, definition: GeneDefinition, alleles: Sequence[tuple[Allele, int]]
) -> list[tuple[str, int]]:
    """(name, points) of every allele that the strand may be."""
    names = index.get(_shown(strand, definition), [])
    points = {allele.name: n for allele, n in alleles}
    return [(name, points[name] - _idle(definition.by_name[name], strand, definition)) for name in names]


def _idle(allele: Allele, strand: Strand, definition: GeneDefinition) -> int:
    """Positions where the allele allows several bases and the strand shows the reference's."""
    return sum(
        len(bases) > 1 and strand.get(p) == definition.by_position[p].ref for p, bases in allele.bases.items()
    )
