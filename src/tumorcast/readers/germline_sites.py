"""What the records of one sample state about the known positions of one gene, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tumorcast.biology.pgx.bases import base_at, left_aligned, shortest
from tumorcast.biology.pgx.definitions import GeneDefinition, Position
from tumorcast.biology.pgx.genotypes import UNKNOWN_PHASE, GeneGenotypes, OtherVariant, SiteCall
from tumorcast.biology.pgx.loss import LOSS, kind_of

_BASES = frozenset("ACGTN")


@dataclass(frozen=True)
class Stated:
    """One record.

    Attributes:
        last: last position that it covers.
        is_block: it states the reference alone.
    """

    gene: GeneDefinition
    position: int
    ref: str
    alts: tuple[str, ...]
    info: Mapping[str, str]
    last: int
    is_block: bool


@dataclass(frozen=True)
class Said:
    """What one record says of one position.

    Attributes:
        alternates: bases other than the reference's that the record offers there.
        is_direct: it speaks of this position, not of an indel that begins next to it.
    """

    call: SiteCall
    alternates: frozenset[str]
    is_direct: bool


@dataclass
class SampleGene:
    """Collects one sample's statements on one gene."""

    gene: GeneDefinition
    stated: dict[int, list[Said]] = field(default_factory=dict)
    others: dict[tuple[int, str, str], OtherVariant] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    phase_sets: dict[str, int] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Once."""
        if text not in self.notes:
            self.notes.append(text)

    def concluded(self) -> GeneGenotypes:
        """One call a position."""
        calls = {}
        for position, said in sorted(self.stated.items()):
            call = _joined(said, self.gene.by_position[position])
            if call is None:
                self.note(
                    f"records at {self.gene.by_position[position].name} contradict each other: not used"
                )
            else:
                calls[position] = call
        return GeneGenotypes(calls, tuple(self.others.values()), tuple(self.notes))


def stated_in(
    record: Stated, values: Mapping[str, str], touched: Sequence[Position], into: SampleGene
) -> None:
    """What one sample's column of a record states.

    Args:
        values: FORMAT key -> text.
        touched: known positions that the record may speak of.
    """
    text = values.get("GT", ".")
    alleles = text.replace("|", "/").split("/")
    if len(alleles) > 2:
        into.note(_more_than_two(record.position, alleles))
        alleles = alleles[:2]
    if all(one == "." for one in alleles) or _is_without_evidence(alleles, values):
        return
    phase = _phase(text, values, into)
    changes = [_change(record, one, into) for one in alleles]
    for known in touched:
        bases = [_base(record, known, change, one) for change, one in zip(changes, alleles)]
        if any(base is not _SILENT for base in bases):
            shown = tuple(None if base is _SILENT else base for base in bases)
            alternates = _alternates(record, known)
            is_direct = bool(alternates) or record.is_block
            said = Said(SiteCall(shown, phase), alternates, is_direct)
            into.stated.setdefault(known.position, []).append(said)
    for one, change in zip(alleles, changes):
        if isinstance(change, tuple) and one not in (".", "0"):
            _other(record, change, into)


def _is_without_evidence(alleles: Sequence[str], values: Mapping[str, str]) -> bool:
    """No reads, or a reference genotype of no quality at all."""
    is_blank = set(alleles) <= {"0", "."} and "0" in (values.get("GQ"), values.get("RGQ"))
    return is_blank or "0" in (values.get("DP"), values.get("MIN_DP"))


def _more_than_two(position: int, alleles: Sequence[str]) -> str:
    told = f"more than two alleles at {position}: the first two are used"
    if set(alleles[2:]) <= set(alleles[:2]):
        return told
    return f"{told}; another one was not read and is not known to be reference"


_SILENT = ""
"""The record says nothing about a strand's bases at a place."""


def _phase(text: str, values: Mapping[str, str], into: SampleGene) -> int:
    """Each name of a phase set is a set of its own, whatever its text; 0 where none is named."""
    if "|" not in text:
        return UNKNOWN_PHASE
    named = values.get("PS", ".")
    return 0 if named in (".", "") else into.phase_sets.setdefault(named, len(into.phase_sets) + 1)


