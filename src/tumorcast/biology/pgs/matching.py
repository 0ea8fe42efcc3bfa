"""Which record and allele a score's variant is, by place and alleles.

As the PGS Catalog Calculator matches (Lambert et al., Nature Genetics 2024, 56:1989; its manual, "match"): effect and
other allele as REF and ALT either way round, strand flips after them, effect allele alone where no other is given. One
choice is stricter by default: strand flips are refused, as ambiguous variants are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tumorcast.biology.pgs.genotypes import ANY_ALT, Record

MATCHED, NO_RECORD, OTHER_ALLELES, AMBIGUOUS, FLIPPED = 0, 1, 2, 3, 4
SEVERAL, NOT_READ, IN_BLOCK, LEFT_OUT, TWICE, MULTIALLELIC = 5, 6, 7, 8, 9, 10
REASONS = (
    "", "no record at this place", "other alleles", "strand-ambiguous (A/T or C/G)", "strand flip",
    "several records fit", "not genotyped in any sample", "within a gVCF block, which does not state this base",
    "left out when read", "another row of the score is the same variant", "record with several alternates",
)  # fmt: skip
ABSENT_ALLELE = 100
"""Number of an allele that no sample can have: the site was typed and offers it to nobody."""
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_BASES = frozenset("ACGT")
_NONE = (9, 0)
_FLIPS, _ALONE_FLIPS, _ALONE = (2, 3, 6, 7), (6, 7), (4, 5, 6, 7)
"""Priorities of fits on the other strand; of those by the effect allele alone; of all by the effect allele alone."""


@dataclass(frozen=True)
class MatchPolicy:
    """What may count.

    Attributes:
        keep_ambiguous: A/T and C/G variants, taken as on the genotypes' strand.
        accept_flips: variants whose alleles fit on the other strand.
        keep_first: of several rows or records for one variant the first, instead of none.
        drop_multiallelic: records with several alternates are not used.
    """

    keep_ambiguous: bool = False
    accept_flips: bool = False
    keep_first: bool = False
    drop_multiallelic: bool = False


@dataclass(frozen=True)
class Match:
    """What a row is. `record` counts within the place; `allele` is the effect allele's number, 0 the reference."""

    reason: int
    record: int = -1
    allele: int = 0
    is_flipped: bool = False
    is_ambiguous: bool = False


def match_place(
    rows: Sequence[tuple[int, str, str | None]], records: Sequence[Record], policy: MatchPolicy
) -> list[Match]:
    """One match a row (score, effect, other) at a place; of two rows of a score that are one variant none counts."""
    found = [_match(effect, other, records, policy) for _, effect, other in rows]
    if len(rows) == 1:
        return found
    owners: dict[tuple[int, int, int], list[int]] = {}
    for n, ((score, effect, other), match) in enumerate(zip(rows, found, strict=True)):
        if match.reason in (MATCHED, FLIPPED):
            owners.setdefault((score, match.record, _pair(match, records, effect, other)), []).append(n)
    for same in owners.values():
        counted = [n for n in same if found[n].reason == MATCHED]
        for n in counted[1:] if policy.keep_first else counted if len(same) > 1 else ():
            found[n] = Match(
                TWICE, found[n].record, found[n].allele, found[n].is_flipped, found[n].is_ambiguous
            )
    return found


def _pair(match: Match, records: Sequence[Record], effect: str, other: str | None) -> int:
    """Which alternate of its record a match is about: the same for both of its alleles."""
    alts = records[match.record].alts
    if len(alts) == 1:
        return 1
    if match.allele not in (0, ABSENT_ALLELE) or other is None or not alts:
        return match.allele if match.allele != ABSENT_ALLELE else 0
    wanted = other.translate(_COMPLEMENT) if match.is_flipped else other
    return alts.index(wanted) + 1 if wanted in alts else 0


