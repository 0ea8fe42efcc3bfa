"""DPYD: variants of each strand, two lowest activities, HapB3 by its intronic variant.

Rules: CPIC 2017 with updates (PMID 29152729) as PharmCAT documents them ("Gene Definition Exceptions", 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tumorcast.biology.pgx.definitions import GeneDefinition
from tumorcast.biology.pgx.genotypes import UNKNOWN_PHASE, SiteCall
from tumorcast.biology.pgx.matcher import name_key, phase_groups, phasings

INTRON, EXON = 97579893, 97573863
"""rs75017182 (c.1129-5923C>G, which lowers the function) and rs56038477 (c.1236G>A, a proxy), GRCh38."""
HAPB3, INTRON_ALONE = "c.1129-5923C>G, c.1236G>A (HapB3)", "c.1129-5923C>G"
REFERENCE = "Reference"
_CPIC_AND_DPWG = (HAPB3, INTRON_ALONE, "c.2846A>T", "c.1905+1G>A (*2A)", "c.1679T>G (*13)")


@dataclass(frozen=True)
class VariantsCall:
    """What was found.

    Attributes:
        options: per way to lay the variants on strands, the variants of each strand; empty where calls are unphased.
        variants: every variant found, twice where homozygous; empty: none.
        lookup: the two (where the phase is known: one of each strand) with the lowest activity.
    """

    options: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    variants: tuple[str, ...]
    lookup: tuple[str, str]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """`Reference/[a + b]`, several joined by OR; `a AND b` where calls are unphased."""
        if not self.options:
            return " AND ".join(self.variants)
        return " OR ".join(sorted({_diplotype_name(option) for option in self.options}, key=name_key))


def call_variants(definition: GeneDefinition, calls: Mapping[int, SiteCall]) -> VariantsCall:
    """DPYD's variants; a strand that was not read counts as showing none.

    Raises:
        TooManyPhasingsError: phase sets beyond what can be tried.
    """
    calls, notes = _without_conflicts(calls)
    calls = _linked(calls)
    is_unphased = any(call.is_het and call.phase_set == UNKNOWN_PHASE for call in calls.values())
    if is_unphased and len(phase_groups(calls)) > 1:
        sides = [_strand_variants(definition, _side(calls, side)) for side in (0, 1)]
        found = [name for side in sides for name in side if name not in (HAPB3, INTRON_ALONE)]
        variants = tuple(sorted([*found, *_loose_hapb3(calls)], key=name_key))
        lowest = _lowest(definition, (*variants, REFERENCE, REFERENCE)[: max(2, len(variants))], 2)
        return VariantsCall((), variants, _pair(lowest), notes)
    options = []
    for strands in phasings(calls):
        first, second = (_strand_variants(definition, strand) for strand in strands)
        options.append((first, second))
    lookups = [[_lowest(definition, side or (REFERENCE,), 1)[0] for side in one] for one in options]
    lowest = min(lookups, key=lambda names: [_activity(definition, names), sorted(names, key=name_key)])
    return VariantsCall(tuple(options), (*options[0][0], *options[0][1]), _pair(lowest), notes)


def _pair(names: list[str]) -> tuple[str, str]:
    first, second = sorted(names, key=name_key)
    return first, second


def _activity(definition: GeneDefinition, names: list[str]) -> float:
    return sum(definition.by_name[name].activity or 0.0 for name in names)


def _side(calls: Mapping[int, SiteCall], side: int) -> dict[int, str]:
    return {p: str(call.bases[side]) for p, call in calls.items() if len(call.bases) == 2}


def _linked(calls: Mapping[int, SiteCall]) -> dict[int, SiteCall]:
    """Calls in which an unphased exonic proxy lies on the strand of the intronic variant."""
    intron, exon = calls.get(INTRON), calls.get(EXON)
    if intron is None or exon is None or not (intron.is_het and exon.is_het):
        return dict(calls)
    if UNKNOWN_PHASE not in (intron.phase_set, exon.phase_set):
        return dict(calls)
    turned = exon.bases if (exon.bases[0] == "T") == (intron.bases[0] == "C") else exon.bases[::-1]
    return {**calls, INTRON: replace(intron, phase_set=INTRON), EXON: SiteCall(turned, INTRON)}


def _strand_variants(definition: GeneDefinition, strand: Mapping[int, str]) -> tuple[str, ...]:
    """Names of the variants that one strand shows, HapB3 as its own two positions show it."""
    names = [
        allele.name
        for allele in definition.alleles
        if len(allele.bases) == 1 and not set(allele.bases) & {INTRON, EXON}
        for position, bases in allele.bases.items()
        if strand.get(position) in bases
    ]
    intron, exon = strand.get(INTRON) == "C", strand.get(EXON) == "T"
    if exon if INTRON not in strand else intron:
        names.append(HAPB3 if exon else INTRON_ALONE)
    return tuple(sorted(names, key=name_key))


def _without_conflicts(
    calls: Mapping[int, SiteCall],
) -> tuple[dict[int, SiteCall], tuple[str, ...]]:
    """Calls in which the exonic proxy no longer speaks against the intronic variant, and what was noted."""
    intron, exon = (_count(calls, place) for place in (INTRON, EXON))
    kept = dict(calls)
    if intron is None and exon:
        return kept, (
            "HapB3 is told by its exonic proxy rs56038477; rs75017182, which lowers the function, was not typed: "
            "genotype it to confirm",
        )  # fmt: skip
    if intron is not None and exon is not None and exon > intron:
        if not intron:
            del kept[EXON]
        return kept, (
            "rs56038477 suggests HapB3 and rs75017182 does not: the intronic rs75017182 counts",
        )  # fmt: skip
    return kept, ()


def _count(calls: Mapping[int, SiteCall], place: int) -> int | None:
    """Strands with the variant; None not typed."""
    return sum(_has(calls, place, side) for side in (0, 1)) if place in calls else None


def _has(calls: Mapping[int, SiteCall], place: int, side: int) -> bool:
    variant = {INTRON: "C", EXON: "T"}[place]
    return place in calls and calls[place].bases[side] == variant


def _loose_hapb3(calls: Mapping[int, SiteCall]) -> list[str]:
    """HapB3 where the phase is unknown: as many as the intronic variant, with the exonic one as far as it goes."""
    intron, exon = _count(calls, INTRON), _count(calls, EXON) or 0
    if intron is None:
        return [HAPB3] * exon
    both = min(intron, exon)
    return [HAPB3] * both + [INTRON_ALONE] * (intron - both)


def _lowest(definition: GeneDefinition, names: tuple[str, ...], n: int) -> list[str]:
    """The `n` variants of lowest activity; among equals those that CPIC and DPWG both know come first."""

    def key(name: str) -> tuple[object, ...]:
        activity = definition.by_name[name].activity
        return (2.0 if activity is None else activity, name not in _CPIC_AND_DPWG, name_key(name))

    return sorted(names, key=key)[:n]


def _diplotype_name(option: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    return "/".join(sorted((_strand_name(one) for one in option), key=name_key))


def _strand_name(names: tuple[str, ...]) -> str:
    if len(names) > 1:
        return f"[{' + '.join(names)}]"
    return names[0] if names else REFERENCE