def _change(record: Stated, allele: str, into: SampleGene) -> tuple[int, str, str] | str:
    """The change that an allele's number stands for; "" reference, "." not read."""
    if allele == "0":
        return ""
    if not allele.isdigit() or int(allele) > len(record.alts):
        if allele != ".":
            into.note(f"genotype at {record.position} names an allele that is not there: not used")
        return "."
    alt = record.alts[int(allele) - 1].upper()
    if alt == "*":
        into.note(f"a deletion spans {record.position}: that strand was not read there")
        return "."
    if not set(alt) <= _BASES:
        if is_structural(alt):
            key = (record.position, record.ref, alt)
            into.others[key] = OtherVariant(record.position, record.ref, alt, LOSS, "structural variant")
        return "."
    return shortest(record.position, record.ref, alt)


def is_structural(alt: str) -> bool:
    """Whether an allele is a deletion, duplication or break told by a symbol: its record states no bases."""
    return (alt.startswith("<") and alt not in ("<NON_REF>", "<*>")) or "[" in alt or "]" in alt


def _base(record: Stated, known: Position, change: tuple[int, str, str] | str, allele: str) -> str | None:
    """Base of one strand at a known position; None not read, `_SILENT` nothing said."""
    is_indel = record.gene.is_indel(known)
    if change == ".":
        return None if record.position <= known.position <= record.last else _SILENT
    if change == "":
        return known.ref if _states_reference(record, known, is_indel) else _SILENT
    assert isinstance(change, tuple)
    moved = left_aligned(change, known) if is_indel else change
    base = base_at(record.gene, known, moved)
    if base is not None:
        return base
    return known.ref if _states_reference(record, known, is_indel) else _SILENT


def _states_reference(record: Stated, known: Position, is_indel: bool) -> bool:
    """Whether a reference allele in this record is evidence at the known position."""
    if not is_indel:
        return record.position <= known.position <= record.last
    if record.is_block:
        is_explicit = record.alts == (".",) and "END" not in record.info
        return record.position == known.position and (is_explicit or len(record.ref) >= len(known.ref) > 1)
    for alt in record.alts:
        if set(alt.upper()) <= _BASES and len(alt) != len(record.ref):
            change = left_aligned(shortest(record.position, record.ref, alt.upper()), known)
            if change[0] == known.position:
                return True
    return record.position == known.position and len(record.ref) >= len(known.ref) > 1


def _other(record: Stated, change: tuple[int, str, str], into: SampleGene) -> None:
    """Keep a variant that no named alleles are defined by."""
    gene = record.gene
    position, ref, alt = change
    for known in gene.positions:
        moved = left_aligned(change, known) if gene.is_indel(known) else change
        if base_at(gene, known, moved) in gene.known_bases[known.position] - {known.ref}:
            return
    if told := kind_of(gene, change, record.info):
        into.others[change] = OtherVariant(position, ref, alt, *told)


def _alternates(record: Stated, known: Position) -> frozenset[str]:
    """Bases that a record offers at a known position beside the reference's."""
    found = set()
    for alt in record.alts:
        if set(alt.upper()) <= _BASES:
            change = shortest(record.position, record.ref, alt.upper())
            moved = left_aligned(change, known) if record.gene.is_indel(known) else change
            found.add(base_at(record.gene, known, moved))
    return frozenset(base for base in found if base is not None and base != known.ref)


def _joined(said: Sequence[Said], known: Position) -> SiteCall | None:
    """One call of several records at one position; None where they contradict each other."""
    direct = [one for one in said if one.is_direct] or list(said)
    call, offered = direct[0].call, direct[0].alternates
    for other in direct[1:]:
        if sorted(map(str, call.bases)) == sorted(map(str, other.call.bases)):
            continue
        is_split = offered and other.alternates and not offered & other.alternates
        joined = _overlaid(call, other.call, known.ref) if is_split else None
        if joined is None:
            return None
        call, offered = joined, offered | other.alternates
    return call


def _overlaid(one: SiteCall, other: SiteCall, ref: str) -> SiteCall | None:
    """Two records of one place, each with an alternate base of its own (split multi-allelic records)."""
    pairs = list(zip(one.bases, other.bases, strict=False))
    if len(one.bases) != len(other.bases):
        return None
    sides = [[base for base in pair if base not in (ref, None)] for pair in pairs]
    if all(len(side) <= 1 for side in sides):
        read = [side[0] if side else (ref if ref in pair else None) for side, pair in zip(sides, pairs)]
        return SiteCall(tuple(read), one.phase_set)
    alternates = [base for side in sides for base in side]
    if UNKNOWN_PHASE not in (one.phase_set, other.phase_set) or len(alternates) > len(one.bases):
        return None
    return SiteCall(tuple(alternates), UNKNOWN_PHASE)