def _match(effect: str, other: str | None, records: Sequence[Record], policy: MatchPolicy) -> Match:
    if len(records) == 1 and len(records[0].alts) == 1 and set(records[0].alts[0]) <= _BASES:
        priority, allele, is_ambiguous = _fit(effect, other, records[0].ref, records[0].alts[0])
        best = [(priority, 0, allele, is_ambiguous)]
    else:
        best = _best(effect, other, records)
    priority, record, allele, is_ambiguous = best[0]
    if priority == _NONE[0] or (priority in _ALONE_FLIPS and not policy.accept_flips):
        return Match(OTHER_ALLELES, 0 if len(records) == 1 else -1)
    is_flipped = priority in _FLIPS
    match = Match(MATCHED, record, allele, is_flipped, is_ambiguous)
    if policy.drop_multiallelic and len(records[record].alts) > 1:
        return Match(MULTIALLELIC, record, allele, is_flipped, is_ambiguous)
    if is_ambiguous and not policy.keep_ambiguous:
        return Match(AMBIGUOUS, record, allele, is_flipped, True)
    if is_flipped and not policy.accept_flips:
        return Match(FLIPPED, record, allele, True, is_ambiguous)
    if len(best) > 1 and not policy.keep_first and not _is_one_reference(best, records):
        return Match(SEVERAL, record, allele, is_flipped, is_ambiguous)
    return match


def _best(effect: str, other: str | None, records: Sequence[Record]) -> list[tuple[int, int, int, bool]]:
    """The best fits (priority, record, allele, ambiguous); one without a fit has the priority of none.

    The reference of several alternates is ambiguous where it is with any of them, whatever their order.
    """
    fits = []
    for n, record in enumerate(records):
        alts = [(k, alt) for k, alt in enumerate(record.alts, 1) if set(alt) <= _BASES]
        for k, alt in alts:
            priority, allele, is_ambiguous = _fit(effect, other, record.ref, alt)
            fits.append((priority, n, k if allele == 1 else allele, is_ambiguous))
        if ANY_ALT.issuperset(record.alts):
            fits.append(_fit_reference(effect, other, record.ref, n))
    least = min((fit[0] for fit in fits), default=_NONE[0])
    best = [fit for fit in fits if fit[0] == least]
    if any(allele == 0 and is_ambiguous for _, _, allele, is_ambiguous in best):
        best = [(*fit[:3], True) for fit in best]
    if least in _ALONE:
        best = list({(fit[1], fit[2]): fit for fit in best}.values())
    return best if least < _NONE[0] else [(_NONE[0], 0, 0, False)]


def _is_one_reference(best: Sequence[tuple[int, int, int, bool]], records: Sequence[Record]) -> bool:
    """Whether all fits are the reference of one site whose alternates were split over records."""
    names = [(records[n].ref, records[n].alts) for _, n, _, _ in best]
    return (
        all(allele == 0 for _, _, allele, _ in best)
        and len({ref for ref, _ in names}) == 1
        and len(set(names)) == len(names)
    )


@lru_cache(maxsize=100_000)
def _fit(effect: str, other: str | None, ref: str, alt: str) -> tuple[int, int, bool]:
    """(priority, 0 the best; 0 where the effect allele is the reference, 1 the alternate; strand-ambiguous)."""
    is_ambiguous = len(ref) == len(alt) == 1 and ref.translate(_COMPLEMENT) == alt
    if other is None:
        for priority, allele in ((4, effect), (6, effect.translate(_COMPLEMENT))):
            if allele in (ref, alt):
                is_alternate = allele != ref
                return priority + is_alternate, int(is_alternate), is_ambiguous
        return (*_NONE, is_ambiguous)
    turned = (effect.translate(_COMPLEMENT), other.translate(_COMPLEMENT))
    for priority, pair in ((0, (effect, other)), (2, turned)):
        if pair == (ref, alt):
            return priority, 0, is_ambiguous
        if pair == (alt, ref):
            return priority + 1, 1, is_ambiguous
    return (*_NONE, is_ambiguous)


def _fit_reference(effect: str, other: str | None, ref: str, record: int) -> tuple[int, int, int, bool]:
    """Fit of a record without alternates: the site was typed and everybody read there has the reference."""
    is_ambiguous = (
        other is not None and len(effect) == len(other) == 1 and effect.translate(_COMPLEMENT) == other
    )
    if effect == ref:
        return 8, record, 0, is_ambiguous
    if other == ref:
        return 8, record, ABSENT_ALLELE, is_ambiguous
    return _NONE[0], record, 0, is_ambiguous
